// Tabs over panels: the arrows move between them, as the keyboard's users expect.

import { setAttribute, setText } from "./dom.js";

export class Tabs {
  /** `onShow` gets the name of the panel that comes into view. */
  constructor(list, onShow) {
    this.tabs = [...list.querySelectorAll('[role="tab"]')];
    this.onShow = onShow;
    this.chosen = this.tabs[0].dataset.tab;
    for (const tab of this.tabs) tab.addEventListener("click", () => this.choose(tab.dataset.tab));
    list.addEventListener("keydown", (event) => this.#key(event));
    this.show(this.chosen);
  }

  /** A person chose it. */
  choose(name) {
    this.chosen = name;
    this.show(name);
  }

  /** Show only one of them for now; null shows all again, with the one that was chosen. */
  limit(name) {
    for (const tab of this.tabs) tab.hidden = name !== null && tab.dataset.tab !== name;
    this.show(name ?? this.chosen);
  }

  show(name) {
    for (const tab of this.tabs) {
      const isShown = tab.dataset.tab === name;
      setAttribute(tab, "aria-selected", isShown);
      setAttribute(tab, "tabindex", isShown ? "0" : "-1");
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isShown;
    }
    this.onShow(name);
  }

  /** Say how many rows each panel has. */
  count(counts) {
    for (const tab of this.tabs) {
      const said = counts[tab.dataset.tab];
      if (said !== undefined) setText(tab.querySelector(".count"), said);
    }
  }

  #key(event) {
    const shown = this.tabs.filter((tab) => !tab.hidden);
    const place = shown.indexOf(document.activeElement);
    const moves = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: shown.length - 1 };
    if (place < 0 || !(event.key in moves)) return;
    event.preventDefault();
    const next = shown[(moves[event.key] + shown.length) % shown.length];
    next.focus();
    this.choose(next.dataset.tab);
  }
}
