// Whether the page is connected, said so that nobody takes an old picture for a new one.

import { byId, setAttribute, setText } from "./dom.js";

const WORDS = {
  connecting: ["◌", "connecting", "warn"],
  connected: ["●", "connected", "good"],
  waiting: ["✖", "connection lost", "bad"],
  outdated: ["✖", "page outdated", "bad"],
};
const TICK = 250;

export class Link {
  constructor(connection, local) {
    this.connection = connection;
    this.local = local;
    this.timer = 0;
    byId("retry").addEventListener("click", () => {
      if (this.state.link === "outdated") location.reload();
      else connection.retry();
    });
  }

  show(state, marketTime) {
    this.state = state;
    this.marketTime = marketTime;
    const [glyph, word, tone] = WORDS[state.link];
    const place = byId("link");
    setAttribute(place, "class", `state ${tone}`);
    setText(place.children[0], glyph);
    setText(place.children[1], word);
    // An attempt that is under way after a loss does not make the picture any newer.
    const isOld = state.link !== "connected" && state.heard !== null;
    setAttribute(document.body, "data-link", isOld ? "lost" : state.link);
    byId("lost").hidden = state.link === "connected" || (state.link === "connecting" && state.heard === null);
    setText(byId("retry"), state.link === "outdated" ? "Reload" : "Retry now");
    clearInterval(this.timer);
    if (state.link === "waiting") this.timer = setInterval(() => this.#tell(), TICK);
    this.#tell();
  }

  #tell() {
    const { link, at, heard, refused } = this.state;
    const seconds = Math.max(0, Math.ceil((at - performance.now()) / 1000));
    const next = {
      connecting: "connecting …",
      waiting: `reconnecting in ${seconds} s`,
      outdated: "the server speaks another version",
    };
    setText(byId("lost-next"), next[link] ?? "");
    const market = this.marketTime ? `, market time ${this.marketTime}` : "";
    setText(byId("lost-as-of"), heard === null ? "" : `as of ${this.local.time(heard)}${market}`);
    const lost = heard === null ? "No answer from the server." : "Connection lost: what you see is old.";
    setText(byId("lost-why"), refused ? "Access denied: open the link with the token again." : lost);
  }
}
