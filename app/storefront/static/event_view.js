/** One event: what it is, what is left, and buying. */

import { orderAddress } from "./addresses.js";
import { readAvailability, readEvent } from "./api.js";
import { buy } from "./buying.js";
import { button, element, fill, paint, say } from "./dom.js";
import { dateText } from "./format.js";
import { BUSY_ATTEMPTS_MAX, nextText, UNKNOWN_ATTEMPTS_MAX } from "./insisting.js";
import { LiveLine, read } from "./loading.js";
import { rememberOrder } from "./my_orders.js";
import { OrderForm } from "./order_form.js";
import { OutcomePanel } from "./outcome_panel.js";
import { poll, untilLeft } from "./pausing.js";
import { refusalWords } from "./refusals.js";
import { forgetWish, isFresh, keptWish, wishFor } from "./wishes.js";
import { eventAdvice, eventLabel } from "./words.js";

/** @typedef {import("./api.js").ShopEvent} ShopEvent */

const POLL_SECONDS = 3;
const UNKNOWN_TITLE = "We do not know yet";
const STILL_UNKNOWN_TEXT = "There is still no answer. Your order may have been made or not; "
  + "asking again finds out, and never orders twice.";
const OLD_WISH_TEXT = "You began an order here a while ago, and its answer never came. "
  + "Asking again finds out, and makes the order if it was never made.";

/**
 * @param {HTMLElement} view
 * @param {AbortSignal} signal
 * @param {(title: string) => void} setTitle
 * @param {string} eventId
 */
export async function showEvent(view, signal, setTitle, eventId) {
  const line = new LiveLine();
  fill(
    view,
    element("div", { class: "hero waiting" }, element("h1", {}, "One moment…"), line.node),
  );
  const answer = await read(signal, () => readEvent(signal, eventId), line);
  if (answer.kind !== "done") {
    setTitle("Not found");
    return fill(
      view,
      element("h1", {}, "There is no such event"),
      element("p", {}, element("a", { href: "#/" }, "See the events")),
    );
  }
  const page = new EventPage(answer.body, line, signal);
  setTitle(page.event.name);
  fill(view, ...page.nodes);
  page.goOn();
  await poll(POLL_SECONDS, signal, () => page.refresh());
}

class EventPage {
  /** @param {ShopEvent} event @param {LiveLine} line @param {AbortSignal} signal */
  constructor(event, line, signal) {
    this.event = event;
    this.line = line;
    this.signal = signal;
    this.label = element("span", { class: "label" });
    this.advice = element("p", { class: "advice", role: "status" });
    this.panel = new OutcomePanel();
    this.form = new OrderForm(
      event,
      this.panel.node,
      (wish) => this.#send(wishFor(event.id, wish)),
    );
    const when = element("time", { datetime: event.starts_at }, dateText(event.starts_at));
    const hero = element(
      "header",
      { class: "hero" },
      element("p", { class: "when" }, when),
      element("h1", {}, event.name),
      this.label,
    );
    paint(hero, event.id);
    this.nodes = [hero, element("div", { class: "now" }, line.node, this.advice), this.form.node];
    this.#draw();
  }

  /** With what this tab was in the middle of, if anything. */
  goOn() {
    const wish = keptWish(this.event.id);
    if (wish === null) return;
    this.form.fillIn(wish.asked);
    if (wish.askedAt === null) return;
    if (isFresh(wish)) this.#send(wish);
    else this.#askWhetherToGoOn(wish, OLD_WISH_TEXT);
  }

  async refresh() {
    const answer = await readAvailability(this.signal, this.event.id);
    this.line.note(answer);
    if (answer.kind === "done") this.#take(answer.body.ticket_types);
    return answer;
  }

  /** @param {import("./api.js").Availability[]} now */
  #take(now) {
    for (const each of now) this.form.rows.get(each.id)?.update(each);
    const types = [...this.form.rows.values()].map((row) => row.type);
    this.event = {
      ...this.event,
      ticket_types: types,
      status: statusOf(types) ?? this.event.status,
    };
    this.#draw();
  }

  #draw() {
    const label = eventLabel(this.event);
    say(this.label, label.text);
    this.label.className = `label ${label.tone}`;
    say(this.advice, eventAdvice(this.event));
  }

  /** @param {import("./wishes.js").KeptWish} wish */
  #send(wish) {
    this.form.lock(true);
    this.panel.working("Ordering…", "One moment.");
    this.panel.focus();
    const bought = buy(wish, this.signal, (progress) => this.#tell(wish, progress));
    untilLeft(bought.then((outcome) => this.#finish(wish, outcome)));
  }

  /**
   * @param {import("./wishes.js").KeptWish} wish
   * @param {import("./insisting.js").Progress} progress
   */
  #tell(wish, progress) {
    if (progress.kind === "busy") {
      const words = refusalWords(progress.problem, this.event, wish.asked);
      const next = nextText("try again", progress, BUSY_ATTEMPTS_MAX);
      this.panel.working(words.title, `${words.text} ${next}.`);
    } else if (progress.kind === "unknown") {
      const why = navigator.onLine ? "No answer came." : "No answer came: you are offline.";
      const next = nextText("ask again", progress, UNKNOWN_ATTEMPTS_MAX);
      this.panel.working(
        UNKNOWN_TITLE,
        `${why} Your order may have been made or not. ${next}; this never orders twice.`,
      );
    }
  }

  /** @param {import("./wishes.js").KeptWish} wish @param {import("./buying.js").Outcome} outcome */
  #finish(wish, outcome) {
    switch (outcome.kind) {
      case "placed": {
        const { order } = outcome;
        rememberOrder(order, order.token, this.event.name);
        location.assign(orderAddress(order.id, order.token));
        return;
      }
      case "refused": {
        this.form.lock(false);
        const words = refusalWords(outcome.problem, this.event, wish.asked);
        this.panel.stopped(words.title, words.text);
        const told = outcome.problem.body.errors;
        const errors = Array.isArray(told) ? told : [];
        if (!this.form.mark(errors)) this.panel.focus();
        return untilLeft(this.refresh());
      }
      case "unknown":
        return this.#askWhetherToGoOn(wish, STILL_UNKNOWN_TEXT);
    }
  }

  /** @param {import("./wishes.js").KeptWish} wish @param {string} text */
  #askWhetherToGoOn(wish, text) {
    this.form.lock(true);
    const again = button("Ask again", "primary", () => this.#send(wish));
    const over = button("Forget it and start over", "quiet", () => {
      forgetWish(this.event.id);
      this.form.lock(false);
      this.panel.clear();
      this.form.email.focus();
    });
    this.panel.stopped(UNKNOWN_TITLE, text, [again, over]);
    this.panel.focus();
  }
}

/** @type {import("./api.js").Status[]} */
const BEST_FIRST = ["on_sale", "all_held", "scheduled", "paused", "sold_out", "closed"];

/** @param {import("./api.js").TicketType[]} types */
function statusOf(types) {
  return BEST_FIRST.find((status) => types.some((type) => type.status === status));
}
