// The figures of the session.

import { byId, make, setAttribute, setCount, setText } from "./dom.js";

const GRADES = { good: ["✓", "good"], warn: ["!", "warning"], bad: ["✖", "bad"], none: ["", ""] };
const LONG = 9; // characters that fit in large type on a phone
const LONGER = 11; // and elsewhere

function card() {
  const [sign, word] = [make("span", { "aria-hidden": "true" }), make("span", { class: "unseen" })];
  const label = make("dt", {}, make("span"), make("span", { class: "grade" }, sign, word));
  return make("div", { class: "card" }, label, make("dd", { class: "value" }), make("dd", { class: "note" }));
}

/** The cards come from the server in their order, with their texts and grades. */
export function showCards(cards) {
  const list = byId("cards");
  setCount(list, cards.length, card);
  const helps = byId("card-helps");
  setCount(helps, cards.length, () => make("div", {}, make("dt"), make("dd")));
  cards.forEach((shown, place) => {
    const [head, value, note] = list.children[place].children;
    const [label, grade] = head.children;
    const [sign, word] = GRADES[shown.level];
    setAttribute(list.children[place], "data-level", shown.level);
    setAttribute(list.children[place], "data-card", shown.id);
    setAttribute(list.children[place], "title", shown.note ? `${shown.help} (${shown.note})` : shown.help);
    setText(label, shown.label);
    setText(grade.children[0], sign);
    setText(grade.children[1], word);
    const isUnknown = typeof shown.value !== "number";
    setText(value, isUnknown ? `${shown.text} (${shown.value.unknown})` : shown.text);
    value.classList.toggle("unknown", isUnknown);
    value.classList.toggle("long", !isUnknown && shown.text.length > LONG);
    value.classList.toggle("longer", !isUnknown && shown.text.length > LONGER);
    setText(note, isUnknown ? "" : shown.note);
    const [term, help] = helps.children[place].children;
    setText(term, shown.label);
    setText(help, shown.help);
  });
}
