/**
 * The addresses of the views, all behind the `#`: what stands there never leaves the browser, so the
 * token of an order reaches no log.
 */

/**
 * @typedef {{view: "events"} | {view: "event", eventId: string} | {view: "orders"}
 *   | {view: "order", orderId: string, token: string} | {view: "nothing"}} Place
 */

/** @param {string} eventId */
export const eventAddress = (eventId) => `#/events/${encodeURIComponent(eventId)}`;

/** @param {string} orderId @param {string} token */
export const orderAddress = (orderId, token) =>
  `#/orders/${encodeURIComponent(orderId)}/${encodeURIComponent(token)}`;

/** @param {string} hash @returns {Place} */
export function readAddress(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const [noun, first, second] = parts;
  if (parts.length === 1 && noun === "") return { view: "events" };
  if (parts.length === 1 && noun === "events") return { view: "events" };
  if (parts.length === 1 && noun === "orders") return { view: "orders" };
  if (parts.length === 2 && noun === "events" && first) return { view: "event", eventId: first };
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
