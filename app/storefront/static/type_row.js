/** One ticket type in the form: its name, price, what is left, and how many are wished for. */

import { element, say } from "./dom.js";
import { countText, priceText } from "./format.js";
import { typeLabel } from "./words.js";

/** @typedef {import("./api.js").TicketType} TicketType */

export class TypeRow {
  /**
   * @param {TicketType} type
   * @param {() => void} changed
   */
  constructor(type, changed) {
    this.type = type;
    this.changed = changed;
    const name = `name-${type.id}`;
    this.error = element("p", { class: "field-error", id: `error-${type.id}` });
    this.label = element("span", { class: "label" });
    this.input = element("input", {
      type: "number",
      inputmode: "numeric",
      min: 0,
      max: this.most,
      step: 1,
      value: 0,
      autocomplete: "off",
      id: `quantity-${type.id}`,
      "aria-label": `Quantity: ${type.name}`,
      "aria-describedby": `error-${type.id} limits-${type.id}`,
    });
    this.fewer = this.#step("−", `One fewer: ${type.name}`, -1);
    this.more = this.#step("+", `One more: ${type.name}`, +1);
    this.stepper = element(
      "div",
      { class: "stepper", role: "group", "aria-labelledby": name },
      this.fewer,
      this.input,
      this.more,
    );
    this.node = element("div", { class: "type" },
      element("div", { class: "type-about" },
        element("h2", { class: "type-name", id: name }, type.name),
        element(
          "p",
          { class: "type-facts" },
          element("span", { class: "type-price" }, priceText(type.price)),
          this.label,
        ),
        element("p", { class: "type-limits", id: `limits-${type.id}` }, limitsText(type))),
      this.stepper, this.error);
    this.input.addEventListener("input", () => this.#noteChange());
    this.input.addEventListener("focus", () => this.input.select());
    this.#show();
  }

  /** What one order of one person may have; what is left is for the service to say. */
  get most() {
    return Math.min(this.type.max_per_order, this.type.max_per_customer, 100);
  }

  /** @returns {number} NaN for what is not a whole number */
  get quantity() {
    const text = this.input.value.trim();
    if (text === "") return 0;
    return /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  }

  /** @param {number} quantity */
  set quantity(quantity) {
    this.input.value = String(quantity);
    this.#show();
  }

  /** @param {import("./api.js").Availability} now */
  update(now) {
    this.type = { ...this.type, status: now.status, remaining: now.remaining };
    this.#show();
  }

  /** @param {string} text "" takes it back */
  mark(text) {
    say(this.error, text);
    if (text === "") this.input.removeAttribute("aria-invalid");
    else this.input.setAttribute("aria-invalid", "true");
  }

  /** @param {string} sign @param {string} label @param {number} by */
  #step(sign, label, by) {
    const made = element("button", { type: "button", class: "step", "aria-label": label }, sign);
    made.addEventListener("click", () => {
      if (made.getAttribute("aria-disabled") === "true") return;
      const least = Math.max(1, this.type.min_per_order);
      const from = Number.isNaN(this.quantity) ? 0 : this.quantity;
      const to = from + by;
      this.quantity = by > 0 ? Math.min(this.most, Math.max(least, to)) : to < least ? 0 : to;
      this.#noteChange();
    });
    return made;
  }

  #noteChange() {
    this.mark("");
    this.#show();
    this.changed();
  }

  #show() {
    const label = typeLabel(this.type);
    say(this.label, label.text);
    this.label.className = `label ${label.tone}`;
    const canBeHad = this.type.status === "on_sale" || this.type.status === "all_held";
    const isInUse = this.quantity !== 0 || this.stepper.contains(document.activeElement);
    this.stepper.classList.toggle("idle", !canBeHad && !isInUse); // keeps its room: nothing jumps
    // Not `disabled`: a button that is would lose the focus of whoever is pressing it.
    this.fewer.setAttribute("aria-disabled", String(this.quantity === 0));
    this.more.setAttribute("aria-disabled", String(!canBeHad || this.quantity >= this.most));
    this.node.classList.toggle("chosen", this.quantity > 0);
  }
}

/** @param {TicketType} type */
function limitsText(type) {
  const parts = [];
  if (type.min_per_order > 1) parts.push(`from ${countText(type.min_per_order)} an order`);
  if (type.max_per_order < type.max_per_customer) {
    parts.push(`up to ${countText(type.max_per_order)} an order`);
  }
  parts.push(`up to ${countText(type.max_per_customer)} a person`);
  const text = parts.join(", ");
  return text[0]?.toUpperCase() + text.slice(1);
}
