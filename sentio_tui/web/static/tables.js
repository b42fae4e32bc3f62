// The tables of the page: what their columns are, and what is in them.

import { MISSING, age, change, count, marked, money, percent, price, quantity, share, tone } from "./format.js";
import { DataTable } from "./table.js";

const LEVELS = { debug: "·", info: "•", warning: "▲", alarm: "✖" };
const STANDINGS = { running: "●", ended: "■", interrupted: "✖", unreadable: "?" };

function text(id, label, width, value, more = {}) {
  return { id, label, kind: "text", width, value, text: value, search: true, ...more };
}

function figure(id, label, width, value, form, more = {}) {
  const shown = (row) => (value(row) === null || value(row) === undefined ? MISSING : form(value(row)));
  return { id, label, kind: "number", width, value, text: shown, ...more };
}

/** A gain or loss: by colour, sign and glyph. */
function gain(id, label, width, value, form, digits = 2, more = {}) {
  const toned = (row) => (value(row) === null || value(row) === undefined ? "muted" : tone(value(row), digits));
  return figure(id, label, width, value, (amount) => marked(amount, form, digits), { tone: toned, ...more });
}

function time(id, label, clock, value, more = {}) {
  const said = (form) => (row) => (value(row) === null ? MISSING : clock[form](value(row)));
  const [text, full] = [said("short"), said("stamp")];
  return { id, label, kind: "time", width: 16, value, text, full, tone: () => "muted", search: true, ...more };
}

function side(value) {
  const isBuy = (row) => value(row) === "buy";
  return text("side", "Side", 8, value, {
    text: (row) => `${isBuy(row) ? "▲" : "▼"} ${value(row)}`,
    tone: (row) => (isBuy(row) ? "gain" : "loss"),
  });
}

const words = (value) => value.replaceAll("_", " ");

function positionColumns(session, clock) {
  const at = (row) => session().positions[row];
  return [
    text("symbol", "Symbol", 12, (row) => at(row).symbol, { tone: () => "strong" }),
    figure("quantity", "Quantity", 12, (row) => at(row).quantity, quantity),
    figure("entry", "Entry", 11, (row) => at(row).entry_price, price),
    figure("current", "Current", 11, (row) => at(row).price, price, { tone: (row) => (at(row).is_stale ? "stale" : "") }),
    gain("pnl", "P&L", 13, (row) => at(row).pnl, change, 2, { title: "unrealised, net of the costs of entry" }),
    gain("pnl_fraction", "P&L %", 11, (row) => at(row).pnl_fraction, percent, 4),
    figure("value", "Value", 12, (row) => at(row).value, money),
    figure("age", "Held", 8, (row) => session().status.at - at(row).opened, age),
    text("note", "Note", 13, (row) => priceNote(at(row)), { tone: (row) => (at(row).is_stale ? "stale" : "muted") }),
    text("strategy", "Strategy", 14, (row) => at(row).strategy, { tone: () => "muted" }),
    text("book", "Book", 14, (row) => at(row).book, { tone: () => "muted" }),
    time("opened", "Opened", clock, (row) => at(row).opened),
  ];
}

function priceNote(position) {
  const notes = [position.is_stale ? "! stale price" : "", position.is_synthetic ? "≈ computed" : ""];
  return notes.filter(Boolean).join(", ");
}

function fillColumns(session, clock) {
  const of = (name) => (row) => session().fills[name][row];
  return [
    time("time", "Time", clock, of("time")),
    side(of("side")),
    text("symbol", "Symbol", 12, of("symbol"), { tone: () => "strong" }),
    figure("quantity", "Quantity", 12, of("quantity"), quantity),
    figure("price", "Price", 11, of("price"), price),
    gain("pnl", "P&L", 13, of("pnl"), change, 2, { title: "on what closes something, net of the costs of both sides" }),
    figure("value", "Value", 12, of("value"), money),
    figure("commission", "Costs", 9, of("commission"), money),
    text("reason", "Reason", 0, (row) => words(of("reason")(row))),
    text("strategy", "Strategy", 14, of("strategy"), { tone: () => "muted" }),
    text("book", "Book", 14, of("book"), { tone: () => "muted" }),
    figure("number", "No.", 7, of("number"), count, { tone: () => "muted" }),
  ];
}

function tradeColumns(session, clock) {
  const of = (name) => (row) => session().trades[name][row];
  return [
    time("closed", "Closed", clock, of("closed")),
    text("symbol", "Symbol", 12, of("symbol"), { tone: () => "strong" }),
    figure("quantity", "Quantity", 12, of("quantity"), quantity),
    figure("entry", "Entry", 11, of("entry_price"), price),
    figure("exit", "Exit", 11, of("exit_price"), price),
    gain("pnl", "P&L", 13, of("pnl"), change, 2, { title: "net of the costs of both sides" }),
    gain("pnl_fraction", "P&L %", 11, of("pnl_fraction"), percent, 4),
    figure("mae", "MAE", 10, of("mae"), percent, { title: "the worst price while it was held, against the entry" }),
    figure("mfe", "MFE", 10, of("mfe"), percent, { title: "the best price while it was held, against the entry" }),
    figure("bars", "Bars", 8, of("bars_held"), count),
    figure("fees", "Costs", 9, of("fees"), money),
    text("reason", "Exit reason", 0, (row) => words(of("reason")(row))),
    text("strategy", "Strategy", 14, of("strategy"), { tone: () => "muted" }),
    text("book", "Book", 14, of("book"), { tone: () => "muted" }),
    time("opened", "Opened", clock, of("opened")),
    figure("number", "No.", 7, of("number"), count, { tone: () => "muted" }),
  ];
}

function orderColumns(session, clock) {
  const at = (row) => session().orders[row];
  return [
    time("time", "Time", clock, (row) => at(row).time),
    side((row) => at(row).side),
    text("symbol", "Symbol", 12, (row) => at(row).symbol, { tone: () => "strong" }),
    text("type", "Type", 14, (row) => words(at(row).type)),
    text("status", "Status", 18, (row) => words(at(row).status)),
    figure("quantity", "Quantity", 12, (row) => at(row).quantity, quantity),
    figure("notional", "For cash", 13, (row) => at(row).notional, money),
    figure("filled", "Filled", 13, (row) => at(row).filled, quantity),
    figure("limit", "Limit", 12, (row) => at(row).limit_price, price),
    figure("stop", "Stop", 12, (row) => at(row).stop_price, price),
    text("reason", "Reason", 0, (row) => words(at(row).reason)),
    text("book", "Book", 14, (row) => at(row).book, { tone: () => "muted" }),
    text("id", "Order", 30, (row) => at(row).id, { tone: () => "muted" }),
  ];
}

function noteColumns(session, clock) {
  const of = (name) => (row) => session().notes[name][row];
  const toned = { debug: "muted", info: "", warning: "stale", alarm: "loss" };
  return [
    time("time", "Time", clock, of("time")),
    text("level", "Level", 11, of("level"), {
      text: (row) => `${LEVELS[of("level")(row)] ?? ""} ${of("level")(row)}`,
      tone: (row) => toned[of("level")(row)] ?? "",
    }),
    text("text", "Text", 0, of("text")),
    text("code", "Kind", 18, of("code"), { tone: () => "muted" }),
  ];
}

function sessionColumns(sessions, clock) {
  const at = (row) => sessions()[row];
  return [
    text("name", "Session", 26, (row) => at(row).name, { link: (row) => `#session=${encodeURIComponent(at(row).name)}` }),
    text("standing", "Standing", 14, (row) => at(row).standing, {
      text: (row) => `${STANDINGS[at(row).standing] ?? ""} ${at(row).standing}`,
      tone: (row) => ({ running: "gain", interrupted: "stale", unreadable: "loss" })[at(row).standing] ?? "muted",
    }),
    text("mode", "Mode", 8, (row) => at(row).mode?.toUpperCase() ?? MISSING),
    text("strategy", "Strategy", 14, (row) => at(row).strategy ?? MISSING),
    text("symbols", "Symbols", 0, (row) => at(row).symbols.join(", ")),
    gain("return", "Return", 11, (row) => at(row).return_fraction, percent, 4),
    figure("drawdown", "Max drawdown", 14, (row) => at(row).max_drawdown, (value) => share(Math.abs(value))),
    figure("fills", "Fills", 8, (row) => at(row).fills, count),
    figure("trades", "Trades", 8, (row) => at(row).trades, count, { title: "closed round trips" }),
    time("started", "Started (your time)", clock, (row) => at(row).started, {
      width: 20,
      text: (row) => (at(row).started === null ? MISSING : clock.stamp(at(row).started)),
    }),
    text("problem", "Problem", 24, (row) => at(row).problem, { tone: () => "loss" }),
  ];
}

/** All tables. `store` has what is in them, `local` is the browser's clock. */
export class Tables {
  constructor(store, local, place) {
    this.store = store;
    const session = () => store.session;
    this.makers = {
      positions: positionColumns,
      fills: fillColumns,
      trades: tradeColumns,
      orders: orderColumns,
      notes: noteColumns,
    };
    this.session = session;
    const table = (name, label, sort, empty, descending = true) => {
      const columns = this.makers[name]?.(session, local) ?? sessionColumns(() => store.sessions, local);
      return new DataTable(place(name), { label, columns, sort, descending, empty });
    };
    this.tables = {
      positions: table("positions", "Open positions", "symbol", "nothing is held", false),
      fills: table("fills", "Fills", "time", "nothing was filled yet"),
      trades: table("trades", "Trades", "closed", "no position was closed yet"),
      orders: table("orders", "Open orders", "time", "no order is open"),
      notes: table("notes", "Event log", "time", "nothing was logged yet"),
      sessions: table("sessions", "Sessions", "started", "no session yet"),
    };
  }

  /** Take in what changed of the session. `parts` are the pieces of an update with a `since`. */
  show(changed, parts, clock) {
    const session = this.store.session;
    const whole = changed.has("whole");
    if (whole) this.#columns(clock);
    for (const name of ["fills", "trades"]) {
      const rows = session[name].number.length;
      if (changed.has(name)) this.tables[name].setRows(rows, whole ? 0 : parts[name].since, { fresh: !whole });
    }
    if (changed.has("notes")) this.tables.notes.setRows(session.notes.number.length, 0);
    for (const name of ["positions", "orders"]) {
      if (changed.has(name)) this.tables[name].setRows(session[name].length, 0);
    }
  }

  showSessions() {
    this.tables.sessions.setRows(this.store.sessions.length, 0);
  }

  count(name) {
    return this.tables[name].count;
  }

  /** A table may have come into view. */
  draw(name) {
    this.tables[name].draw();
  }

  /** A session of one book need not say which. */
  #columns(clock) {
    const alone = this.store.session.info.books.length < 2;
    for (const [name, make] of Object.entries(this.makers)) {
      this.tables[name].setColumns(make(this.session, clock).filter((column) => !(alone && column.id === "book")));
    }
  }
}
