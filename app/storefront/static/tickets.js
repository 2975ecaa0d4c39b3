/** The tickets of a confirmed order, each with its QR code. */

import { ofOrder } from "./api.js";
import { button, element, fill, paint } from "./dom.js";
import { pause, untilLeft } from "./pausing.js";

/** @typedef {import("./api.js").Ticket} Ticket */

const ATTEMPTS_MAX = 6;

/**
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 * @param {import("./api.js").Order} order
 * @param {string} token
 * @param {string} eventName
 */
export async function showTickets(place, signal, order, token, eventName) {
  fill(place, element("p", { class: "panel", role: "status" }, "Your tickets are coming…"));
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const answer = await ofOrder(signal, "/tickets", order.id, token);
    if (answer.kind === "done") {
      /** @type {Ticket[]} */
      const tickets = answer.body.items;
      return fill(
        place,
        element(
          "ul",
          { class: "tickets" },
          ...tickets.map(
            (ticket, at) => stub(ticket, at + 1, tickets.length, order.event_id, eventName),
          ),
        ),
      );
    }
    if (answer.kind === "problem" && answer.status < 500 && answer.status !== 429) break;
    await pause(Math.min(10, 2 ** attempt) * 1000, signal);
  }
  fill(place, element("div", { class: "panel", role: "status" },
    element("p", {}, "Your order is safe, but its tickets cannot be shown just now."),
    button("Try again", "quiet", () =>
      untilLeft(showTickets(place, signal, order, token, eventName)))));
}

/**
 * @param {Ticket} ticket
 * @param {number} number from 1
 * @param {number} count
 * @param {string} eventId
 * @param {string} eventName
 */
function stub(ticket, number, count, eventId, eventName) {
  const isValid = ticket.status === "valid";
  const code = isOurs(ticket.qr)
    ? element(
      "img",
      {
        src: ticket.qr,
        alt: `QR code of ticket ${number} of ${count}: ${ticket.name}`,
        width: 232,
        height: 232,
        loading: "lazy",
        decoding: "async",
      },
    )
    : null;
  const head = element("div", { class: "ticket-head" },
      element("p", { class: "ticket-event" }, eventName),
      element("h3", { class: "ticket-type" }, ticket.name),
      element("p", { class: "ticket-number" }, `Ticket ${number} of ${count}`));
  paint(head, eventId);
  return element("li", { class: `ticket ${isValid ? "" : "revoked"}` }, head,
    element("div", { class: "ticket-code" },
      isValid ? code : element("p", { class: "ticket-void" }, "Revoked: not valid"),
      isValid ? element(
        "details",
        {},
        element("summary", {}, "Code as text"),
        element("code", {}, ticket.code),
      ) : null,
    ));
}

/**
 * A picture of this host, as the policy of the page demands anyway.
 * @param {string} path
 */
function isOurs(path) {
  return path.startsWith("/") && !path.startsWith("//");
}
