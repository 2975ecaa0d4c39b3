/** What the shop says: of what is left, of each refusal by its code and members, of an order's state. */

import { countText, shortDateText } from "./format.js";

/**
 * @typedef {import("./api.js").Problem} Problem
 * @typedef {import("./api.js").ShopEvent} ShopEvent
 * @typedef {{title: string, text: string}} Words
 * @typedef {{text: string, tone: "good" | "low" | "held" | "gone"}} Label
 */

const FEW = 20;

/** @param {import("./api.js").TicketType} type @returns {Label} */
export function typeLabel(type) {
  if (type.status !== "on_sale") return statusLabel(type.status, type.on_sale_from);
  return type.remaining <= FEW
    ? { text: `Last ${countText(type.remaining)}`, tone: "low" }
    : { text: `${countText(type.remaining)} left`, tone: "good" };
}

/** @param {ShopEvent} event @returns {Label} */
export function eventLabel(event) {
  const starts = event.ticket_types.map((type) => type.on_sale_from ?? "").sort().find((each) => each !== "");
  return statusLabel(event.status, starts ?? null);
}

/** @param {import("./api.js").Status} status @param {string | null} from @returns {Label} */
function statusLabel(status, from) {
  switch (status) {
    case "on_sale": return { text: "On sale", tone: "good" };
    case "all_held": return { text: "All on hold", tone: "held" };
    case "sold_out": return { text: "Sold out", tone: "gone" };
    case "scheduled": return { text: from === null ? "Not on sale yet" : `From ${shortDateText(from)}`, tone: "held" };
    case "paused": return { text: "Sale paused", tone: "held" };
    case "closed": return { text: "Sale ended", tone: "gone" };
  }
}

/**
 * What a visitor should know before choosing, in two lines of a phone.
 * @param {ShopEvent} event
 */
export function eventAdvice(event) {
  switch (event.status) {
    case "on_sale": return "The numbers below change as others buy.";
    case "all_held": return "All are on hold for others right now. Some may come back: this page shows it.";
    case "sold_out": return "Every ticket is sold.";
    case "scheduled": return "The sale has not begun. This page opens it by itself.";
    case "paused": return "The sale is paused. This page opens it again by itself.";
    case "closed": return "The sale has ended. What was bought stays valid.";
  }
}

const NOTHING_ORDERED = "Nothing was ordered.";

/**
 * @param {Problem} problem
 * @param {ShopEvent} event
 * @param {import("./api.js").Wish} wish
 * @returns {Words}
 */
export function refusalWords(problem, event, wish) {
  const members = problem.body;
  const type = event.ticket_types.find((each) => each.id === members.ticket_type);
  const name = type === undefined ? "this kind of" : `“${type.name}”`;
  switch (problem.code) {
    case "sold-out":
      return soldOutWords(members.may_return === true, name, someLeft(type, wish));
    case "limit-exceeded":
      return { title: "More than one may have", text: `${limitText(members.kind, name, Number(members.limit))} ${NOTHING_ORDERED}` };
    case "sale-closed":
      return closedWords(members.reason, type?.on_sale_from ?? null);
    case "invalid":
      return { title: "Please look at this again", text: `Something in the form does not fit. ${NOTHING_ORDERED}` };
    case "not-found":
      return { title: "Not on sale here", text: `This event is not sold here any more. ${NOTHING_ORDERED}` };
    case "idempotency-key-reused":
      return { title: "Please try once more", text: `This order was mixed up with another one. ${NOTHING_ORDERED}` };
    case "rate-limited":
      return { title: "Too many tries", text: `Too many requests came from your connection. Wait a moment, then try again. ${NOTHING_ORDERED}` };
    case "unavailable":
      return unavailableWords(members.reason);
    default:
      return { title: "That did not work", text: `${String(members.title ?? "The shop refused.")} ${NOTHING_ORDERED}` };
  }
}

/**
 * What is left of a type though it is too little; 0 where nothing is, or where our number is so old that
 * it would have been enough.
 * @param {import("./api.js").TicketType | undefined} type
 * @param {import("./api.js").Wish} wish
 */
function someLeft(type, wish) {
  const asked = wish.lines.find((line) => line.ticket_type === type?.id)?.quantity ?? 0;
  const left = type?.remaining ?? 0;
  return left < asked ? left : 0;
}

/** @param {boolean} mayReturn @param {string} name @param {number} remaining @returns {Words} */
function soldOutWords(mayReturn, name, remaining) {
  const left = remaining > 0 ? `Only ${countText(remaining)} of ${name} can be had now.` : `No ${name} ticket can be had now.`;
  if (mayReturn) {
    return {
      title: remaining > 0 ? "Not that many right now" : "All on hold right now",
      text: `${left} Others have some on hold, and some of those may come back: try again in a moment. ${NOTHING_ORDERED}`,
    };
  }
  return remaining > 0
    ? { title: "Not that many left", text: `${left} ${NOTHING_ORDERED}` }
    : { title: "Sold out", text: `Every ${name} ticket is sold. ${NOTHING_ORDERED}` };
}

/** @param {unknown} kind @param {string} name @param {number} limit */
function limitText(kind, name, limit) {
  const count = countText(limit);
  switch (kind) {
    case "max_per_customer": return `One person may have ${count} of ${name} in all, and this counts what you have already.`;
    case "max_per_order": return `One order may have ${count} of ${name} at most.`;
    case "min_per_order": return `${name} is sold from ${count} a time.`;
    default: return `There is a limit of ${count} for ${name}.`;
  }
}

/** @param {unknown} reason @param {string | null} from @returns {Words} */
function closedWords(reason, from) {
  switch (reason) {
    case "paused": return { title: "The sale is paused", text: `It may go on: this page shows it at once. ${NOTHING_ORDERED}` };
    case "not_started": return { title: "Not on sale yet", text: `${from === null ? "The sale has not begun." : `The sale begins ${shortDateText(from)}.`} ${NOTHING_ORDERED}` };
    case "ended": return { title: "Too late for these", text: `The sale of these tickets has ended. ${NOTHING_ORDERED}` };
    default: return { title: "The sale has ended", text: `This event is not on sale any more. ${NOTHING_ORDERED}` };
  }
}

/** A toggle's name, such as selling.free, and no sentence. */
const TOGGLE = /^[a-z_]+(\.[a-z_]+)+$/;

/** @param {unknown} reason @returns {Words} */
export function unavailableWords(reason) {
  if (typeof reason === "string" && TOGGLE.test(reason)) {
    return reason === "selling.halt"
      ? { title: "All sales are stopped", text: `The shop has stopped every sale for now. ${NOTHING_ORDERED}` }
      : { title: "Switched off for now", text: `The shop has switched off the sale of these tickets (${reason}). ${NOTHING_ORDERED}` };
  }
  return { title: "Very busy", text: `The shop cannot take your order just now. ${NOTHING_ORDERED}` };
}

/** @param {string} status @returns {Words & {tone: Label["tone"]}} */
export function orderWords(status) {
  switch (status) {
    case "confirmed": return { title: "It is yours", text: "Your order is confirmed.", tone: "good" };
    case "held": return { title: "On hold for you", text: "Nobody else can take these tickets until the time is up.", tone: "held" };
    case "paying": return { title: "Payment under way", text: "We wait for word of your payment. Do not pay twice.", tone: "held" };
    case "released": return { title: "Let go", text: "You let these tickets go. They are for others again.", tone: "gone" };
    case "expired": return { title: "Time is up", text: "The hold ended before it was confirmed. They are for others again.", tone: "gone" };
    case "cancelled": return { title: "Cancelled", text: "This order was cancelled. Its tickets are not valid.", tone: "gone" };
    default: return { title: "Your order", text: `State: ${status}.`, tone: "held" };
  }
}

export const LOST_TEXT = "No connection to the shop just now. What you see may be old; we keep trying.";
