/**
 * The addresses of the views, all behind the `#`: what stands there never leaves the browser, so the
 * token of an order reaches no log.
 */

/**
 * @typedef {{view: "events"} | {view: "event", eventId: string} | {view: "orders"}
 *   | {view: "order", orderId: string, token: string} | {view: "return", orderId: string}
 *   | {view: "nothing"}} Place
 */

/** @param {string} eventId */
export const eventAddress = (eventId) => `#/events/${encodeURIComponent(eventId)}`;

/** @param {string} orderId @param {string} token */
export const orderAddress = (orderId, token) =>
  `#/orders/${encodeURIComponent(orderId)}/${encodeURIComponent(token)}`;

/** Without the token, since others are told it. @param {string} orderId */
export const returnAddress = (orderId) => `/#/paid/${encodeURIComponent(orderId)}`;

/** @param {string} hash @returns {Place} */
export function readAddress(hash) {
  // Whoever sends a buyer back may have words of its own to add.
  const parts = hash.replace(/^#\/?/, "").replace(/\?.*$/, "").split("/").map(decoded);
  const [noun, first, second] = parts;
  if (parts.length === 1 && noun === "") return { view: "events" };
  if (parts.length === 1 && noun === "events") return { view: "events" };
  if (parts.length === 1 && noun === "orders") return { view: "orders" };
  if (parts.length === 2 && noun === "events" && first) return { view: "event", eventId: first };
  if (parts.length === 2 && noun === "paid" && first) return { view: "return", orderId: first };
  if (parts.length === 3 && noun === "orders" && first && second) {
    return { view: "order", orderId: first, token: second };
  }
  return { view: "nothing" };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // cut in the middle of an escape
  }
}
