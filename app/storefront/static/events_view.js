/** The list of events, with what is on sale now. */

import { eventAddress } from "./addresses.js";
import { listEvents, serviceNow } from "./api.js";
import { button, element, fill, paint, say } from "./dom.js";
import { countText, dayParts, priceText, shortDateText } from "./format.js";
import { LiveLine, read } from "./loading.js";
import { poll, untilLeft } from "./pausing.js";
import { eventLabel } from "./words.js";

/** @typedef {import("./api.js").ShopEvent} ShopEvent */

const POLL_SECONDS = 5;
const PAGES_MAX = 10;
const STILL_ON_MS = 6 * 3_600_000;

/** @param {HTMLElement} view @param {AbortSignal} signal @param {(title: string) => void} setTitle */
export async function showEvents(view, signal, setTitle) {
  setTitle("Events");
  const line = new LiveLine();
  const upcoming = element("ul", { class: "cards" });
  const ended = element("ul", { class: "cards" });
  const endedPart = element(
    "section",
    { "aria-labelledby": "ended", hidden: true },
    element("h2", { id: "ended" }, "Ended"),
    ended,
  );
  const empty = element(
    "p",
    { class: "panel", hidden: true },
    "Nothing is on sale yet. This page shows it at once when something is.",
  );
  /** @type {Map<string, Card>} */
  const cards = new Map();
  /** @type {(string | null)[]} what each page is asked after */
  const pages = [null];
  /** @type {string | null} */
  let next = null;
  const more = button("More events", "quiet", () => {
    if (next === null || pages.length >= PAGES_MAX) return;
    pages.push(next);
    more.hidden = true;
    untilLeft(readAll());
  });
  more.hidden = true;
  for (let each = 0; each < 3; each += 1) {
    upcoming.append(element("li", { class: "card waiting", "aria-hidden": "true" }));
  }
  fill(
    view,
    element("div", { class: "opening" }, element("h1", {}, "What is on"), line.node),
    upcoming,
    empty,
    more,
    endedPart,
  );

  const readAll = async () => {
    /** @type {ShopEvent[]} */
    const events = [];
    for (const after of [...pages]) {
      const answer = await listEvents(signal, after);
      if (answer.kind !== "done") return answer;
      events.push(...answer.body.items);
      next = answer.body.next;
    }
    draw(events);
    return /** @type {import("./api.js").Done} */ ({ kind: "done", body: null });
  };

  /** @param {ShopEvent[]} events */
  const draw = (events) => {
    const sorted = [...events].sort((one, other) => one.starts_at.localeCompare(other.starts_at));
    const isOver = (/** @type {ShopEvent} */ each) =>
      each.status === "closed" || Date.parse(each.starts_at) + STILL_ON_MS < serviceNow();
    for (const each of sorted) {
      const card = cards.get(each.id) ?? new Card(each);
      card.update(each);
      cards.set(each.id, card);
    }
    const nodesOf = (/** @type {ShopEvent[]} */ some) =>
      some.map((each) => /** @type {Card} */ (cards.get(each.id)).node);
    place(upcoming, nodesOf(sorted.filter((each) => !isOver(each))));
    place(ended, nodesOf(sorted.filter(isOver).reverse()));
    endedPart.hidden = ended.childElementCount === 0;
    empty.hidden = upcoming.childElementCount > 0;
    more.hidden = next === null || pages.length >= PAGES_MAX;
  };

  await read(signal, readAll, line);
  await poll(POLL_SECONDS, signal, async () => {
    const answer = await readAll();
    line.note(answer);
    return answer;
  });
}

/**
 * Moves nothing that is in its place: the focus would be lost.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} nodes
 */
function place(list, nodes) {
  const isSame = nodes.length === list.children.length
    && nodes.every((node, at) => list.children[at] === node);
  if (!isSame) list.replaceChildren(...nodes);
}

class Card {
  /** @param {ShopEvent} event */
  constructor(event) {
    this.name = element("span", { class: "card-name" });
    this.when = element("time", { class: "card-when" });
    this.label = element("span", { class: "label" });
    this.price = element("span", { class: "card-price" });
    this.left = element("span", { class: "card-left" });
    const { day, month, year } = dayParts(event.starts_at);
    const date = element("span", { class: "card-date", "aria-hidden": "true" },
      element("span", { class: "card-month" }, month),
      element("span", { class: "card-day" }, day),
      element("span", { class: "card-year" }, year),
    );
    paint(date, event.id);
    const foot = element("span", { class: "card-foot" }, this.label, this.left, this.price);
    const about = element("span", { class: "card-about" }, this.name, this.when, foot);
    const link = element("a", { href: eventAddress(event.id) }, date, about);
    this.node = element("li", { class: "card" }, link);
  }

  /** @param {ShopEvent} event */
  update(event) {
    const label = eventLabel(event);
    say(this.name, event.name);
    say(this.when, shortDateText(event.starts_at));
    this.when.dateTime = event.starts_at;
    say(this.label, label.text);
    this.label.className = `label ${label.tone}`;
    say(this.left, event.status === "on_sale" ? leftText(event) : "");
    say(this.price, pricesText(event));
  }
}

/** @param {ShopEvent} event */
function leftText(event) {
  const most = Math.max(
    ...event.ticket_types.filter((type) => type.status === "on_sale").map((type) => type.remaining),
  );
  return `${countText(most)} left`; // types may share a pool, so their sum would promise too much
}

/** @param {ShopEvent} event */
function pricesText(event) {
  const prices = event.ticket_types.map((type) => type.price).sort(
    (one, other) => one.amount - other.amount,
  );
  const [least, most] = [prices[0], prices.at(-1)];
  if (least === undefined || most === undefined) return "";
  if (least.amount === most.amount) return priceText(least);
  return least.amount === 0 ? `${priceText(least)} to ${priceText(most)}` : `from ${priceText(least)}`;
}
