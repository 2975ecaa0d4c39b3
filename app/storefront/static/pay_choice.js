/** The part of an order's page where its payment method is chosen. */

import { ofOrder } from "./api.js";
import { button, element, fill } from "./dom.js";
import { payForm } from "./pay_form.js";
import { pause, untilLeft } from "./pausing.js";

/** @typedef {import("./api.js").PaymentMethod} PaymentMethod */

const ATTEMPTS_MAX = 6;

export class PayChoice {
  /**
   * @param {import("./api.js").Order} order
   * @param {string} token
   * @param {AbortSignal} signal
   * @param {(methods: PaymentMethod[], method: string, input: Record<string, string>) => void} chosen
   */
  constructor(order, token, signal, chosen) {
    this.order = order;
    this.token = token;
    this.signal = signal;
    this.chosen = chosen;
    this.place = element("div", { class: "pay-place" });
    this.node = element(
      "section",
      { class: "panel pay", "aria-labelledby": "pay", hidden: true },
      element("h2", { id: "pay" }, "Pay"),
      this.place,
    );
    this.asking = new AbortController();
  }

  get isHidden() {
    return this.node.hidden;
  }

  hide() {
    this.node.hidden = true;
    this.asking.abort();
  }

  /** Asks which methods there are now. */
  offer() {
    this.hide();
    this.node.hidden = false;
    this.asking = new AbortController();
    untilLeft(this.#list(AbortSignal.any([this.signal, this.asking.signal])));
  }

  /** @param {PaymentMethod[]} methods */
  show(methods) {
    this.node.hidden = false;
    fill(this.place, payForm(methods, this.order.total, (method, input) => {
      if (!this.isHidden) this.chosen(methods, method, input); // or it is the second tap of two
    }));
  }

  /** @param {AbortSignal} signal */
  async #list(signal) {
    fill(this.place, element("p", { role: "status" }, "Looking for ways to pay…"));
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const answer = await ofOrder(signal, "/payment-methods", this.order.id, this.token);
      if (answer.kind === "done" && answer.body.items.length > 0) {
        return this.show(answer.body.items);
      }
      if (answer.kind === "done") break;
      if (answer.kind === "problem" && answer.status < 500 && answer.status !== 429) break;
      await pause(Math.min(10, 2 ** attempt) * 1000, signal);
    }
    fill(
      this.place,
      element("p", { role: "status" }, "There is no way to pay for this order just now."),
      button("Look again", "quiet", () => this.offer()),
    );
  }
}
