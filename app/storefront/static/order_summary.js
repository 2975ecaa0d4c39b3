/** What was ordered, for how much, when, and under which number. */

import { element } from "./dom.js";
import { priceText, shortDateText } from "./format.js";

/** @param {import("./api.js").Order} order */
export function orderSummary(order) {
  return element("section", { class: "panel", "aria-labelledby": "summary" },
    element("h2", { id: "summary" }, "Order"),
    element("ul", { class: "lines" }, ...order.lines.map((each) => element("li", {},
      element("span", {}, `${each.quantity} × ${each.name}`),
      element("span", {}, priceText(each.amount)),
    ))),
    element(
      "p",
      { class: "lines-total" },
      element("span", {}, "Total"),
      element("span", {}, priceText(order.total)),
    ),
    element(
      "p",
      { class: "small" },
      `Ordered ${shortDateText(order.created_at)}. Number: `,
      element("code", {}, order.id),
    ),
  );
}
