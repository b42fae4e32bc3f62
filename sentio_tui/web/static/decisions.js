// Why it traded, or did not: the newest decision of each symbol, the numbers behind it, and how often each reason was
// given.

import { byId, make, setAttribute, setCount, setText } from "./dom.js";
import { MISSING, count, number, share } from "./format.js";

const SIGNALS = { long: ["▲", "gain"], short: ["▼", "loss"], neutral: ["─", "flat"] };
const MARKER = "outside_hours"; // among the values: the bar lies outside the hours, which the trigger says in words
const FAR = 0.05; // the distance, a fraction of price, at which the bar to the trigger is empty

/** 1 at the trigger, 0 from FAR on; the square root leaves room to see the last steps. */
function closeness(distance) {
  return distance === null ? 0 : 1 - Math.sqrt(Math.min(1, Math.abs(distance) / FAR));
}

function stateOf(decision) {
  return decision.target ? `${decision.state} → ${decision.target}` : decision.state;
}

function reasonLine() {
  const meter = make("span", { class: "meter", "aria-hidden": "true" }, make("span"));
  return make("li", {}, make("span"), meter, make("span", { class: "number" }), make("span", { class: "number muted" }));
}

const keyOf = (decision) => JSON.stringify([decision.book, decision.symbol]);

export class Decisions {
  constructor() {
    this.list = byId("decision-list");
    this.selected = null;
    this.decisions = [];
    this.list.addEventListener("click", (event) => {
      const place = [...this.list.children].indexOf(event.target.closest("li"));
      if (place < 0) return;
      this.selected = keyOf(this.decisions[place]);
      this.#draw();
    });
  }

  show(changed, session, clock) {
    if (changed.has("whole")) this.selected = null;
    if (changed.has("decisions")) {
      this.decisions = session.decisions;
      this.clock = clock;
      this.alone = session.info.books.length < 2;
      this.#draw();
    }
    if (changed.has("reasons")) this.#reasons(session.reasons);
  }

  /** The decision in detail: the selected symbol's, else the newest; of those of one minute one that trades. */
  #chosen() {
    const found = this.decisions.find((each) => keyOf(each) === this.selected);
    if (found) return found;
    return this.decisions.reduce((best, each) => {
      if (!best || each.time > best.time) return each;
      return each.time === best.time && each.trades && !best.trades ? each : best;
    }, null);
  }

  #name(decision) {
    return this.alone ? decision.symbol : `${decision.book} / ${decision.symbol}`;
  }

  #draw() {
    const chosen = this.#chosen();
    byId("decision-detail").hidden = !chosen;
    byId("decision-none").hidden = Boolean(chosen);
    setCount(this.list, this.decisions.length, () => this.#line());
    this.decisions.forEach((decision, place) => this.#fill(this.list.children[place], decision, decision === chosen));
    this.list.hidden = this.decisions.length < 2;
    if (chosen) this.#detail(chosen);
  }

  #line() {
    const parts = ["signal", "symbol", "meter", "distance", "why"].map((name) => make("span", { class: name }));
    parts[2].append(make("span"));
    return make("li", {}, make("button", { type: "button" }, ...parts));
  }

  #fill(line, decision, isChosen) {
    const button = line.firstElementChild;
    const [signal, symbol, meter, distance, why] = button.children;
    const [glyph, tone] = SIGNALS[decision.direction];
    setAttribute(button, "aria-pressed", isChosen);
    setText(signal, glyph);
    setAttribute(signal, "class", `signal ${tone}`);
    setAttribute(signal, "title", decision.direction);
    setText(symbol, this.#name(decision));
    meter.firstElementChild.style.width = `${closeness(decision.distance) * 100}%`;
    setAttribute(meter, "aria-hidden", "true");
    setText(distance, decision.distance === null ? MISSING : `${(decision.distance * 100).toFixed(2)}%`);
    setAttribute(distance, "title", "how far the nearest trigger is");
    setText(why, decision.text);
    setAttribute(why, "class", decision.trades ? "why accent" : "why muted");
  }

  #detail(decision) {
    const [glyph, tone] = SIGNALS[decision.direction];
    setText(byId("decision-time"), `${this.#name(decision)} at ${this.clock.time(decision.time).slice(0, 5)}`);
    setText(byId("decision-verdict"), decision.trades ? "trade:" : "no trade:");
    setText(byId("decision-reason"), decision.text);
    setAttribute(byId("decision-reason"), "class", decision.trades ? "accent" : "");
    setText(byId("decision-text"), decision.detail);
    const facts = [
      ["signal", `${glyph} ${decision.direction}`, tone],
      ["strategy", decision.strategy, ""],
      ...(decision.missing ? [["bars to warm up", count(decision.missing), ""]] : []),
      ...(decision.probability === null ? [] : [["probability of a rise", decision.probability.toFixed(4), ""]]),
      ...(decision.distance === null ? [] : [["to the trigger", `${(decision.distance * 100).toFixed(2)}%`, ""]]),
      ...(decision.state ? [["state", stateOf(decision), ""]] : []),
      ...Object.entries(decision.values)
        .filter(([name]) => name !== MARKER)
        .map(([name, value]) => [name.replaceAll("_", " "), number(value ?? NaN), ""]),
    ];
    setText(byId("decision-trigger"), decision.trigger);
    const list = byId("decision-facts");
    setCount(list, facts.length, () => make("div", {}, make("dt"), make("dd")));
    facts.forEach(([name, value, kind], place) => {
      const [term, told] = list.children[place].children;
      setText(term, name);
      setText(told, value);
      setAttribute(told, "class", kind || null);
    });
  }

  #reasons(reasons) {
    const list = byId("reasons");
    const all = reasons.reduce((sum, reason) => sum + reason.count, 0);
    setCount(list, reasons.length, reasonLine);
    reasons.forEach((reason, place) => {
      const [name, meter, times, part] = list.children[place].children;
      setText(name, reason.text);
      meter.firstElementChild.style.width = `${(reason.count / reasons[0].count) * 100}%`;
      setText(times, count(reason.count));
      setText(part, share(reason.count / all));
    });
    byId("reasons-none").hidden = reasons.length > 0;
  }
}
