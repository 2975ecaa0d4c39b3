/** What the shop says when it refuses: each problem by its code and members. */

import { countText, shortDateText } from "./format.js";

/**
 * @typedef {import("./api.js").Problem} Problem
 * @typedef {import("./api.js").ShopEvent} ShopEvent
 * @typedef {import("./words.js").Words} Words
 */

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
      return {
        title: "More than one may have",
        text: `${limitText(members.kind, name, Number(members.limit))} ${NOTHING_ORDERED}`,
      };
    case "sale-closed":
      return closedWords(members.reason, type?.on_sale_from ?? null);
    case "invalid":
      return {
        title: "Please look at this again",
        text: `Something in the form does not fit. ${NOTHING_ORDERED}`,
      };
    case "not-found":
      return {
        title: "Not on sale here",
        text: `This event is not sold here any more. ${NOTHING_ORDERED}`,
      };
    case "idempotency-key-reused":
      return {
        title: "Please try once more",
        text: `This order was mixed up with another one. ${NOTHING_ORDERED}`,
      };
    case "rate-limited":
      return {
        title: "Too many tries",
        text: `Too many requests came from your connection. Wait a moment. ${NOTHING_ORDERED}`,
      };
    case "unavailable":
      return unavailableWords(members.reason);
    default:
      return {
        title: "That did not work",
        text: `${String(members.title ?? "The shop refused.")} ${NOTHING_ORDERED}`,
      };
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
  const left = remaining > 0
    ? `Only ${countText(remaining)} of ${name} can be had now.`
    : `No ${name} ticket can be had now.`;
  if (mayReturn) {
    return {
      title: remaining > 0 ? "Not that many right now" : "All on hold right now",
      text: `${left} Others have some on hold, and some of those may come back: `
        + `try again in a moment. ${NOTHING_ORDERED}`,
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
    case "max_per_customer":
      return `One person may have ${count} of ${name}, and this counts what you have already.`;
    case "max_per_order": return `One order may have ${count} of ${name} at most.`;
    case "min_per_order": return `${name} is sold from ${count} a time.`;
    default: return `There is a limit of ${count} for ${name}.`;
  }
}

/** @param {unknown} reason @param {string | null} from @returns {Words} */
function closedWords(reason, from) {
  switch (reason) {
    case "paused":
      return {
        title: "The sale is paused",
        text: `It may go on: this page shows it at once. ${NOTHING_ORDERED}`,
      };
    case "not_started":
      return {
        title: "Not on sale yet",
        text: from === null
          ? `The sale has not begun. ${NOTHING_ORDERED}`
          : `The sale begins ${shortDateText(from)}. ${NOTHING_ORDERED}`,
      };
    case "ended":
      return {
        title: "Too late for these",
        text: `The sale of these tickets has ended. ${NOTHING_ORDERED}`,
      };
    default: return {
      title: "The sale has ended",
      text: `This event is not on sale any more. ${NOTHING_ORDERED}`,
    };
  }
}

/** A toggle's name, such as selling.free, and no sentence. */
const TOGGLE = /^[a-z_]+(\.[a-z_]+)+$/;

/** @param {unknown} reason @returns {Words} */
export function unavailableWords(reason) {
  if (typeof reason === "string" && TOGGLE.test(reason)) {
    return reason === "selling.halt"
      ? {
        title: "All sales are stopped",
        text: `The shop has stopped every sale for now. ${NOTHING_ORDERED}`,
      }
      : {
        title: "Switched off for now",
        text: `The shop has switched off the sale of these tickets (${reason}). ${NOTHING_ORDERED}`,
      };
  }
  return {
    title: "Very busy",
    text: `The shop cannot take your order just now. ${NOTHING_ORDERED}`,
  };
}

/**
 * Why an order could not be confirmed or let go.
 * @param {Problem} problem
 * @returns {Words}
 */
export function transitionWords(problem) {
  switch (problem.code) {
    case "hold-expired":
      return {
        title: "Too late",
        text: "The hold had ended. You can order again while there are tickets.",
      };
    case "payment-open":
      return {
        title: "Payment under way",
        text: "A payment is open for this order, so it cannot be let go now.",
      };
    default:
      return {
        title: "Not possible",
        text: `This order is ${String(problem.body.state ?? "not as it was")}.`,
      };
  }
}
