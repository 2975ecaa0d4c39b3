/** What was ordered, for how much, what went back, when, and under which number. */

import { element, fill } from "./dom.js";
import { moneyText, priceText, shortDateText } from "./format.js";

/** @typedef {import("./api.js").Order} Order */

export class OrderSummary {
  constructor() {
    this.place = element("div", { class: "summary" });
    this.node = element("section", { class: "panel", "aria-labelledby": "summary" },
      element("h2", { id: "summary" }, "Order"), this.place);
    /** @type {number | null} */
    this.drawn = null;
  }

  /** @param {Order} order */
  update(order) {
    if (this.drawn === order.refunded.amount) return;
    this.drawn = order.refunded.amount;
    fill(
      this.place,
      element("ul", { class: "lines" }, ...order.lines.map((each) => element("li", {},
        element("span", {}, `${each.quantity} × ${each.name}`),
        element("span", {}, priceText(each.amount)),
      ))),
      sum("Total", priceText(order.total)),
      order.refunded.amount > 0 ? sum("Paid back", moneyText(order.refunded)) : null,
      element(
        "p",
        { class: "small" },
        `Ordered ${shortDateText(order.created_at)}. Number: `,
        element("code", {}, order.id),
      ),
    );
  }
}

/** @param {string} what @param {string} amount */
const sum = (what, amount) => element(
  "p",
  { class: "lines-total" },
  element("span", {}, what),
  element("span", {}, amount),
);
