/** One order behind its link: its state, hold, payment, tickets, and the link to keep. */

import { eventAddress } from "./addresses.js";
import { ofOrder, readEvent } from "./api.js";
import { element, fill, paint, say } from "./dom.js";
import { dateText } from "./format.js";
import { HoldPart } from "./hold_part.js";
import { keepLinkPart } from "./keep_link.js";
import { LiveLine, read } from "./loading.js";
import { rememberOrder } from "./my_orders.js";
import { OrderSummary } from "./order_summary.js";
import { OutcomePanel } from "./outcome_panel.js";
import { poll, untilLeft } from "./pausing.js";
import { PaymentPart } from "./payment_part.js";
import { showTickets } from "./tickets.js";
import { orderWords } from "./words.js";

/** @typedef {import("./api.js").Order} Order @typedef {import("./api.js").ShopEvent} ShopEvent */

const POLL_SECONDS = 5;
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
  page.payment.goOn();
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
    this.title = element("h1", {});
    this.text = element("p", { class: "lead", role: "status", tabindex: -1 });
    this.panel = new OutcomePanel();
    this.hold = new HoldPart(order, token, signal, this.panel, (now) => {
      this.#take(now);
      this.text.focus();
    });
    this.payment = new PaymentPart(order, token, signal, this.panel, {
      look: () => this.#look(),
      takeFocus: () => this.text.focus({ preventScroll: true }),
    });
    this.tickets = element("section", { class: "tickets-part", "aria-labelledby": "tickets" });
    this.ticketsPlace = element("div", {});
    fill(this.tickets, element("h2", { id: "tickets" }, "Tickets"), this.ticketsPlace);
    this.summary = new OrderSummary();
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
      this.hold.node,
      this.payment.choice.node,
      this.tickets,
      this.summary.node,
      keepLinkPart(),
    ];
    /** @type {string | null} */
    this.drawn = null;
    this.#draw();
  }

  async refresh() {
    const mayChange = MAY_CHANGE.has(this.order.status) || this.payment.isOpen;
    if (this.hold.isBusy || !mayChange) {
      return /** @type {import("./api.js").Done} */ ({ kind: "done", body: null });
    }
    return this.#look();
  }

  async #look() {
    const answer = await ofOrder(this.signal, "", this.order.id, this.token);
    if (answer.kind === "done") this.#take(answer.body);
    return answer;
  }

  /** @param {Order} order */
  #take(order) {
    this.order = order;
    this.#draw();
  }

  #draw() {
    const { order } = this;
    const words = orderWords(order);
    say(this.title, words.title);
    say(this.text, words.text);
    this.summary.update(order);
    this.hold.update(order);
    this.payment.update(order);
    if (this.drawn === order.status) return;
    this.drawn = order.status;
    const hasTickets = order.status === "confirmed" || order.status === "cancelled";
    this.tickets.hidden = !hasTickets;
    if (hasTickets) {
      untilLeft(showTickets(this.ticketsPlace, this.signal, order, this.token, this.eventName));
    }
  }
}
