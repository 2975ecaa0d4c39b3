/** Sends a wish until it is known what became of it, or until its tries are used up. */

import { placeOrder } from "./api.js";
import { insist } from "./insisting.js";
import { forgetWish, noteAsked, noteRefused } from "./wishes.js";

/**
 * @typedef {{kind: "placed", order: import("./api.js").Order & {token: string}}
 *   | {kind: "refused", problem: import("./api.js").Problem}
 *   | {kind: "unknown"}} Outcome
 */

/**
 * @param {import("./wishes.js").KeptWish} wish
 * @param {AbortSignal} signal leaving keeps the wish: it can be gone on with
 * @param {(progress: import("./insisting.js").Progress) => void} tell
 * @returns {Promise<Outcome>}
 */
export async function buy(wish, signal, tell) {
  const end = await insist({
    send: () => placeOrder(signal, wish.eventId, wish.key, wish.asked),
    wasAsked: wish.askedAt !== null,
    noteAsked: () => noteAsked(wish),
    noteRefused: () => noteRefused(wish),
    tell,
    signal,
  });
  if (end.kind === "done") {
    forgetWish(wish.eventId);
    return { kind: "placed", order: end.body };
  }
  if (end.kind === "refused" && end.problem.code === "idempotency-key-reused") {
    forgetWish(wish.eventId);
  }
  return end;
}
