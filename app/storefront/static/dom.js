/**
 * Builds elements. Text only ever becomes text: there is no way here to write markup, so that a name
 * may be whatever it likes.
 */

/** @typedef {Node | string | null} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean>} attributes `true` is an attribute without a
 *   value, `false` none
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...present(children));
  return made;
}

/**
 * @param {string} label
 * @param {string} kind a class of shop.css: "primary", "quiet" or "plain"
 * @param {() => unknown} press
 */
export function button(label, kind, press) {
  const made = element("button", { type: "button", class: `button ${kind}` }, label);
  made.addEventListener("click", () => press());
  return made;
}

/**
 * Says something new in a place, and touches nothing when it says the same already: what is announced
 * is not announced twice.
 * @param {Element} place
 * @param {string} text
 */
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * @param {Element} place
 * @param {...Child} children
 */
export function fill(place, ...children) {
  place.replaceChildren(...present(children));
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function present(children) {
  return children.filter((each) => each !== null);
}

/**
 * A colour of its own for each event: any text gives the same angle on the wheel each time.
 * @param {HTMLElement} painted
 * @param {string} text
 */
export function paint(painted, text) {
  let sum = 7;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  painted.style.setProperty("--hue", String((sum * 47) % 360));
}
