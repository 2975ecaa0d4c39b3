/**
 * A wish: what somebody wants to buy, and the key it is sent with. The same wish keeps its key, however
 * often it is sent; another e-mail, other lines or holding first make it another wish with a fresh
 * key. Kept for this tab, so that a reload in the middle goes on with the same key.
 */

import { freshKey } from "./fresh_key.js";
import { keep, ofThisTab, recall } from "./storage.js";

/**
 * `askedAt`: when it was sent, while nobody knows what became of it; null when that is known.
 * @typedef {{key: string, eventId: string, asked: import("./api.js").Wish,
 *   askedAt: number | null}} KeptWish
 */

const PREFIX = "taquilla.wish.";
const FRESH_MINUTES = 15;

/**
 * @param {string} eventId
 * @param {import("./api.js").Wish} asked
 * @returns {KeptWish}
 */
export function wishFor(eventId, asked) {
  const kept = keptWish(eventId);
  if (kept !== null && sameness(kept.asked) === sameness(asked)) return { ...kept, asked };
  return { key: freshKey(), eventId, asked, askedAt: null };
}

/** @param {string} eventId @returns {KeptWish | null} */
export function keptWish(eventId) {
  const kept = recall(ofThisTab, PREFIX + eventId);
  const isWhole = typeof kept?.key === "string" && Array.isArray(kept?.asked?.lines)
    && typeof kept?.asked?.customer?.email === "string";
  return isWhole ? kept : null;
}

/** @param {KeptWish} wish before it is sent: what is not answered can then be found again */
export function noteAsked(wish) {
  wish.askedAt ??= Date.now();
  keep(ofThisTab, PREFIX + wish.eventId, wish);
}

/** @param {KeptWish} wish that was refused: nothing was ordered, and the key may serve again */
export function noteRefused(wish) {
  wish.askedAt = null;
  keep(ofThisTab, PREFIX + wish.eventId, wish);
}

/** @param {string} eventId once the order is made: the next one is another wish, though it be alike */
export function forgetWish(eventId) {
  keep(ofThisTab, PREFIX + eventId, null);
}

/** @param {KeptWish} wish @returns {boolean} whether its buyer surely still waits for it */
export function isFresh(wish) {
  return wish.askedAt !== null && Date.now() - wish.askedAt < FRESH_MINUTES * 60_000;
}

/** @returns {string | null} the event of a wish that nobody knows the answer of */
export function unansweredEvent() {
  try {
    for (const key of Object.keys(sessionStorage)) {
      const eventId = key.slice(PREFIX.length);
      if (key.startsWith(PREFIX) && (keptWish(eventId)?.askedAt ?? null) !== null) return eventId;
    }
  } catch {
    // No storage, no wish.
  }
  return null;
}

/** @param {import("./api.js").Wish} asked whatever makes it another request to the service */
function sameness({ customer, lines, confirm }) {
  return JSON.stringify(
    [customer.email, lines.map((line) => [line.ticket_type, line.quantity]), confirm],
  );
}
