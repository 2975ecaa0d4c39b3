/** Where a buyer comes back to from the page of a bank: leads on to the order, whose secret it never saw. */

import { orderAddress } from "./addresses.js";
import { element, fill } from "./dom.js";
import { rememberedOrders } from "./my_orders.js";

/**
 * @param {HTMLElement} view
 * @param {(title: string) => void} setTitle
 * @param {string} orderId
 */
export async function showReturn(view, setTitle, orderId) {
  setTitle("Back from paying");
  const order = rememberedOrders().find((each) => each.id === orderId);
  if (order !== undefined) return location.replace(orderAddress(order.id, order.token));
  fill(
    view,
    element("h1", {}, "Open the link of your order"),
    element(
      "p",
      { class: "panel" },
      "This browser does not know the order that you paid for. Its page, in the browser where you "
        + "bought, shows what became of the payment. Do not pay again.",
    ),
  );
}
