/** Where the shop says what becomes of an order while it is being made. Announced, and never in a hurry. */

import { element, fill } from "./dom.js";

export class OutcomePanel {
  constructor() {
    this.node = element("div", { class: "outcome", role: "status", tabindex: -1, hidden: true });
  }

  /** @param {string} title @param {string} text */
  working(title, text) {
    this.#show("working", title, text, []);
  }

  /** @param {string} title @param {string} text @param {HTMLElement[]} buttons */
  stopped(title, text, buttons = []) {
    this.#show("stopped", title, text, buttons);
  }

  /** For the visitor. @param {string} title @param {string} text @param {HTMLElement[]} buttons */
  waiting(title, text, buttons) {
    this.#show("waiting", title, text, buttons);
  }

  /** @returns {boolean} whether the focus was here */
  clear() {
    const hadFocus = this.node.contains(document.activeElement);
    this.node.hidden = true;
    fill(this.node);
    return hadFocus;
  }

  focus() {
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} kind @param {string} title @param {string} text @param {HTMLElement[]} buttons */
  #show(kind, title, text, buttons) {
    this.node.hidden = false;
    this.node.className = `outcome ${kind}`;
    fill(this.node, element("p", { class: "outcome-title" }, title), element("p", {}, text),
      buttons.length === 0 ? null : element("div", { class: "actions" }, ...buttons));
  }
}
