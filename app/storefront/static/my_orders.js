/** The orders that this browser remembers: what opens them again, and nothing about the buyer. */

import { keep, ofThisBrowser, recall } from "./storage.js";

/**
 * @typedef {{id: string, token: string, eventId: string, eventName: string,
 *   createdAt: string}} RememberedOrder
 */

const KEY = "taquilla.orders";
const ORDERS_MAX = 50;

/** @returns {RememberedOrder[]} the newest first */
export function rememberedOrders() {
  const kept = recall(ofThisBrowser, KEY);
  return Array.isArray(kept) ? kept.filter(isWhole) : [];
}

/**
 * @param {import("./api.js").Order} placed
 * @param {string} token
 * @param {string} eventName
 */
export function rememberOrder(placed, token, eventName) {
  const { id, event_id: eventId, created_at: createdAt } = placed;
  const order = { id, token, eventId, eventName, createdAt };
  const others = rememberedOrders().filter((each) => each.id !== order.id);
  const all = [order, ...others].sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  keep(ofThisBrowser, KEY, all.slice(0, ORDERS_MAX));
}

/** @param {string} id */
export function forgetOrder(id) {
  keep(ofThisBrowser, KEY, rememberedOrders().filter((each) => each.id !== id));
}

/** @param {any} kept */
function isWhole(kept) {
  const parts = [kept?.id, kept?.token, kept?.eventId, kept?.eventName, kept?.createdAt];
  return parts.every((part) => typeof part === "string");
}
