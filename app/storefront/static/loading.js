/** Reading that does not give up: what a view cannot be shown without. And the line that says so. */

import { element, say } from "./dom.js";
import { pause } from "./pausing.js";
import { BUSY_TEXT, LOST_TEXT } from "./words.js";

const LIVE_TEXTS = { done: "Live", lost: LOST_TEXT, problem: BUSY_TEXT };

/**
 * @param {AbortSignal} signal
 * @param {() => Promise<import("./api.js").Answer>} ask
 * @param {LiveLine} line
 * @returns {Promise<import("./api.js").Done | import("./api.js").Problem>} a problem only where asking
 *   again would not help
 */
export async function read(signal, ask, line) {
  for (let failures = 0; ; failures += 1) {
    const answer = await ask();
    line.note(answer);
    if (answer.kind === "done") return answer;
    if (answer.kind === "problem" && answer.status < 500 && answer.status !== 429) return answer;
    await pause(Math.min(30, 2 ** failures) * 1000, signal);
  }
}

/** One line under a heading, of constant height: whether what is shown is of this moment. */
export class LiveLine {
  constructor() {
    this.text = element("span", {}, "Looking…");
    this.node = element(
      "p",
      { class: "live", role: "status" },
      element("span", { class: "dot", "aria-hidden": "true" }),
      this.text,
    );
  }

  /** @param {import("./api.js").Answer} answer */
  note(answer) {
    this.node.classList.toggle("off", answer.kind !== "done");
    say(this.text, LIVE_TEXTS[answer.kind]);
  }
}
