/**
 * The calls of the API, and the three ways they end: done, a problem (RFC 9457), or lost, when nothing
 * came back and so nothing is known.
 */

import { Left } from "./pausing.js";

/**
 * @typedef {{amount: number, currency: string}} Money
 * @typedef {"closed" | "paused" | "scheduled" | "on_sale" | "all_held" | "sold_out"} Status
 * @typedef {{id: string, remaining: number, status: Status}} Availability
 * @typedef {Availability & {name: string, price: Money, min_per_order: number,
 *   max_per_order: number, max_per_customer: number, on_sale_from: string | null,
 *   on_sale_until: string | null}} TicketType
 * @typedef {{id: string, name: string, starts_at: string, status: Status, currency: string,
 *   ticket_types: TicketType[]}} ShopEvent
 * @typedef {{ticket_type: string, name: string, quantity: number, unit_price: Money,
 *   amount: Money}} Line
 * @typedef {{id: string, event_id: string, status: string, lines: Line[], total: Money,
 *   refunded: Money, created_at: string, expires_at: string | null,
 *   confirmed_at: string | null}} Order
 * @typedef {{id: string, ticket_type: string, name: string, status: "valid" | "revoked",
 *   code: string, qr: string}} Ticket
 * @typedef {{customer: {email: string, name?: string},
 *   lines: {ticket_type: string, quantity: number}[], confirm: boolean}} Wish
 * @typedef {{id: string, name: string}} PaymentMethod
 * @typedef {{method: string, return_url: string, input: Record<string, string>}} AskedPayment
 * @typedef {{kind: "redirect" | "post_form" | "client_sdk" | "instructions" | "wait",
 *   url: string | null, fields: Record<string, string | number | boolean | null>,
 *   poll_seconds: number | null}} NextAction
 * @typedef {{id: string, order_id: string, method: string,
 *   status: "processing" | "requires_action" | "succeeded" | "failed" | "cancelled" | "refunded",
 *   next_action: NextAction | null, failure: {code: string, retry: string} | null}} Payment
 *
 * @typedef {{kind: "done", body: any}} Done
 * @typedef {{kind: "problem", status: number, code: string, body: Record<string, any>,
 *   retryAfterSeconds: number | null}} Problem
 * @typedef {{kind: "lost"}} Lost
 * @typedef {Done | Problem | Lost} Answer
 */

/** More than the service itself waits for anything. */
const ANSWER_SECONDS = 12;

let clockOffsetMs = 0;

/** The service's time, as near as its last answer told: a phone's clock may be minutes off. */
export function serviceNow() {
  return Date.now() + clockOffsetMs;
}

/** @param {AbortSignal} signal @param {string | null} after @returns {Promise<Answer>} */
export const listEvents = (signal, after) =>
  call(
    "GET",
    `/v1/events?limit=100${after === null ? "" : `&after=${encodeURIComponent(after)}`}`,
    signal,
  );

/** @param {AbortSignal} signal @param {string} id @returns {Promise<Answer>} */
export const readEvent = (signal, id) =>
  call("GET", `/v1/events/${encodeURIComponent(id)}`, signal);

/** @param {AbortSignal} signal @param {string} id @returns {Promise<Answer>} */
export const readAvailability = (signal, id) =>
  call("GET", `/v1/events/${encodeURIComponent(id)}/availability`, signal);

/**
 * @param {AbortSignal} signal
 * @param {string} eventId
 * @param {string} key the Idempotency-Key
 * @param {Wish} wish
 * @returns {Promise<Answer>}
 */
export const placeOrder = (signal, eventId, key, wish) =>
  call(
    "POST",
    `/v1/events/${encodeURIComponent(eventId)}/orders`,
    signal,
    { "Idempotency-Key": key },
    wish,
  );

/**
 * @param {AbortSignal} signal
 * @param {"" | "/confirm" | "/release" | "/tickets" | "/payment-methods"} what
 * @param {string} id
 * @param {string} token
 * @returns {Promise<Answer>}
 */
export const ofOrder = (signal, what, id, token) => {
  const method = what === "/confirm" || what === "/release" ? "POST" : "GET";
  return call(
    method,
    `/v1/orders/${encodeURIComponent(id)}${what}`,
    signal,
    { "Order-Token": token },
  );
};

/**
 * @param {AbortSignal} signal
 * @param {string} orderId
 * @param {string} token
 * @param {string} key the Idempotency-Key
 * @param {AskedPayment} asked
 * @returns {Promise<Answer>}
 */
export const startPayment = (signal, orderId, token, key, asked) =>
  call(
    "POST",
    `/v1/orders/${encodeURIComponent(orderId)}/payments`,
    signal,
    { "Order-Token": token, "Idempotency-Key": key },
    asked,
  );

/**
 * @param {AbortSignal} signal
 * @param {string} orderId
 * @param {string} token
 * @param {string} id
 * @returns {Promise<Answer>}
 */
export const readPayment = (signal, orderId, token, id) =>
  call(
    "GET",
    `/v1/orders/${encodeURIComponent(orderId)}/payments/${encodeURIComponent(id)}`,
    signal,
    { "Order-Token": token },
  );

/**
 * @param {string} method
 * @param {string} address
 * @param {AbortSignal} signal of the view; its end is `Left`
 * @param {Record<string, string>} [headers]
 * @param {unknown} [body]
 * @returns {Promise<Answer>}
 */
async function call(method, address, signal, headers = {}, body = undefined) {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_SECONDS * 1000)]);
  const asked = body === undefined ? {} : { body: JSON.stringify(body) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  /** @type {Response} */
  let response;
  /** @type {any} */
  let answered;
  try {
    response = await fetch(address, {
      method, headers, ...asked, signal: patience, cache: "no-store", credentials: "omit",
    });
    answered = await response.json();
  } catch {
    // No connection, no answer in time, or half of one: in each case we do not know.
    if (signal.aborted) throw new Left();
    return { kind: "lost" };
  }
  noteTime(response.headers.get("Date"));
  if (response.ok) return { kind: "done", body: answered };
  // A gateway between us and the service knows no more than we do.
  if (typeof answered?.code !== "string") return { kind: "lost" };
  return {
    kind: "problem",
    status: response.status,
    code: answered.code,
    body: answered,
    retryAfterSeconds: readSeconds(response.headers.get("Retry-After")),
  };
}

/** @param {string | null} date */
function noteTime(date) {
  const told = date === null ? NaN : Date.parse(date);
  // It is cut to a second; a hold had better seem shorter than longer.
  if (!Number.isNaN(told)) clockOffsetMs = told + 1000 - Date.now();
}

/** @param {string | null} text */
function readSeconds(text) {
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : null;
}
