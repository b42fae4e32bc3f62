// The websocket to the server: loses and regains it, and says where it stands.

export const VERSION = 1;
const SHORTEST = 500;
const LONGEST = 10_000;
const SILENCE = 15_000;
const BEATS = 3;

/**
 * `onState` gets {link, at, refused, heard} whenever it changes: `link` is "connecting", "connected", "waiting" (for the
 * next attempt, at `at` of `performance.now()`) or "outdated" (the server speaks another version than this page);
 * `refused` whether the server answers but wants a token; `heard` is when the last message came, by the wall clock in
 * milliseconds, or null. `onMessage` gets every message.
 */
export class Connection {
  constructor(address, { onMessage, onState }) {
    this.address = address;
    this.onMessage = onMessage;
    this.onState = onState;
    this.file = "";
    this.state = { link: "connecting", at: 0, refused: false, heard: null };
    this.delay = SHORTEST;
    this.silence = SILENCE;
    this.socket = null;
    this.isOpen = false; // whether the socket was open before it was lost
    this.timer = 0;
    this.watchdog = 0;
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
  }

  start() {
    this.#open();
  }

  /** Ask for a session, now and after every new connection. An empty file is the newest. */
  watch(file) {
    this.file = file;
    if (this.state.link === "connected") this.socket.send(JSON.stringify({ type: "watch", file }));
  }

  /** Try at once instead of at the end of the wait. */
  retry() {
    if (this.state.link === "waiting") this.#open();
  }

  #say(change) {
    this.state = { ...this.state, ...change };
    this.onState(this.state);
  }

  #open() {
    this.#drop();
    this.#say({ link: "connecting" });
    const file = this.file;
    let socket;
    try {
      socket = new WebSocket(`${this.address}?file=${encodeURIComponent(file)}`);
    } catch {
      this.#lost();
      return;
    }
    this.socket = socket;
    this.isOpen = false;
    socket.onopen = () => (this.isOpen = true);
    socket.onmessage = (event) => this.#take(event.data, file);
    socket.onclose = () => this.#lost();
    this.#listen();
  }

  /** Whoever says nothing for three beats is gone, though nobody closed the connection. */
  #listen() {
    clearTimeout(this.watchdog);
    this.deadline = performance.now() + this.silence;
    this.watchdog = setTimeout(() => this.#lost(), this.silence);
  }

  #wake() {
    // Timers of a page out of sight, or of a machine asleep, come late.
    if (this.state.link === "waiting") this.#open();
    else if (this.socket && performance.now() > this.deadline) this.#lost();
  }

  /** `file` is the session the connection was opened for. */
  #take(text, file) {
    this.#listen();
    const message = JSON.parse(text);
    if (message.type === "hello") {
      if (message.version !== VERSION) {
        this.#drop();
        this.#say({ link: "outdated" });
        return;
      }
      this.delay = SHORTEST;
      this.silence = BEATS * message.beat * 1000;
      this.#say({ link: "connected", refused: false, heard: Date.now() });
      if (this.file !== file) this.watch(this.file);
    }
    this.state.heard = Date.now();
    this.onMessage(message);
  }

  #drop() {
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #lost() {
    this.#drop();
    const wait = this.delay;
    this.delay = Math.min(LONGEST, this.delay * 2);
    this.timer = setTimeout(() => this.#open(), wait);
    this.#say({ link: "waiting", at: performance.now() + wait });
    if (!this.isOpen) this.#ask();
    this.isOpen = false;
  }

  /** A browser does not tell why a websocket was refused; an ordinary request does. */
  async #ask() {
    let refused = false;
    try {
      const answer = await fetch("/api/sessions", { method: "HEAD", cache: "no-store" });
      refused = answer.status === 401 || answer.status === 403;
    } catch {
      // Nobody answers: the wait goes on.
    }
    if (this.state.link !== "connected") this.#say({ refused });
  }
}
