/** One order behind its link: its state, the countdown of a hold, its tickets, and the link to keep. */

import { eventAddress } from "./addresses.js";
import { ofOrder, readEvent, serviceNow } from "./api.js";
import { button, element, fill, paint, say } from "./dom.js";
import { dateText, leftText, moneyText } from "./format.js";
import { keepLinkPart } from "./keep_link.js";
import { LiveLine, read } from "./loading.js";
import { rememberOrder } from "./my_orders.js";
import { orderSummary } from "./order_summary.js";
import { OutcomePanel } from "./outcome_panel.js";
import { pause, poll, untilLeft } from "./pausing.js";
import { transitionWords, unavailableWords } from "./refusals.js";
import { showTickets } from "./tickets.js";
import { orderWords } from "./words.js";

/** @typedef {import("./api.js").Order} Order @typedef {import("./api.js").ShopEvent} ShopEvent */

const POLL_SECONDS = 5;
const ATTEMPTS_MAX = 6;
const LAST_CALL_SECONDS = 60;
const MAY_CHANGE = new Set(["held", "paying", "confirmed"]);

/**
 * @param {HTMLElement} view
 * @param {AbortSignal} signal
 * @param {(title: string) => void} setTitle
 * @param {string} orderId
 * @param {string} token
 */
export async function showOrder(view, signal, setTitle, orderId, token) {
  setTitle("Your order");
  const line = new LiveLine();
  fill(view, element("div", { class: "hero waiting" }, element("h1", {}, "Your order"), line.node));
  const answer = await read(signal, () => ofOrder(signal, "", orderId, token), line);
  if (answer.kind !== "done") {
    setTitle("Not found");
    return fill(view, element("h1", {}, "There is no such order"),
      element(
        "p",
        {},
        "Look whether the link is whole: its last part is a secret that opens the order.",
      ),
      element("p", {}, element("a", { href: "#/" }, "See the events")));
  }
  /** @type {Order} */
  const order = answer.body;
  const found = await readEvent(signal, order.event_id);
  const page = new OrderPage(order, found.kind === "done" ? found.body : null, token, signal);
  rememberOrder(order, token, page.eventName);
  setTitle(page.eventName);
  fill(view, ...page.nodes);
  untilLeft(page.tick());
  await poll(POLL_SECONDS, signal, () => page.refresh());
}

class OrderPage {
  /**
   * @param {Order} order
   * @param {ShopEvent | null} event
   * @param {string} token
   * @param {AbortSignal} signal
   */
  constructor(order, event, token, signal) {
    this.order = order;
    this.token = token;
    this.signal = signal;
    this.eventName = event?.name ?? order.event_id;
    this.isBusy = false;
    this.title = element("h1", {});
    this.text = element("p", { class: "lead", role: "status", tabindex: -1 });
    this.countdown = element("p", { class: "countdown", role: "timer" });
    this.lastCall = element("p", { class: "unseen", role: "status" });
    this.panel = new OutcomePanel();
    this.actions = element("div", { class: "actions" });
    this.tickets = element("section", { class: "tickets-part", "aria-labelledby": "tickets" });
    this.ticketsPlace = element("div", {});
    fill(this.tickets, element("h2", { id: "tickets" }, "Tickets"), this.ticketsPlace);
    this.hold = element(
      "section",
      { class: "panel hold", "aria-label": "Hold" },
      this.countdown,
      this.lastCall,
      this.actions,
    );
    const starts = event?.starts_at;
    const when = starts === undefined
      ? null
      : element("p", { class: "when" }, element("time", { datetime: starts }, dateText(starts)));
    const hero = element("header", { class: "hero" }, when, this.title,
      element(
        "p",
        { class: "hero-event" },
        element("a", { href: eventAddress(order.event_id) }, this.eventName),
      ),
    );
    paint(hero, order.event_id);
    this.nodes = [
      hero,
      this.text,
      this.panel.node,
      this.hold,
      this.tickets,
      orderSummary(order),
      keepLinkPart(),
    ];
    /** @type {string | null} */
    this.drawn = null;
    this.#draw();
  }

  async refresh() {
    if (this.isBusy || !MAY_CHANGE.has(this.order.status)) {
      return /** @type {import("./api.js").Done} */ ({ kind: "done", body: null });
    }
    const answer = await ofOrder(this.signal, "", this.order.id, this.token);
    if (answer.kind === "done") this.#take(answer.body);
    return answer;
  }

  /** The countdown, for as long as there is a hold. */
  async tick() {
    while (this.order.status === "held" && this.order.expires_at !== null) {
      const left = Date.parse(this.order.expires_at) - serviceNow();
      say(this.countdown, `${leftText(left)} left`);
      const isLastCall = left > 0 && left <= LAST_CALL_SECONDS * 1000;
      if (isLastCall) say(this.lastCall, "Less than a minute is left.");
      if (left <= 0) await this.refresh();
      await pause(left <= 0 ? 1000 : left % 1000 + 20, this.signal);
    }
  }

  /** @param {Order} order */
  #take(order) {
    this.order = order;
    this.#draw();
  }

  #draw() {
    if (this.drawn === this.order.status) return;
    this.drawn = this.order.status;
    const words = orderWords(this.order.status);
    say(this.title, words.title);
    say(this.text, words.text);
    this.hold.hidden = this.order.status !== "held";
    const hasTickets = this.order.status === "confirmed" || this.order.status === "cancelled";
    this.tickets.hidden = !hasTickets;
    if (this.order.status === "held") this.#offer();
    if (hasTickets) {
      untilLeft(
        showTickets(this.ticketsPlace, this.signal, this.order, this.token, this.eventName),
      );
    }
  }

  #offer() {
    const letGo = button("Let go", "plain", () => this.#askToLetGo());
    if (this.order.total.amount > 0) {
      fill(
        this.actions,
        element(
          "p",
          { class: "payment" },
          `Payment will come here: ${moneyText(this.order.total)}.`,
        ),
        letGo,
      );
    } else {
      fill(this.actions, button("Confirm", "primary", () => this.#finish("/confirm")), letGo);
    }
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
        this.#take(answer.body);
        this.text.focus();
        return;
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
    const answer = await ofOrder(this.signal, "", this.order.id, this.token);
    if (answer.kind === "done") this.#take(answer.body);
    const { title, text } = transitionWords(problem);
    this.panel.stopped(title, text);
    this.panel.focus();
  }
}
