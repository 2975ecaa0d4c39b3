/** The orders that this browser remembers. */

import { orderAddress } from "./addresses.js";
import { button, element, fill, paint } from "./dom.js";
import { shortDateText } from "./format.js";
import { forgetOrder, rememberedOrders } from "./my_orders.js";

/** @param {HTMLElement} view @param {AbortSignal} _signal @param {(title: string) => void} setTitle */
export async function showMyOrders(view, _signal, setTitle) {
  setTitle("My orders");
  const heading = element("h1", { tabindex: -1 }, "My orders");
  const eventsLink = element("a", { href: "#/" }, "See the events");
  const draw = () => {
    const orders = rememberedOrders();
    fill(view, heading,
      element(
        "p",
        { class: "lead" },
        "Remembered by this browser only. On another device, use the link of the order.",
      ),
      orders.length === 0
        ? element("p", { class: "panel" }, "No orders yet. ", eventsLink)
        : element("ul", { class: "cards" }, ...orders.map((order) => row(order, forget))));
  };
  /** @param {string} id */
  const forget = (id) => {
    forgetOrder(id);
    draw();
    heading.focus();
  };
  draw();
}

/** @param {import("./my_orders.js").RememberedOrder} order @param {(id: string) => void} forget */
function row(order, forget) {
  const mark = element("span", { class: "order-mark", "aria-hidden": "true" });
  paint(mark, order.eventId);
  const forgetting = button("Forget", "plain", () => forget(order.id));
  forgetting.setAttribute("aria-label", `Forget the order for ${order.eventName} on this device`);
  return element("li", { class: "card remembered" },
    element("a", { href: orderAddress(order.id, order.token) }, mark,
      element("span", { class: "card-about" },
        element("span", { class: "card-name" }, order.eventName),
        element("span", { class: "card-when" }, `Ordered ${shortDateText(order.createdAt)}`))),
    forgetting);
}
