/**
 * A try at paying for an order, and the key it is sent with: the same for as long as nobody knows how
 * it ended, a fresh one for the next try. Kept for this browser, so that a reload, another tab or the
 * way back from the bank goes on with it; it opens nothing, as the order's token is not in it.
 */

import { freshKey } from "./fresh_key.js";
import { keep, ofThisBrowser, recall } from "./storage.js";

/**
 * `askedAt`: when it was first sent; null while that is not so. `paymentId`: once the service has named
 * it. `wasSentAway`: the buyer has been to the page of the bank. `methods`: those that were to choose.
 * @typedef {{key: string, orderId: string, asked: import("./api.js").AskedPayment,
 *   askedAt: number | null, paymentId: string | null, wasSentAway: boolean,
 *   methods: import("./api.js").PaymentMethod[]}} Try
 */

const KEY = "taquilla.tries";
const TRIES_MAX = 20;
const FRESH_MINUTES = 15;

/**
 * @param {string} orderId
 * @param {import("./api.js").AskedPayment} asked
 * @param {import("./api.js").PaymentMethod[]} methods
 * @returns {Try}
 */
export const newTry = (orderId, asked, methods) =>
  ({ key: freshKey(), orderId, asked, askedAt: null, paymentId: null, wasSentAway: false, methods });

/** @param {string} orderId @returns {Try | null} */
export function keptTry(orderId) {
  return allTries().find((each) => each.orderId === orderId) ?? null;
}

/** @param {Try} attempt before it is sent, and whenever more is known of it */
export function keepTry(attempt) {
  const others = allTries().filter((each) => each.orderId !== attempt.orderId);
  keep(ofThisBrowser, KEY, [attempt, ...others].slice(0, TRIES_MAX));
}

/** @param {string} orderId once it is known how the try ended */
export function forgetTry(orderId) {
  const others = allTries().filter((each) => each.orderId !== orderId);
  keep(ofThisBrowser, KEY, others.length === 0 ? null : others);
}

/** @param {Try} attempt @returns {boolean} whether its buyer surely still waits for it */
export function isFresh(attempt) {
  return attempt.askedAt !== null && Date.now() - attempt.askedAt < FRESH_MINUTES * 60_000;
}

/** @returns {Try[]} */
function allTries() {
  const kept = recall(ofThisBrowser, KEY);
  return Array.isArray(kept) ? kept.filter(isWhole) : [];
}

/** @param {any} kept */
function isWhole(kept) {
  return typeof kept?.key === "string" && typeof kept?.orderId === "string"
    && typeof kept?.asked?.method === "string" && Array.isArray(kept?.methods);
}
