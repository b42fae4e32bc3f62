// The session that is shown, as the messages of the server make it (`web/messages.py`).

const TABLES = ["fills", "trades", "curve"];
const NOTES = 2000; // lines of the event log that are kept

/** Keep the rows before `since`, drop those from it on, and put the new ones in their place. */
export function splice(table, part) {
  for (const [name, values] of Object.entries(part)) {
    if (!Array.isArray(values)) {
      table[name] = values;
      continue;
    }
    const column = (table[name] ??= []);
    column.length = Math.min(column.length, part.since);
    for (const value of values) column.push(value);
  }
  return table;
}

/** Put lines of the event log behind those there are; the oldest go where there are too many. */
function append(notes, part) {
  for (const [name, values] of Object.entries(part)) {
    const column = (notes[name] ??= []);
    column.push(...values);
    if (column.length > NOTES) column.splice(0, column.length - NOTES);
  }
  return notes;
}

export class Store {
  constructor() {
    /** The newest `session` with every `update` in it; null before the first. */
    this.session = null;
    this.sessions = [];
    /** Of all there are; the list has the newest. */
    this.total = 0;
    /** How much of a journal has been read, from 0 to 1, while it is; else null. */
    this.reading = null;
    /** Why no session is shown; empty while one is. */
    this.problem = "";
    /** Why the list of sessions is not to be had; empty while it is. */
    this.listProblem = "";
    /** The file asked for; empty for the newest. Messages about others are late and do not count. */
    this.wanted = "";
  }

  /** Take a message in. Returns the names of what has changed: fields of `session`, "whole", "sessions", "absent". */
  apply(message) {
    switch (message.type) {
      case "sessions":
        this.sessions = message.sessions;
        this.total = message.total;
        this.listProblem = message.problem;
        return new Set(["sessions"]);
      case "reading":
        if (this.#isLate(message)) return new Set();
        this.reading = message.share;
        return new Set(["absent"]);
      case "problem":
        if (this.#isLate(message)) return new Set();
        this.problem = message.text;
        this.reading = null;
        this.session = null;
        return new Set(["absent"]);
      case "session":
        return this.#isLate(message) ? new Set() : this.#whole(message);
      case "update":
        return message.file === this.session?.file ? this.#update(message) : new Set();
      default:
        return new Set();
    }
  }

  /** Whether it is about a session that nobody asks for any more. */
  #isLate(message) {
    return this.wanted !== "" && message.file !== this.wanted;
  }

  #whole(message) {
    this.problem = "";
    this.reading = null;
    this.session = { ...message, notes: append({}, message.notes), prices: {} };
    for (const name of TABLES) this.session[name] = splice({}, message[name]);
    for (const [symbol, candles] of Object.entries(message.prices)) this.session.prices[symbol] = splice({}, candles);
    return new Set(["whole", "absent", ...Object.keys(this.session)]);
  }

  #update(message) {
    const changed = new Set(Object.keys(message));
    for (const name of changed) {
      if (TABLES.includes(name)) splice(this.session[name], message[name]);
      else if (name === "notes") append(this.session.notes, message.notes);
      else if (name === "prices") {
        for (const [symbol, candles] of Object.entries(message.prices)) {
          this.session.prices[symbol] = splice(this.session.prices[symbol] ?? {}, candles);
        }
      } else if (name !== "type" && name !== "file") this.session[name] = message[name];
    }
    return changed;
  }
}
