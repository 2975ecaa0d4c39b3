/**
 * Sends one request, with one key, until it is known what became of it or its tries are used up.
 *
 * 503 and 429: this request changed nothing, so it is sent again after a while. 504, a lost connection
 * or anything that is not an answer of the service: it may have done its work, and the same key finds
 * out without doing it twice.
 */

import { pause } from "./pausing.js";

/**
 * @typedef {import("./api.js").Problem} Problem
 * @typedef {{kind: "sending"}
 *   | {kind: "busy", problem: Problem, seconds: number, attempt: number}
 *   | {kind: "unknown", seconds: number, attempt: number}} Progress what is told meanwhile
 * @typedef {import("./api.js").Done | {kind: "refused", problem: Problem} | {kind: "unknown"}} End
 */

export const BUSY_ATTEMPTS_MAX = 4;
export const UNKNOWN_ATTEMPTS_MAX = 8;
const SECONDS_MAX = 10;

/**
 * `wasAsked`: an earlier request of this key, from before a reload, was not answered. `noteAsked`:
 * before each request. `noteRefused`: once it is known that nothing was done.
 * @param {{send: () => Promise<import("./api.js").Answer>, wasAsked: boolean, noteAsked: () => void,
 *   noteRefused: () => void, tell: (progress: Progress) => void, signal: AbortSignal}} request
 * @returns {Promise<End>}
 */
export async function insist({ send, wasAsked, noteAsked, noteRefused, tell, signal }) {
  let isUnknown = wasAsked;
  let busy = 0;
  let unknown = 0;
  for (;;) {
    noteAsked();
    tell({ kind: "sending" });
    const answer = await send();
    if (answer.kind === "done") return answer;
    if (answer.kind === "problem" && isBusy(answer)) {
      if (!isUnknown) noteRefused();
      busy += 1;
      if (busy >= BUSY_ATTEMPTS_MAX) {
        return isUnknown ? { kind: "unknown" } : { kind: "refused", problem: answer };
      }
      const seconds = secondsBefore(busy, answer.retryAfterSeconds);
      tell({ kind: "busy", problem: answer, seconds, attempt: busy });
      await pause(seconds * 1000, signal);
    } else if (answer.kind === "problem" && answer.status < 500) {
      noteRefused();
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

/** @param {string} verb @param {{seconds: number, attempt: number}} wait @param {number} most */
export function nextText(verb, { seconds, attempt }, most) {
  return `We ${verb} in ${Math.ceil(seconds)} s (try ${attempt + 1} of ${most})`;
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
