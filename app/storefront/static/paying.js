/** Sends a try at paying until it is known what became of it; and follows a payment to its end. */

import { readPayment, startPayment } from "./api.js";
import { insist } from "./insisting.js";
import { pause, untilSeen } from "./pausing.js";
import { forgetTry, keepTry } from "./tries.js";

/**
 * @typedef {import("./api.js").Payment} Payment
 * @typedef {import("./tries.js").Try} Try
 */

const POLL_SECONDS = 2;
const SLOWEST_SECONDS = 30;

/**
 * @param {Try} attempt
 * @param {string} token
 * @param {AbortSignal} signal leaving keeps the try: it can be gone on with
 * @param {(progress: import("./insisting.js").Progress) => void} tell
 */
export async function pay(attempt, token, signal, tell) {
  const end = await insist({
    send: () => startPayment(signal, attempt.orderId, token, attempt.key, attempt.asked),
    wasAsked: attempt.askedAt !== null,
    noteAsked: () => {
      attempt.askedAt ??= Date.now();
      keepTry(attempt);
    },
    noteRefused: () => {
      attempt.askedAt = null;
      forgetTry(attempt.orderId);
    },
    tell,
    signal,
  });
  if (end.kind === "done") {
    attempt.paymentId = end.body.id;
    keepTry(attempt);
  }
  return end;
}

/**
 * Looks until the payment says something else than it did, or until it cannot be found.
 * @param {Try} attempt
 * @param {string} token
 * @param {AbortSignal} signal
 * @param {Payment | null} known as it was seen last
 * @returns {Promise<Payment | null>} null: there is no such payment
 */
export async function follow(attempt, token, signal, known) {
  const seconds = known?.next_action?.poll_seconds ?? POLL_SECONDS;
  for (let failures = 0; ; failures += 1) {
    if (known !== null || failures > 0) {
      const slower = Math.min(SLOWEST_SECONDS, Math.max(1, seconds) * 2 ** Math.min(failures, 5));
      await pause(slower * 1000, signal);
      await untilSeen(signal);
    }
    const answer = await readPayment(signal, attempt.orderId, token, attempt.paymentId ?? "");
    if (answer.kind === "problem" && answer.code === "not-found") return null;
    if (answer.kind !== "done") continue;
    failures = -1;
    if (sayingOf(answer.body) !== sayingOf(known)) return answer.body;
  }
}

/** @param {Payment | null} payment */
const sayingOf = (payment) => JSON.stringify([payment?.status, payment?.next_action]);
