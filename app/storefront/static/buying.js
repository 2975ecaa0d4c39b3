/**
 * Sends a wish until it is known what became of it, or until its tries are used up.
 *
 * 503 and 429: this request changed nothing, so it is sent again after a while. 504, a lost connection
 * or anything that is not an answer of the service: it may have been ordered, and the same key finds
 * out without ordering twice.
 */

import { placeOrder } from "./api.js";
import { pause } from "./pausing.js";
import { forgetWish, noteAsked, noteRefused } from "./wishes.js";

/**
 * @typedef {import("./api.js").Problem} Problem
 * @typedef {{kind: "sending"}
 *   | {kind: "busy", problem: Problem, seconds: number, attempt: number}
 *   | {kind: "unknown", seconds: number, attempt: number}} Progress what is told meanwhile
 * @typedef {{kind: "placed", order: import("./api.js").Order & {token: string}}
 *   | {kind: "refused", problem: Problem}
 *   | {kind: "unknown"}} Outcome
 */

export const BUSY_ATTEMPTS_MAX = 4;
export const UNKNOWN_ATTEMPTS_MAX = 8;
const SECONDS_MAX = 10;

/**
 * @param {import("./wishes.js").KeptWish} wish
 * @param {AbortSignal} signal leaving keeps the wish: it can be gone on with
 * @param {(progress: Progress) => void} tell
 * @returns {Promise<Outcome>}
 */
export async function buy(wish, signal, tell) {
  let isUnknown = wish.askedAt !== null; // an earlier request of this key, from before a reload
  let busy = 0;
  let unknown = 0;
  for (;;) {
    noteAsked(wish);
    tell({ kind: "sending" });
    const answer = await placeOrder(signal, wish.eventId, wish.key, wish.asked);
    if (answer.kind === "done") {
      forgetWish(wish.eventId);
      return { kind: "placed", order: answer.body };
    }
    if (answer.kind === "problem" && isBusy(answer)) {
      if (!isUnknown) noteRefused(wish);
      busy += 1;
      if (busy >= BUSY_ATTEMPTS_MAX) {
        return isUnknown ? { kind: "unknown" } : { kind: "refused", problem: answer };
      }
      const seconds = secondsBefore(busy, answer.retryAfterSeconds);
      tell({ kind: "busy", problem: answer, seconds, attempt: busy });
      await pause(seconds * 1000, signal);
    } else if (answer.kind === "problem" && answer.status < 500) {
      if (answer.code === "idempotency-key-reused") forgetWish(wish.eventId);
      else noteRefused(wish);
      return { kind: "refused", problem: answer };
    } else {
      isUnknown = true;
      unknown += 1;
      if (unknown >= UNKNOWN_ATTEMPTS_MAX) return { kind: "unknown" };
      const told = answer.kind === "problem" ? answer.retryAfterSeconds : null;
      const seconds = secondsBefore(unknown, told);
      tell({ kind: "unknown", seconds, attempt: unknown });
      await pause(seconds * 1000, signal);
    }
  }
}

/** @param {Problem} problem */
function isBusy(problem) {
  return problem.status === 503 || problem.status === 429;
}

/** @param {number} attempt @param {number | null} toldSeconds */
function secondsBefore(attempt, toldSeconds) {
  const ours = 2 ** (attempt - 1) * (0.8 + 0.4 * Math.random());
  return Math.min(SECONDS_MAX, Math.max(ours, toldSeconds ?? 0));
}
