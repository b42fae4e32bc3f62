// A table of any number of rows: sorted, filtered, and drawn only where it is seen.

import { byId, clean, make, setAttribute, setCount, setText } from "./dom.js";

const SPARE = 8; // rows drawn above and below those in view
const FRESH = 1600; // milliseconds a new row is marked
const collator = new Intl.Collator("en", { numeric: true });

/**
 * A column is {id, label, kind, width, value, text, tone, search, title, link}: `kind` is "text", "time" or "number";
 * `width` in characters (0 takes the space that is left), `value(row)` what it sorts by (null is always last),
 * `text(row)` what is read, `full(row)` the same at length, `tone(row)` a class,
 * `search` whether the filter looks into it, `title` explains it, `link(row)` is an address where the text is a link.
 */
export class DataTable {
  constructor(place, { label, columns, sort, descending = true, empty }) {
    this.columns = columns;
    this.sort = sort;
    this.descending = descending;
    this.empty = empty;
    this.count = 0;
    this.order = [];
    this.texts = [];
    this.freshFrom = Infinity;
    this.pending = false;
    this.rowHeight = 0;
    const parts = byId("table-parts").content.cloneNode(true);
    this.scroller = parts.querySelector("[data-scroller]");
    this.input = parts.querySelector("input");
    this.output = parts.querySelector("output");
    setText(parts.querySelector(".unseen"), `Filter ${label.toLowerCase()}`);
    setAttribute(this.scroller, "aria-label", `${label}, scrolls`);
    (place.querySelector(".head") ?? place).append(...parts.querySelectorAll("label, output"));
    place.append(this.scroller);
    this.#build(label);
    this.input.addEventListener("input", () => this.refresh());
    this.input.addEventListener("keydown", (event) => event.key === "Escape" && this.#clear(event));
    this.scroller.addEventListener("scroll", () => this.#later(), { passive: true });
    new ResizeObserver(() => this.#later()).observe(this.scroller);
  }

  /** Show another set of columns; the order stays where its column is still there. */
  setColumns(columns) {
    if (columns.map((each) => each.id).join() === this.columns.map((each) => each.id).join()) {
      this.columns = columns;
      return;
    }
    this.columns = columns;
    this.scroller.replaceChildren();
    this.#build(this.label);
  }

  /** There are `count` rows now; those from `since` on are others than before. */
  setRows(count, since, { fresh = false } = {}) {
    this.texts.length = Math.min(this.texts.length, since);
    if (fresh && count > since) this.#mark(since);
    this.count = count;
    this.refresh();
  }

  /** Sort and filter anew, and keep the row at the top of the view where it is. */
  refresh() {
    const top = this.#first();
    const anchor = this.scroller.scrollTop > 0 ? this.order[top] : undefined;
    const within = this.scroller.scrollTop - top * this.rowHeight;
    this.order = this.#sorted(this.#filtered());
    this.#tell();
    this.draw();
    if (anchor === undefined || !this.rowHeight) return;
    const now = this.order.indexOf(anchor);
    if (now >= 0 && now !== top) {
      this.scroller.scrollTop = now * this.rowHeight + within;
      this.draw();
    }
  }

  #build(label) {
    this.label = label;
    const columns = this.columns.map((column) => {
      const element = make("col");
      if (column.width) element.style.width = `${column.width}ch`;
      return element;
    });
    this.heads = this.columns.map((column) => {
      const button = make("button", { type: "button", title: column.title ?? null }, column.label);
      button.addEventListener("click", () => this.#sortBy(column));
      return make("th", { scope: "col", class: column.kind === "number" ? "number" : null }, button);
    });
    this.above = make("tr", { class: "spacer", "aria-hidden": "true" }, make("td", { colspan: this.columns.length }));
    this.below = this.above.cloneNode(true);
    this.body = make("tbody");
    this.table = make(
      "table",
      { "aria-label": label },
      make("colgroup", {}, ...columns),
      make("thead", {}, make("tr", { "aria-rowindex": 1 }, ...this.heads)),
      make("tbody", {}, this.above),
      this.body,
      make("tbody", {}, this.below),
    );
    const least = this.columns.reduce((sum, column) => sum + (column.width || 16), 0);
    this.table.style.minWidth = `${least}ch`;
    this.nothing = make("p", { class: "nothing" });
    this.scroller.append(this.table, this.nothing);
    this.#headers();
  }

  #sortBy(column) {
    if (this.sort === column.id) this.descending = !this.descending;
    else {
      this.sort = column.id;
      this.descending = column.kind !== "text"; // the newest and the largest first
    }
    this.scroller.scrollTop = 0;
    this.#headers();
    this.refresh();
  }

  #headers() {
    this.columns.forEach((column, place) => {
      const direction = this.descending ? "descending" : "ascending";
      setAttribute(this.heads[place], "aria-sort", column.id === this.sort ? direction : null);
    });
  }

  #clear(event) {
    if (!this.input.value) return;
    event.preventDefault();
    this.input.value = "";
    this.refresh();
  }

  /** What the filter looks into: every text of the columns that say so, in small letters. */
  #searched(row) {
    return (this.texts[row] ??= this.columns
      .filter((column) => column.search)
      .map((column) => clean((column.full ?? column.text)(row)))
      .join("\n")
      .toLowerCase());
  }

  #filtered() {
    const rows = Array.from({ length: this.count }, (_, row) => row);
    const typed = this.input.value.trim().toLowerCase();
    const wanted = typed.replace(/^!/, "");
    if (!wanted) return rows;
    const holds = !typed.startsWith("!");
    return rows.filter((row) => this.#searched(row).includes(wanted) === holds);
  }

  #sorted(rows) {
    const column = this.columns.find((each) => each.id === this.sort);
    if (!column) return rows;
    const keys = new Array(this.count);
    for (const row of rows) keys[row] = column.value(row);
    if (column.kind === "text") {
      // Comparing texts is slow, and a column has few different ones.
      const places = [...new Set(rows.map((row) => keys[row]))].sort(collator.compare);
      const ranks = new Map(places.map((text, rank) => [text, rank]));
      for (const row of rows) keys[row] = ranks.get(keys[row]);
    }
    const sign = this.descending ? -1 : 1;
    return rows.sort((one, other) => {
      const [a, b] = [keys[one], keys[other]];
      if (a === b) return sign * (one - other);
      if (a === null || a === undefined) return 1;
      if (b === null || b === undefined) return -1;
      return sign * (a - b);
    });
  }

  #tell() {
    setAttribute(this.table, "aria-rowcount", this.order.length + 1);
    const all = this.count.toLocaleString("en-US");
    const found = this.order.length.toLocaleString("en-US");
    const filter = this.input.value.trim();
    setText(this.output, filter ? `${found} of ${all}` : all);
    setText(this.nothing, this.order.length ? "" : filter && this.count ? "no row matches the filter" : this.empty);
    this.nothing.hidden = this.order.length > 0;
  }

  #mark(since) {
    this.freshFrom = Math.min(this.freshFrom, since);
    clearTimeout(this.freshness);
    this.freshness = setTimeout(() => {
      this.freshFrom = Infinity;
      this.draw();
    }, FRESH);
  }

  #first() {
    return this.rowHeight ? Math.floor(this.scroller.scrollTop / this.rowHeight) : 0;
  }

  #later() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  /** Draw the rows in view. */
  draw() {
    if (!this.scroller.clientHeight) return; // not shown
    if (!this.rowHeight) {
      setCount(this.body, Math.min(1, this.order.length), () => this.#row());
      this.rowHeight = this.body.firstElementChild?.getBoundingClientRect().height ?? 0;
    }
    const seen = this.rowHeight ? Math.ceil(this.scroller.clientHeight / this.rowHeight) : 0;
    const first = Math.max(0, Math.min(this.#first(), this.order.length - seen) - SPARE);
    const last = Math.min(this.order.length, first + seen + 2 * SPARE);
    this.#space(this.above, first);
    this.#space(this.below, this.order.length - last);
    setCount(this.body, last - first, () => this.#row());
    for (let place = first; place < last; place++) this.#fill(this.body.children[place - first], place);
  }

  #space(spacer, rows) {
    spacer.hidden = rows === 0;
    spacer.firstElementChild.style.height = `${rows * this.rowHeight}px`;
  }

  #row() {
    return make("tr", {}, ...this.columns.map((column) => make("td", { class: column.kind })));
  }

  #fill(element, place) {
    const row = this.order[place];
    setAttribute(element, "aria-rowindex", place + 2);
    element.classList.toggle("fresh", row >= this.freshFrom);
    this.columns.forEach((column, index) => {
      const cell = element.children[index];
      const text = clean(column.text(row));
      if (column.link) this.#link(cell, text, column.link(row));
      else if (cell.textContent !== text) cell.textContent = text;
      const kind = `${column.kind} ${column.tone?.(row) ?? ""}`.trim();
      if (cell.className !== kind) cell.className = kind;
      const full = column.full ? clean(column.full(row)) : text;
      if (column.kind !== "number") setAttribute(cell, "title", full || null);
    });
  }

  #link(cell, text, address) {
    if (!cell.firstElementChild) cell.append(make("a"));
    setText(cell.firstElementChild, text);
    setAttribute(cell.firstElementChild, "href", address);
  }
}
