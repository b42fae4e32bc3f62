// The dashboard: messages in, elements out.

import { showCards } from "./cards.js";
import { Charts } from "./charts.js";
import { Connection } from "./connection.js";
import { Decisions } from "./decisions.js";
import { byId, keep, make, recall, setAttribute, setCount, setText } from "./dom.js";
import { Clock, count } from "./format.js";
import { Header } from "./header.js";
import { Link } from "./link.js";
import { Store } from "./store.js";
import { Tables } from "./tables.js";
import { Tabs } from "./tabs.js";

let followed = "";
const local = new Clock("");
const store = new Store();
const header = new Header(local, choose);
const charts = new Charts(store);
const decisions = new Decisions();
const tables = new Tables(store, local, (name) => byId(`table-${name}`));
const tabs = new Tabs(byId("tabs"), (name) => tables.draw(name));

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const connection = new Connection(`${scheme}//${location.host}/api/events`, {
  onMessage: take,
  onState: (state) => link.show(state, marketTime()),
});
const link = new Link(connection, local);

function marketTime() {
  const session = store.session;
  if (!session || !header.clock) return "";
  return `${header.clock.time(session.status.at)} ${header.clock.zoneName(session.status.at)}`;
}

function choose(name) {
  const address = name ? `#session=${encodeURIComponent(name)}` : "#";
  if (location.hash !== address) location.hash = address;
  else watch();
}

function watch() {
  store.wanted = new URLSearchParams(location.hash.slice(1)).get("session") ?? "";
  connection.watch(store.wanted);
  header.showSessions(store.sessions, store.wanted, store.session?.file);
}

function take(message) {
  const changed = store.apply(message);
  if (message.type === "hello") offerThemes(byId("theme"), message.themes);
  if (changed.has("sessions")) showSessions();
  if (changed.has("sessions") || changed.has("whole")) {
    header.showSessions(store.sessions, store.wanted, store.session?.file);
  }
  if (store.session && (changed.has("whole") || message.type === "update")) showSession(changed, message);
  if (changed.has("absent")) showAbsent();
  if (changed.has("sessions") || changed.has("status")) follow();
}

/** Who watches the newest session goes on to the next one that runs when this one is over. */
function follow() {
  if (store.wanted || !store.session || store.session.status.standing === "running") return;
  const next = store.sessions.find((line) => line.standing === "running");
  if (!next || next.name === store.session.file || next.name === followed) return;
  followed = next.name; // the server may have been told to show another one
  connection.watch("");
}

function showSessions() {
  tables.showSessions();
  tabs.count({ sessions: count(store.total) });
  const shown = store.sessions.length;
  const some = store.total > shown ? `the newest ${count(shown)} of ${count(store.total)} sessions` : "";
  setText(byId("sessions-note"), store.listProblem || some);
}

/** Say why there is no session to see, or that another one is being read. */
function showAbsent() {
  const isThere = Boolean(store.session);
  for (const each of document.querySelectorAll("[data-of-session]")) each.hidden = !isThere;
  byId("absent").hidden = isThere && store.reading === null;
  const isReading = store.reading !== null;
  setText(byId("absent-text"), isReading ? `reading the session … ${Math.round(store.reading * 100)}%` : store.problem);
  if (!isThere) document.title = "sentio-tui";
  tabs.limit(isThere ? null : "sessions");
}

function showSession(changed, message) {
  const session = store.session;
  if (changed.has("whole")) header.showWhole(session);
  if (changed.has("status") || changed.has("cards")) header.showStatus(session);
  if (changed.has("feed") || changed.has("status")) header.showFeed(session);
  if (changed.has("cards")) showCards(session.cards);
  decisions.show(changed, session, header.clock);
  tables.show(changed, message, header.clock);
  charts.show(changed, header.clock);
  tabs.count({
    fills: count(tables.count("fills")),
    trades: count(tables.count("trades")),
    orders: count(tables.count("orders")),
    notes: count(tables.count("notes")),
  });
}

/** The themes of the server's style sheet, and one that follows the system. */
function offerThemes(select, themes) {
  const names = ["", ...themes.map((theme) => theme.name)];
  setCount(select, names.length, () => make("option"));
  names.forEach((name, place) => {
    setAttribute(select.children[place], "value", name);
    setText(select.children[place], name ? name.replace(/^sentio-/, "") : "auto");
  });
  select.value = recall("sentio-theme") ?? "";
  if (select.selectedIndex < 0) select.value = "";
  applyTheme(select.value);
}

function applyTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  charts.redraw();
}

function loadPlotly() {
  const script = make("script", { src: "/static/plotly.min.js", async: true });
  script.addEventListener("load", () => charts.redraw());
  script.addEventListener("error", () => {
    for (const place of document.querySelectorAll(".chart")) {
      setText(place, "The chart's script did not load; the tables have every figure.");
    }
  });
  document.head.append(script);
}

byId("theme").addEventListener("change", (event) => {
  keep("sentio-theme", event.target.value);
  applyTheme(event.target.value);
});
addEventListener("hashchange", watch);
watch();
connection.start();
loadPlotly();
