/** What the shop says: of what is left, of an order's state, of the connection. */

import { countText, moneyText, shortDateText } from "./format.js";

/**
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
  const starts = event.ticket_types.map(
    (type) => type.on_sale_from ?? "",
  ).sort().find((each) => each !== "");
  return statusLabel(event.status, starts ?? null);
}

/** @param {import("./api.js").Status} status @param {string | null} from @returns {Label} */
function statusLabel(status, from) {
  switch (status) {
    case "on_sale": return { text: "On sale", tone: "good" };
    case "all_held": return { text: "All on hold", tone: "held" };
    case "sold_out": return { text: "Sold out", tone: "gone" };
    case "scheduled":
      return {
        text: from === null ? "Not on sale yet" : `From ${shortDateText(from)}`,
        tone: "held",
      };
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
    case "all_held":
      return "All are on hold for others right now. Some may come back: this page shows it.";
    case "sold_out": return "Every ticket is sold.";
    case "scheduled": return "The sale has not begun. This page opens it by itself.";
    case "paused": return "The sale is paused. This page opens it again by itself.";
    case "closed": return "The sale has ended. What was bought stays valid.";
  }
}

/** @param {import("./api.js").Order} order @returns {Words} */
export function orderWords({ status, total, refunded }) {
  const isPaid = total.amount > 0;
  const back = refunded.amount > 0 ? ` ${moneyText(refunded)} went back to you.` : "";
  switch (status) {
    case "confirmed":
      return {
        title: "It is yours",
        text: isPaid ? `Your order is paid and confirmed.${back}` : "Your order is confirmed.",
      };
    case "held":
      return {
        title: "On hold for you",
        text: isPaid
          ? "Nobody else can take these tickets until the time is up. Pay to make them yours."
          : "Nobody else can take these tickets until the time is up.",
      };
    case "paying":
      return {
        title: "Payment under way",
        text: "We wait for word of your payment. Do not pay twice.",
      };
    case "released":
      return {
        title: "Let go",
        text: "You let these tickets go. They are for others again.",
      };
    case "expired":
      return {
        title: "Time is up",
        text: isPaid
          ? "The hold ended before it was paid. These tickets are for others again."
          : "The hold ended before it was confirmed. They are for others again.",
      };
    case "cancelled":
      return {
        title: "Cancelled",
        text: `This order was cancelled. Its tickets are not valid.${back}`,
      };
    default: return { title: "Your order", text: `State: ${status}.` };
  }
}

const OLD_TEXT = "What you see may be old; we keep trying.";
export const LOST_TEXT = `No connection to the shop just now. ${OLD_TEXT}`;
export const BUSY_TEXT = `The shop is very busy. ${OLD_TEXT}`;
