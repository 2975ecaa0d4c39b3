/** Waiting that ends: with its time, with its signal, or because the network or the visitor is back. */

/** Thrown where the view that waited is gone. */
export class Left extends Error {}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>} rejects with `Left` when the signal ends it
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Left());
    const done = new AbortController();
    /** @param {() => void} settle */
    const end = (settle) => {
      clearTimeout(timer);
      done.abort();
      settle();
    };
    const timer = setTimeout(() => end(resolve), milliseconds);
    const until = { signal: done.signal };
    signal.addEventListener("abort", () => end(() => reject(new Left())), until);
    addEventListener("online", () => end(resolve), until);
  });
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<void>} at once when the page is seen
 */
export function untilSeen(signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Left());
    if (!document.hidden) return resolve();
    const done = new AbortController();
    const until = { signal: done.signal };
    signal.addEventListener("abort", () => { done.abort(); reject(new Left()); }, until);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) { done.abort(); resolve(); }
    }, until);
  });
}

const SLOWEST_SECONDS = 30;

/**
 * Asks for as long as the signal lasts: not while the page is hidden, and slower while it fails. Many
 * thousands look at the same event, so nobody keeps the beat exactly.
 * @param {number} seconds between two questions
 * @param {AbortSignal} signal
 * @param {() => Promise<import("./api.js").Answer>} ask
 */
export async function poll(seconds, signal, ask) {
  let failures = 0;
  while (!signal.aborted) {
    const slower = Math.min(SLOWEST_SECONDS, seconds * 2 ** failures);
    await pause(slower * 1000 * (0.85 + 0.3 * Math.random()), signal);
    await untilSeen(signal);
    const answer = await ask();
    failures = answer.kind === "done" ? 0 : Math.min(failures + 1, 5);
    if (answer.kind === "problem" && answer.retryAfterSeconds !== null) {
      await pause(Math.min(answer.retryAfterSeconds, SLOWEST_SECONDS) * 1000, signal);
    }
  }
}

/**
 * For work that a view starts and leaves: that the view is gone is no error.
 * @param {Promise<unknown>} work
 */
export function untilLeft(work) {
  work.catch((error) => {
    if (!(error instanceof Left)) throw error;
  });
}
