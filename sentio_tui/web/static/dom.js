// Making and changing elements. Text from outside only ever becomes text nodes and attributes, never markup.

const INVISIBLE = /[\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** Text without control and invisible characters: none can turn the direction of what follows. */
export function clean(text) {
  return String(text).replace(CONTROL, " ").replace(INVISIBLE, "");
}

/** A new element; `children` are elements, or texts from anywhere. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Set a text where it is another: what does not change is not drawn again. */
export function setText(element, text) {
  const wanted = clean(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Set an attribute where it is another; null takes it away. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

/** As many children as wanted, made by `create`; those that are there are used again. */
export function setCount(parent, count, create) {
  while (parent.children.length > count) parent.lastElementChild.remove();
  while (parent.children.length < count) parent.append(create(parent.children.length));
}

export function byId(id) {
  return document.getElementById(id);
}

/** What was kept in this browser under a name, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // Storage is forbidden.
  }
}

export function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
}
