/** What the shop says of a payment: how it ended, and why one does not begin. */

import { transitionWords, unavailableWords } from "./refusals.js";

/**
 * @typedef {import("./words.js").Words} Words
 * @typedef {import("./api.js").Problem} Problem
 */

export const CHECKING = {
  title: "We are checking your payment",
  text: "Do not pay again. This page looks by itself; you can also close it and come back by its link.",
};
export const UNKNOWN_TITLE = "We do not know yet";
export const STILL_UNKNOWN_TEXT = "There is still no answer. Your payment may have begun or not; "
  + "asking again finds out, and never takes the money twice.";
export const OLD_TRY_TEXT = "You began to pay here a while ago, and the answer never came. "
  + "Asking again finds out, and never takes the money twice.";

const NOT_CHARGED = "You were not charged.";

/**
 * @param {{code: string, retry: string} | null} failure
 * @param {boolean} isHeld whether the tickets can still be paid
 * @returns {Words}
 */
export function declineWords(failure, isHeld) {
  const { title, text } = reasonWords(failure?.code ?? "other");
  const next = isHeld
    ? `Your tickets are still on hold: ${adviceText(failure?.retry ?? "same")}`
    : "The hold has ended. You can order again while there are tickets.";
  return { title, text: `${text} ${NOT_CHARGED} ${next}` };
}

/** @param {boolean} isHeld @returns {Words} of a payment that was ended before it took money */
export function cancelledWords(isHeld) {
  return {
    title: "Payment ended",
    text: isHeld
      ? `${NOT_CHARGED} Your tickets are still on hold: you can pay again.`
      : `${NOT_CHARGED} The hold has ended. You can order again while there are tickets.`,
  };
}

export const RETURNED = {
  title: "Your money goes back",
  text: "The payment came too late for these tickets, or twice. All of it is returned to you.",
};

/** @param {string} code of `Decline`; one that we do not know is a decline like another @returns {Words} */
function reasonWords(code) {
  switch (code) {
    case "insufficient_funds":
      return { title: "Not enough money", text: "The card or account has too little on it." };
    case "card_expired":
      return { title: "The card has expired", text: "It cannot be used any more." };
    case "authentication_failed":
      return { title: "Not approved", text: "The payment was not approved, by you or your bank." };
    case "invalid_instrument":
      return { title: "These details do not work", text: "Look at number, date and code again." };
    case "limit_exceeded":
      return { title: "Over a limit", text: "It is more than the card or account may pay now." };
    case "do_not_honor":
      return { title: "The bank said no", text: "It does not tell us why; you can ask it." };
    case "abandoned":
      return { title: "Payment not finished", text: "It was left before its end." };
    case "expired":
      return { title: "Payment timed out", text: "Its time was over before it was approved." };
    default:
      return { title: "Payment did not work", text: "We were not told why." };
  }
}

/** @param {string} retry */
function adviceText(retry) {
  switch (retry) {
    case "never": return "pay in another way.";
    case "other_instrument": return "try again with another card, or in another way.";
    default: return "try again.";
  }
}

/**
 * Why no payment began.
 * @param {Problem} problem
 * @returns {Words}
 */
export function paymentRefusalWords(problem) {
  switch (problem.code) {
    case "payment-open":
      return {
        title: "Payment under way",
        text: "Another payment of this order is under way. Do not pay again; this page shows its end.",
      };
    case "payment-in-doubt":
      return {
        title: "Please do not pay again",
        text: "We are finding out whether an earlier payment took your money. This page shows it.",
      };
    case "method-unavailable":
      return {
        title: "Not possible that way",
        text: `This order cannot be paid like that now. ${NOT_CHARGED} Choose again.`,
      };
    case "method-halted":
      return {
        title: "Stopped for now",
        text: `The shop takes no payments of this kind just now. ${NOT_CHARGED}`,
      };
    case "rate-limited":
      return {
        title: "Too many tries",
        text: `Too many requests came from your connection. Wait a moment. ${NOT_CHARGED}`,
      };
    case "unavailable":
      return {
        title: unavailableWords(problem.body.reason).title,
        text: `The shop cannot take your payment just now. ${NOT_CHARGED}`,
      };
    case "hold-expired":
    case "invalid-transition":
      return transitionWords(problem);
    default:
      return {
        title: "That did not work",
        text: `${String(problem.body.title ?? "The shop refused.")} ${NOT_CHARGED}`,
      };
  }
}
