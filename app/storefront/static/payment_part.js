/**
 * Paying on the page of an order: the choice, the try that is under way, and how it ended. A decline
 * leads back to the choice for as long as the order is held.
 */

import { returnAddress } from "./addresses.js";
import { button, element } from "./dom.js";
import { BUSY_ATTEMPTS_MAX, nextText, UNKNOWN_ATTEMPTS_MAX } from "./insisting.js";
import { aheadOf } from "./next_action.js";
import { untilLeft } from "./pausing.js";
import { PayChoice } from "./pay_choice.js";
import { follow, pay } from "./paying.js";
import * as words from "./payment_words.js";
import { forgetTry, isFresh, keepTry, keptTry, newTry } from "./tries.js";

/**
 * @typedef {import("./api.js").Order} Order
 * @typedef {import("./api.js").Payment} Payment
 * @typedef {import("./tries.js").Try} Try
 */

export class PaymentPart {
  /**
   * @param {Order} order
   * @param {string} token
   * @param {AbortSignal} signal
   * @param {import("./outcome_panel.js").OutcomePanel} panel
   * @param {{look: () => Promise<unknown>, takeFocus: () => void}} page reads the order again; has a
   *   place for the focus when ours is gone
   */
  constructor(order, token, signal, panel, page) {
    this.order = order;
    this.token = token;
    this.signal = signal;
    this.panel = panel;
    this.page = page;
    /** @type {Try | null} the one that is under way */
    this.attempt = null;
    this.choice = new PayChoice(order, token, signal, (methods, method, input) => {
      const asked = { method, return_url: location.origin + returnAddress(order.id), input };
      this.#send(newTry(order.id, asked, methods));
    });
    this.isChoosingAnother = false; // while a try is under way
  }

  /** Whether the order may still change through a try, whatever its state says. */
  get isOpen() {
    return this.attempt !== null;
  }

  /** With the try that this browser is in the middle of, if any: from before a reload, or in another tab. */
  goOn() {
    const kept = keptTry(this.order.id);
    if (kept === null || this.attempt !== null) return;
    if (this.#isSettled) forgetTry(this.order.id);
    else if (kept.paymentId !== null) this.#follow(kept);
    // To an order that is not held it is no more than a question.
    else if (isFresh(kept) || this.order.status !== "held") this.#send(kept);
    else this.#askWhetherToGoOn(kept, words.OLD_TRY_TEXT);
  }

  /** @param {Order} order as it stands now */
  update(order) {
    this.order = order;
    const canPay = order.status === "held" && order.total.amount > 0 && this.attempt === null;
    if (canPay && this.choice.isHidden) this.choice.offer();
    else if (!canPay && !this.isChoosingAnother) this.#hide();
    if (this.#isSettled && this.attempt !== null) this.#end();
    if (order.status === "paying" && this.attempt === null) this.goOn();
  }

  get #isSettled() {
    return this.order.status === "confirmed" || this.order.status === "cancelled";
  }

  #hide() {
    this.choice.hide();
    this.isChoosingAnother = false;
  }

  /** @param {Try} attempt */
  #send(attempt) {
    const earlier = this.attempt;
    this.attempt = attempt;
    this.#hide();
    this.panel.working("Paying…", "One moment. Please do not pay twice.");
    this.panel.focus();
    const paid = pay(attempt, this.token, this.signal, (progress) => this.#tell(progress));
    untilLeft(paid.then((end) => {
      if (end.kind === "done") return this.#take(attempt, end.body);
      if (end.kind === "refused") return this.#refused(attempt, end.problem, earlier);
      return this.#askWhetherToGoOn(attempt, words.STILL_UNKNOWN_TEXT);
    }));
  }

  /** @param {import("./insisting.js").Progress} progress */
  #tell(progress) {
    if (progress.kind === "busy") {
      const { title, text } = words.paymentRefusalWords(progress.problem);
      this.panel.working(title, `${text} ${nextText("try again", progress, BUSY_ATTEMPTS_MAX)}.`);
    } else if (progress.kind === "unknown") {
      const why = navigator.onLine ? "No answer came." : "No answer came: you are offline.";
      const next = nextText("ask again", progress, UNKNOWN_ATTEMPTS_MAX);
      this.panel.working(
        words.UNKNOWN_TITLE,
        `${why} Do not pay again. ${next}; this never takes the money twice.`,
      );
    }
  }

  /** @param {Try} attempt @param {string} text */
  #askWhetherToGoOn(attempt, text) {
    this.attempt = attempt;
    this.#hide();
    const again = button("Ask again", "primary", () => this.#send(attempt));
    this.panel.stopped(words.UNKNOWN_TITLE, text, [again]);
    this.panel.focus();
  }

  /**
   * @param {Try} attempt
   * @param {import("./api.js").Problem} problem
   * @param {Try | null} earlier that stays under way when another could not begin
   */
  async #refused(attempt, problem, earlier) {
    this.#end();
    const { title, text } = words.paymentRefusalWords(problem);
    if (earlier !== null && earlier !== attempt && earlier.paymentId !== null) {
      keepTry(earlier);
      this.panel.stopped(title, text);
      this.#follow(earlier);
    } else {
      await this.page.look();
      this.panel.stopped(title, text);
    }
    this.panel.focus();
  }

  /** @param {Try} attempt */
  #follow(attempt, known = /** @type {Payment | null} */ (null)) {
    this.attempt = attempt;
    this.#hide();
    untilLeft(follow(attempt, this.token, this.signal, known).then((payment) => {
      if (this.attempt !== attempt) return; // another try took its place meanwhile
      if (payment !== null) return this.#take(attempt, payment);
      this.#end();
      return this.page.look();
    }));
  }

  /** @param {Try} attempt @param {Payment} payment as it stands now */
  async #take(attempt, payment) {
    switch (payment.status) {
      case "processing":
      case "requires_action":
        this.#ahead(attempt, payment);
        return this.#follow(attempt, payment);
      case "succeeded":
        this.#end();
        return this.page.look();
      case "failed":
      case "cancelled":
      case "refunded":
        this.#end();
        await this.page.look();
        this.#sayEnd(payment);
    }
  }

  /** @param {Payment} payment */
  #sayEnd(payment) {
    const isHeld = this.order.status === "held";
    const { title, text } = payment.status === "failed"
      ? words.declineWords(payment.failure, isHeld)
      : payment.status === "cancelled" ? words.cancelledWords(isHeld) : words.RETURNED;
    this.panel.stopped(title, text);
    this.panel.focus();
  }

  /**
   * What the buyer has to do, or that there is nothing to do but wait.
   * @param {Try} attempt
   * @param {Payment} payment
   */
  #ahead(attempt, payment) {
    const ahead = aheadOf(payment);
    const another = button("Pay another way", "quiet", () => {
      this.isChoosingAnother = true;
      this.choice.show(attempt.methods);
    });
    if (ahead === null) return this.panel.working(words.CHECKING.title, words.CHECKING.text);
    if (ahead.url !== null && !attempt.wasSentAway) {
      attempt.wasSentAway = true;
      keepTry(attempt);
      location.assign(ahead.url);
    }
    const link = ahead.url === null
      ? null
      : element("a", { class: "button primary", href: ahead.url }, "Go on to the payment page");
    this.panel.waiting(ahead.title, ahead.text, link === null ? [another] : [link, another]);
  }

  /** Of the try that was under way. */
  #end() {
    this.attempt = null;
    forgetTry(this.order.id);
    if (this.panel.clear()) this.page.takeFocus();
  }
}
