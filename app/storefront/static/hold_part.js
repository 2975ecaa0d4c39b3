/** The countdown of a hold, and its ends that cost nothing: to confirm it, or to let it go. */

import { ofOrder, serviceNow } from "./api.js";
import { button, element, fill, say } from "./dom.js";
import { leftText } from "./format.js";
import { pause, untilLeft } from "./pausing.js";
import { transitionWords, unavailableWords } from "./refusals.js";

/** @typedef {import("./api.js").Order} Order */

const ATTEMPTS_MAX = 6;
const LAST_CALL_SECONDS = 60;

export class HoldPart {
  /**
   * @param {Order} order
   * @param {string} token
   * @param {AbortSignal} signal
   * @param {import("./outcome_panel.js").OutcomePanel} panel
   * @param {(order: Order) => void} changed
   */
  constructor(order, token, signal, panel, changed) {
    this.order = order;
    this.token = token;
    this.signal = signal;
    this.panel = panel;
    this.changed = changed;
    this.isBusy = false;
    this.countdown = element("p", { class: "countdown", role: "timer" });
    this.lastCall = element("p", { class: "unseen", role: "status" });
    this.actions = element("div", { class: "actions" });
    this.node = element(
      "section",
      { class: "panel hold", "aria-label": "Hold" },
      this.countdown,
      this.lastCall,
      this.actions,
    );
    this.node.hidden = true;
  }

  /** @param {Order} order as it stands now */
  update(order) {
    this.order = order;
    const isHeld = order.status === "held";
    if (isHeld && this.node.hidden) {
      this.#offer();
      untilLeft(this.#tick());
    }
    this.node.hidden = !isHeld;
  }

  /** The countdown, for as long as there is a hold. */
  async #tick() {
    while (this.order.status === "held" && this.order.expires_at !== null) {
      const left = Date.parse(this.order.expires_at) - serviceNow();
      say(this.countdown, `${leftText(left)} left`);
      const isLastCall = left > 0 && left <= LAST_CALL_SECONDS * 1000;
      if (isLastCall) say(this.lastCall, "Less than a minute is left.");
      if (left <= 0 && !this.isBusy) await this.#look();
      await pause(left <= 0 ? 1000 : left % 1000 + 20, this.signal);
    }
  }

  #offer() {
    const isFree = this.order.total.amount === 0;
    fill(
      this.actions,
      isFree ? button("Confirm", "primary", () => this.#finish("/confirm")) : null,
      button("Let go", "plain", () => this.#askToLetGo()),
    );
  }

  /** Twice, since a second tap on "Get tickets" may land here. */
  #askToLetGo() {
    const no = button("Keep them", "quiet", () => this.#offer());
    fill(
      this.actions,
      element("p", {}, "Let these tickets go to others?"),
      button("Yes, let go", "danger", () => this.#finish("/release")),
      no,
    );
    no.focus();
  }

  /** @param {"/confirm" | "/release"} what */
  #finish(what) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.panel.working(what === "/confirm" ? "Confirming…" : "Letting go…", "One moment.");
    this.panel.focus();
    untilLeft(this.#ask(what).finally(() => { this.isBusy = false; }));
  }

  /**
   * Both are safe to repeat: an order that is there already stays as it is.
   * @param {"/confirm" | "/release"} what
   */
  async #ask(what) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await ofOrder(this.signal, what, this.order.id, this.token);
      if (answer.kind === "done") {
        this.panel.clear();
        return this.changed(answer.body);
      }
      if (answer.kind === "problem" && answer.status < 500 && answer.status !== 429) {
        return this.#refused(answer);
      }
      if (attempt >= ATTEMPTS_MAX) {
        return this.panel.stopped(
          "We do not know yet",
          "No answer came. Asking again does no harm.",
          [button("Ask again", "primary", () => this.#finish(what))],
        );
      }
      const isKnown = answer.kind === "problem" && answer.status !== 504;
      const words = isKnown ? unavailableWords(answer.body.reason).title : "We do not know yet";
      const seconds = Math.min(10, 2 ** (attempt - 1));
      this.panel.working(
        words,
        `We ask again in ${seconds} s (try ${attempt + 1} of ${ATTEMPTS_MAX}); this does no harm.`,
      );
      await pause(seconds * 1000, this.signal);
    }
  }

  /** @param {import("./api.js").Problem} problem */
  async #refused(problem) {
    await this.#look();
    const { title, text } = transitionWords(problem);
    this.panel.stopped(title, text);
    this.panel.focus();
  }

  async #look() {
    const answer = await ofOrder(this.signal, "", this.order.id, this.token);
    if (answer.kind === "done") this.changed(answer.body);
  }
}
