// Equity with drawdown beneath, and the price of a symbol, both with the trades marked. Plotly draws them, at most twice
// a second and only where they are seen.

import { byId, clean, keep, make, recall, setAttribute, setCount, setText } from "./dom.js";
import { change, count, money, percent, price, quantity } from "./format.js";
import { candlesOf, lineOf, marksOf, placeAt } from "./series.js";

const PAUSE = 500; // milliseconds between two drawings of a chart
const MARKS = 150; // of a side, in view
const CANDLES = 160; // in view
const MARGIN = { l: 62, r: 12, t: 8, b: 30 };
const CONFIG = { displayModeBar: false, doubleClick: "reset", showTips: false };

/** Plotly reads a few HTML tags out of texts; escaped, they are shown as they are. */
function escaped(text) {
  return clean(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim() || "gray";
}

/** A colour "#rrggbb" with an opacity; any other as it is. */
function translucent(colour, opacity) {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour);
  return parts ? `rgba(${parts.slice(1).map((part) => parseInt(part, 16))},${opacity})` : colour;
}

/** What plotly says of an edge of its axis, as milliseconds of the clock that is drawn. */
function moment(edge) {
  return typeof edge === "number" ? edge : Date.parse(`${edge.replace(" ", "T")}Z`);
}

/** A chart in a place of its own: drawn when it is due. `figure(range)` makes {traces, layout, label, range}. */
class Chart {
  constructor(place, figure) {
    this.place = place;
    this.all = place.parentElement.querySelector("[data-all]");
    this.all.addEventListener("click", () => this.reset());
    this.figure = figure;
    this.isDue = false;
    this.isSeen = false;
    this.timer = 0;
    this.last = -Infinity;
    this.range = null;
    new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      this.#plan();
    }).observe(place);
    new ResizeObserver(() => this.due()).observe(place);
    document.addEventListener("visibilitychange", () => this.#plan());
  }

  due() {
    this.isDue = true;
    this.#plan();
  }

  /** Show all of the time again. */
  reset() {
    this.range = null;
    this.due();
  }

  #plan() {
    if (!this.isDue || this.timer || !this.isSeen || document.visibilityState !== "visible" || !window.Plotly) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.#draw();
    }, Math.max(0, this.last + PAUSE - performance.now()));
  }

  async #draw() {
    const made = this.place.clientWidth && this.figure(this.range);
    if (!made) return;
    this.isDue = false;
    setAttribute(this.place, "aria-label", made.label);
    this.all.hidden = this.range === null;
    const paint = colours();
    const layout = {
      width: this.place.clientWidth,
      height: this.place.clientHeight,
      margin: MARGIN,
      showlegend: false,
      hovermode: "x",
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(this.place).fontFamily, size: 11, color: paint("trade-muted") },
      hoverlabel: {
        bgcolor: paint("base-panel"),
        bordercolor: paint("pane-border"),
        font: { color: paint("base-foreground") },
      },
      ...made.layout,
    };
    const axis = { gridcolor: paint("pane-border"), linecolor: paint("pane-border"), zeroline: false, fixedrange: true };
    for (const name of Object.keys(layout)) if (/^[xy]axis/.test(name)) layout[name] = { ...axis, ...layout[name] };
    const time = { type: "date", fixedrange: false, hoverformat: "%a %H:%M", range: this.range ?? made.range };
    layout.xaxis = { ...layout.xaxis, ...time };
    await Plotly.react(this.place, made.traces(paint), layout, CONFIG);
    this.last = performance.now();
    if (!this.listens) this.#listen();
    this.#plan();
  }

  #listen() {
    this.listens = true;
    this.place.on("plotly_relayout", (changed) => {
      const [from, to] = [changed["xaxis.range[0]"], changed["xaxis.range[1]"]];
      if (from !== undefined) this.range = [from, to].map(moment);
      else if (changed["xaxis.autorange"] || changed["xaxis.range"]) this.range = null;
      else return;
      this.due();
    });
    this.place.on("plotly_doubleclick", () => this.reset());
  }
}

export class Charts {
  constructor(store) {
    this.store = store;
    this.symbol = "";
    this.style = recall("sentio-price-style") ?? "line";
    this.equity = new Chart(byId("equity-chart"), (range) => this.#equity(range));
    this.price = new Chart(byId("price-chart"), (range) => this.#price(range));
    this.symbols = byId("price-symbol");
    this.symbols.addEventListener("change", () => {
      this.symbol = this.store.session.info.charted[this.symbols.selectedIndex];
      this.price.reset();
    });
    const style = byId("price-style");
    style.value = this.style;
    style.addEventListener("change", () => {
      this.style = style.value;
      keep("sentio-price-style", this.style);
      this.price.due();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  redraw() {
    this.equity.due();
    this.price.due();
  }

  show(changed, clock) {
    this.clock = clock;
    if (changed.has("whole")) {
      this.#choose();
      this.equity.range = this.price.range = null;
    }
    if (changed.has("curve") || changed.has("fills")) this.equity.due();
    if (changed.has("prices") || changed.has("fills")) this.price.due();
  }

  #choose() {
    const charted = this.store.session.info.charted;
    setCount(this.symbols, charted.length, () => make("option"));
    charted.forEach((symbol, place) => setText(this.symbols.children[place], symbol));
    if (!charted.includes(this.symbol)) this.symbol = charted[0] ?? "";
    this.symbols.selectedIndex = charted.indexOf(this.symbol);
    this.symbols.disabled = charted.length < 2;
  }

  /** The moments of a range of the chart, whose clock is the exchange's. */
  #moments(range, times) {
    const [first, last] = [times[0], times[times.length - 1]];
    if (!range) return [first, last];
    const [from, to] = range;
    return [from - this.clock.offset(from), to - this.clock.offset(to)];
  }

  #x(times) {
    return times.map((time) => this.clock.shifted(time));
  }

  #range(times) {
    const [first, last] = [this.clock.shifted(times[0]), this.clock.shifted(times[times.length - 1])];
    const room = Math.max(60_000, (last - first) * 0.015);
    return [first - room, last + room];
  }

  #equity(range) {
    const { curve, fills, info } = this.store.session;
    if (!curve.time.length) {
      setText(byId("equity-note"), "no point yet");
      return null;
    }
    const [from, to] = this.#moments(range, curve.time);
    const height = (row) => {
      const place = placeAt(curve.time, fills.time[row]);
      return place < 0 ? info.capital : curve.equity[place];
    };
    const last = curve.equity[curve.equity.length - 1];
    const gained = last / info.capital - 1;
    const deepest = curve.drawdown.reduce((a, b) => Math.min(a, b), 0);
    const [high, low] = [curve.equity.reduce((a, b) => Math.max(a, b)), curve.equity.reduce((a, b) => Math.min(a, b))];
    setText(byId("equity-note"), `high ${money(high)} · low ${money(low)} · ${this.#zone()}`);
    const x = this.#x(curve.time);
    return {
      label:
        `Equity from ${money(info.capital)} to ${money(last)} (${percent(gained)}), deepest drawdown ${percent(deepest)}; ` +
        `${count(fills.time.length)} trades marked`,
      range: this.#range(curve.time),
      layout: {
        xaxis: { anchor: "y2" },
        yaxis: { domain: [0.32, 1], tickformat: ",.6~g" },
        yaxis2: { domain: [0, 0.24], tickformat: ".1~%", rangemode: "tozero", nticks: 4 },
        shapes: [
          {
            ...{ type: "line", layer: "below", xref: "paper", x0: 0, x1: 1, y0: info.capital, y1: info.capital },
            line: { color: colours()("chart-axis"), width: 1, dash: "dot" },
          },
        ],
      },
      traces: (paint) => [
        this.#line(x, curve.equity, paint("chart-equity"), curve.equity.map((value) => money(value))),
        {
          ...this.#line(x, curve.drawdown, paint("chart-drawdown"), curve.drawdown.map((value) => percent(value))),
          yaxis: "y2",
          fill: "tozeroy",
          fillcolor: translucent(paint("chart-drawdown"), 0.25),
        },
        ...this.#marks(paint, from, to, height),
      ],
    };
  }

  #price(range) {
    const { prices, fills } = this.store.session;
    const candles = prices[this.symbol];
    if (!candles?.time.length) {
      setText(byId("price-note"), "no bar yet");
      return null;
    }
    const [from, to] = this.#moments(range, candles.time);
    const height = (row) => (fills.chart[row] === this.symbol ? fills.mark[row] : null);
    const last = candles.close[candles.close.length - 1];
    const isLine = this.style !== "candles";
    const drawn = isLine ? candles : candlesOf(candles, from, to, CANDLES);
    const kind = drawn.minutes === 1 ? "1-minute bars" : `${drawn.minutes}-minute bars`;
    setText(byId("price-note"), `${kind} · ${this.#zone()}`);
    return {
      label: `Price of ${this.symbol}, last ${price(last)}, with its trades marked`,
      range: this.#range(candles.time),
      layout: { xaxis: { rangeslider: { visible: false } }, yaxis: { tickformat: ",.7~g" } },
      traces: (paint) => [
        isLine ? this.#closes(candles, paint) : this.#candles(drawn, paint),
        ...this.#marks(paint, from, to, height),
      ],
    };
  }

  #zone() {
    return this.clock.zoneName(this.store.session.status.at);
  }

  #line(x, y, color, text) {
    return { type: "scatter", mode: "lines", x, y, text, hoverinfo: "x+text", line: { color, width: 1.4 } };
  }

  #closes(candles, paint) {
    const line = lineOf(candles);
    const texts = line.close.map((close) => (close === null ? "" : price(close)));
    return this.#line(this.#x(line.time), line.close, paint("chart-equity"), texts);
  }

  /** Rising ones are hollow, falling ones filled: no colour is needed to tell them. */
  #candles(drawn, paint) {
    const text = drawn.time.map((_, at) => {
      const [open, high, low, close] = ["open", "high", "low", "close"].map((name) => price(drawn[name][at]));
      return `O ${open}  H ${high}  L ${low}  C ${close}`;
    });
    const side = (name, fillcolor) => ({ line: { color: paint(name), width: 1 }, fillcolor });
    return {
      type: "candlestick",
      x: this.#x(drawn.time),
      open: drawn.open,
      high: drawn.high,
      low: drawn.low,
      close: drawn.close,
      text,
      hoverinfo: "x+text",
      increasing: side("trade-gain", paint("base-surface")),
      decreasing: side("trade-loss", paint("trade-loss")),
    };
  }

  #marks(paint, from, to, height) {
    const fills = this.store.session.fills;
    // The same triangle for both: it points up to its price from below; turned, it points down to it from above.
    const made = (side, angle, name) => {
      const marks = marksOf(fills, side, from, to, MARKS, height);
      return {
        type: "scatter",
        mode: "markers",
        x: marks.map((mark) => this.clock.shifted(mark.time)),
        y: marks.map((mark) => mark.value),
        text: marks.map((mark) => escaped(this.#said(mark, fills))),
        hoverinfo: "text",
        marker: {
          symbol: "triangle-up",
          angle,
          standoff: 5,
          size: marks.length > MARKS / 3 ? 7 : 9,
          color: paint(name),
          line: { color: paint("base-background"), width: 1 },
        },
      };
    };
    return [made("buy", 0, "trade-gain"), made("sell", 180, "trade-loss")];
  }

  #said(mark, fills) {
    const row = mark.fills[mark.fills.length - 1];
    const one = `${fills.side[row]} ${quantity(fills.quantity[row])} ${fills.symbol[row]} @ ${price(fills.price[row])}`;
    const pnl = fills.pnl[row];
    const gained = pnl === null ? "" : ` (${change(pnl)})`;
    const many = mark.fills.length > 1 ? `${count(mark.fills.length)} × ${fills.side[row]}, last: ` : "";
    return many + one + gained;
  }
}
