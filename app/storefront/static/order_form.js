/** The form of an event: quantities, e-mail, name. It knows the wish, and marks what is wrong. */

import { element, say } from "./dom.js";
import { priceText } from "./format.js";
import { TypeRow } from "./type_row.js";

/** @typedef {import("./api.js").ShopEvent} ShopEvent @typedef {import("./api.js").Wish} Wish */

const WRONG_EMAIL = "This does not look like an e-mail address.";
const WRONG_NAME = "This name has something in it that cannot be printed.";

export class OrderForm {
  /**
   * @param {ShopEvent} event
   * @param {HTMLElement} outcome stands just above the buttons
   * @param {(wish: Wish) => void} wished
   */
  constructor(event, outcome, wished) {
    this.event = event;
    this.wished = wished;
    this.rows = new Map(
      event.ticket_types.map((type) => [type.id, new TypeRow(type, () => this.#sum())]),
    );
    this.email = element(
      "input",
      {
        id: "email",
        type: "email",
        name: "email",
        autocomplete: "email",
        inputmode: "email",
        maxlength: 254,
        required: true,
        "aria-describedby": "email-why error-email",
      },
    );
    this.name = element(
      "input",
      {
        id: "buyer",
        type: "text",
        name: "name",
        autocomplete: "name",
        maxlength: 200,
        "aria-describedby": "error-buyer",
      },
    );
    this.emailError = element("p", { class: "field-error", id: "error-email" });
    this.nameError = element("p", { class: "field-error", id: "error-buyer" });
    this.total = element("output", { class: "total" });
    this.hint = element("p", { class: "hint" });
    this.submit = element("button", { type: "submit", class: "button primary" });
    this.hold = element("button", { type: "button", class: "button quiet" }, "Hold first");
    this.fields = element("fieldset", { class: "all" },
      element(
        "fieldset",
        { class: "types" },
        element("legend", {}, "Tickets"),
        ...[...this.rows.values()].map((row) => row.node),
      ),
      element("fieldset", { class: "person" }, element("legend", {}, "Your details"),
        element("label", { for: "email" }, "E-mail"), this.email,
        element(
          "p",
          { class: "field-note", id: "email-why" },
          "Limits per person go by it. It is never shown with the order.",
        ),
        this.emailError,
        element(
          "label",
          { for: "buyer" },
          "Name ",
          element("span", { class: "optional" }, "(optional)"),
        ),
        this.name,
        this.nameError,
      ));
    this.buttons = element("div", { class: "buttons" }, this.hold, this.submit);
    this.node = element("form", { novalidate: true, "aria-label": "Order" }, this.fields, outcome,
      element(
        "div",
        { class: "bar" },
        element("div", { class: "sum" }, this.total, this.hint),
        this.buttons,
      ),
    );
    this.node.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.#wish({ confirm: true });
    });
    this.hold.addEventListener("click", () => this.#wish({ confirm: false }));
    this.#sum();
  }

  /** @param {Wish} wish as it was sent */
  fillIn(wish) {
    this.email.value = wish.customer.email;
    this.name.value = wish.customer.name ?? "";
    for (const { ticket_type, quantity } of wish.lines) {
      const row = this.rows.get(ticket_type);
      if (row !== undefined) row.quantity = quantity;
    }
    this.#sum();
  }

  /** @param {boolean} isLocked while nobody knows what became of the wish, it must not change */
  lock(isLocked) {
    this.fields.disabled = isLocked;
    this.buttons.classList.toggle("locked", isLocked);
    for (const each of [this.submit, this.hold]) {
      each.setAttribute("aria-disabled", String(isLocked));
    }
  }

  /**
   * @param {{where: string, message: string}[]} errors of the service
   * @returns {boolean} whether one of them has its field here
   */
  mark(errors) {
    const chosen = [...this.rows.values()].filter((row) => row.quantity > 0);
    for (const { where } of errors) {
      const line = /^body\.lines\.(\d+)/.exec(where);
      if (where.startsWith("body.customer.email")) {
        this.#markField(this.email, this.emailError, WRONG_EMAIL);
      } else if (where.startsWith("body.customer.name")) {
        this.#markField(this.name, this.nameError, WRONG_NAME);
      } else if (line !== null) {
        chosen[Number(line[1])]?.mark("This quantity is not possible.");
      }
    }
    return this.#focusFirst();
  }

  /** @param {{confirm: boolean}} how */
  #wish({ confirm }) {
    if (this.fields.disabled) return; // the second tap of two
    this.#markField(
      this.email,
      this.emailError,
      this.email.value.trim() === "" ? "Enter your e-mail address." : "",
    );
    this.#markField(this.name, this.nameError, "");
    const rows = [...this.rows.values()];
    for (const row of rows) row.mark(Number.isNaN(row.quantity) ? "Enter a whole number." : "");
    if (rows.every((row) => row.quantity === 0)) rows[0]?.mark("Choose at least one ticket.");
    if (this.#focusFirst()) return;
    const name = this.name.value.trim();
    this.wished({
      customer: { email: this.email.value.trim(), ...(name === "" ? {} : { name }) },
      lines: rows.filter((row) => row.quantity > 0)
        .map((row) => ({ ticket_type: row.type.id, quantity: row.quantity })),
      confirm,
    });
  }

  /** @param {HTMLInputElement} input @param {HTMLElement} error @param {string} text */
  #markField(input, error, text) {
    say(error, text);
    if (text === "") input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  }

  #focusFirst() {
    const wrong = /** @type {HTMLElement | null} */ (this.node.querySelector("[aria-invalid]"));
    wrong?.focus();
    return wrong !== null;
  }

  #sum() {
    const rows = [...this.rows.values()].filter((row) => row.quantity > 0);
    const amount = rows.reduce((sum, row) => sum + row.quantity * row.type.price.amount, 0);
    const nothingIsFree = this.event.ticket_types.every((type) => type.price.amount > 0);
    const isPaid = amount > 0 || (rows.length === 0 && nothingIsFree);
    const total = priceText({ amount, currency: this.event.currency });
    say(this.total, rows.length === 0 ? "No tickets" : total);
    say(this.submit, isPaid ? "Hold tickets" : "Get tickets");
    say(this.hint, isPaid ? "Held first, paid after" : "");
    this.hold.classList.toggle("idle", isPaid || rows.length === 0); // a paid order is held anyway
  }
}
