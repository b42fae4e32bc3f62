// What stands above everything: which session, where it stands, how its bars arrive, whether the page is connected.

import { byId, make, setAttribute, setCount, setText } from "./dom.js";
import { Clock, MISSING, age, count, percent, price } from "./format.js";

const PHASES = {
  ready: ["○", "muted"],
  running: ["●", "good"],
  paused: ["‖", "warn"],
  stopping: ["◐", "warn"],
  ended: ["■", "muted"],
};
const FEEDS = {
  connecting: ["○", "muted"],
  live: ["●", "good"],
  quiet: ["─", "muted"],
  stale: ["!", "warn"],
  gap: ["!", "warn"],
  down: ["✖", "bad"],
  ended: ["■", "muted"],
};
const GRADES = { good: "good", warn: "warn", bad: "bad", none: "muted" };
const STANDINGS = { running: "●", ended: "■", interrupted: "✖", unreadable: "?" };

const SYMBOLS = 6; // with a place of their own above everything

/** The name of a session in the list, with what tells it from the others. */
function described(line) {
  const gained = line.return_fraction === null ? "" : ` ${percent(line.return_fraction)}`;
  const parts = [line.name, line.mode?.toUpperCase(), line.strategy, line.standing];
  return `${STANDINGS[line.standing] ?? ""} ${parts.filter(Boolean).join(" · ")}${gained}`;
}

export class Header {
  /** `onChoose` gets the name of the session a person asks for, empty for the newest. */
  constructor(local, onChoose) {
    this.local = local;
    this.names = [""];
    this.picker = byId("picker");
    this.picker.addEventListener("change", () => onChoose(this.names[this.picker.selectedIndex]));
    this.picker.addEventListener("blur", () => this.#options());
  }

  showSessions(sessions, wanted, shown) {
    this.sessions = sessions;
    this.wanted = wanted;
    this.shown = shown;
    // A list that is open keeps its lines, or they would move under the finger.
    if (document.activeElement !== this.picker) this.#options();
    else this.#select();
  }

  #options() {
    if (!this.sessions) return;
    const newest = this.wanted || !this.shown ? "newest session" : `newest: ${this.shown}`;
    const listed = this.sessions.map((line) => [line.name, described(line)]);
    const isListed = !this.wanted || this.sessions.some((line) => line.name === this.wanted);
    const all = [["", newest], ...(isListed ? [] : [[this.wanted, this.wanted]]), ...listed];
    this.names = all.map(([name]) => name);
    setCount(this.picker, all.length, () => make("option"));
    all.forEach(([, text], place) => setText(this.picker.children[place], text));
    this.#select();
  }

  #select() {
    const place = this.names.indexOf(this.wanted);
    if (place >= 0 && this.picker.selectedIndex !== place) this.picker.selectedIndex = place;
  }

  showWhole(session) {
    const { mode, books, feed, broker, zone, version } = session.info;
    setText(byId("mode"), mode.toUpperCase());
    setAttribute(byId("mode"), "data-mode", mode);
    byId("mode").hidden = false;
    const strategies = books.map((book) => `${book.strategy} ${book.preset}`.trim()).join(", ");
    setText(byId("identity"), `${strategies} · feed ${feed} · broker ${broker}`);
    this.clock = new Clock(zone);
    setText(byId("footer"), `· sentio-tui ${version}, which made this session · times in ${this.clock.zone}`);
    setText(byId("session-name"), session.file);
  }

  showStatus(session) {
    const { status, cards } = session;
    const isBroken = status.standing === "interrupted";
    const [glyph, tone] = isBroken ? ["✖", "bad"] : (PHASES[status.phase] ?? ["?", "muted"]);
    const more = status.waiting ? `waits for ${status.waiting}` : status.phase === "running" ? "" : status.why;
    const phase = byId("phase");
    setAttribute(phase, "class", `state ${tone}`);
    setText(phase.children[0], glyph);
    setText(phase.children[1], isBroken ? "interrupted" : status.phase);
    setText(phase.children[2], more);
    setAttribute(phase, "title", more || null);
    const when = byId("market-time");
    setText(byId("market-date"), `${this.clock.weekday(status.at)} ${this.clock.date(status.at)}`);
    setText(byId("market-clock"), this.clock.time(status.at));
    setText(byId("market-zone"), this.clock.zoneName(status.at));
    setAttribute(when, "datetime", new Date(status.at).toISOString());
    setAttribute(when, "title", `market time; ${this.local.stamp(status.at)} in your zone (${this.local.zone})`);
    setText(byId("market-hours"), this.#hours(status));
    const wrong = [...status.faults.map((fault) => `Trading is halted: ${fault}`), status.problem];
    if (isBroken) wrong.unshift("Interrupted: no process holds this session. Resume it with sentio-tui resume.");
    const alarms = wrong.filter(Boolean);
    setCount(byId("alarms"), alarms.length, () => make("li"));
    alarms.forEach((text, place) => setText(byId("alarms").children[place], text));
    byId("alarms").hidden = !alarms.length;
    const gained = cards.find((card) => card.id === "total_return");
    document.title = `${gained ? `${gained.text} · ` : ""}${session.info.mode.toUpperCase()} · ${session.file}`;
  }

  #hours({ market, at }) {
    if (!market) return "";
    if (market.unknown) return `hours n/a (${market.unknown})`;
    return `${market.exchange} ${market.is_open ? "open" : "closed"}, ${market.next} in ${age(market.next_at - at)}`;
  }

  showFeed(session) {
    const { feed, status } = session;
    const [glyph] = FEEDS[feed.status] ?? ["?"];
    const runs = status.standing === "running";
    const place = byId("feed");
    setAttribute(place, "class", `state ${runs ? GRADES[feed.level] : "muted"}`);
    setText(place.children[0], glyph);
    setText(place.children[1], runs ? `feed ${feed.status}` : `feed was ${feed.status}`);
    const since = feed.last === null ? "no bar yet" : `last bar ${age(status.at - feed.last)} ago`;
    setText(place.children[2], runs ? since : "");
    setAttribute(place, "title", feed.detail || null);
    this.#health(runs ? feed.symbols : []);
    const list = byId("symbols");
    setCount(list, feed.symbols.length, symbolRow);
    feed.symbols.forEach((symbol, row) => this.#symbol(list.children[row], symbol, status.at));
  }

  /** Each symbol, as long as they are few; of many those whose bars do not come. */
  #health(symbols) {
    const shown = symbols.length > SYMBOLS ? symbols.filter((each) => each.status !== "live").slice(0, SYMBOLS) : symbols;
    const list = byId("health");
    const create = () => make("li", {}, make("span"), " ", make("span"), make("span", { class: "unseen" }));
    setCount(list, shown.length, create);
    shown.forEach((symbol, place) => {
      const [glyph, tone] = FEEDS[symbol.status] ?? ["?", "muted"];
      const [state, name, word] = list.children[place].children;
      setText(state, glyph);
      setAttribute(state, "class", tone);
      setAttribute(state, "aria-hidden", "true");
      setText(name, symbol.symbol);
      setText(word, symbol.status);
      setAttribute(list.children[place], "title", `${symbol.symbol}: ${symbol.status}`);
    });
  }

  #symbol(row, symbol, at) {
    const [glyph, tone] = FEEDS[symbol.status] ?? ["?", "muted"];
    const [state, name, quoted, last, bars, dropped] = row.children;
    setAttribute(state, "class", tone);
    setText(state, `${glyph} ${symbol.status}`);
    setText(name, symbol.symbol);
    const computed = symbol.is_synthetic ? ": its price is computed from another symbol's" : "";
    setAttribute(name, "title", symbol.symbol + computed);
    setText(quoted, symbol.is_synthetic ? `≈ ${price(symbol.price)}` : price(symbol.price));
    setText(last, symbol.last === null ? MISSING : age(at - symbol.last));
    setText(bars, count(symbol.bars));
    setText(dropped, count(symbol.dropped));
    setAttribute(dropped, "class", symbol.dropped ? "number stale" : "number muted");
  }
}

function symbolRow() {
  const cell = (kind) => make("td", { class: kind });
  const name = make("th", { scope: "row" });
  return make("tr", {}, cell(""), name, cell("number"), cell("number muted"), cell("number muted"), cell("number"));
}
