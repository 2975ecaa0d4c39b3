#!lua
--[[
place_order: place one order, all or nothing; confirmed at once if it is free, else held.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream  facts on their way to the bus
  3 event       hash    configuration and counters
  4 customers   hash    customer_ref|ticket type -> quantity in live orders
  5 due_orders  zset    this event's held orders by deadline
  6 due_events  zset    the partition's events by earliest deadline
  7 holders     hash    customer|customer_ref, address|address_ref -> live holds
  8 order       hash    the order; also the record of its idempotency key
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int   run later than this, nothing happens
  3 order_id      id
  4 event_id      id
  5 customer_ref  text
  6 fingerprint   text  what was asked for
  7 settle        word  confirm (a free order is confirmed at once) | hold
  8 free_off      text  the toggle that forbids free sales, or empty
  9 paid_off      text  the toggle that forbids paid sales, or empty
  10 person       text  e-mail and name for the ledger, opaque here
  11 address_ref  text  a keyed hash of the buyer's address, or empty: it is not counted
  12 per_customer int   live holds that a customer may have of this event; 0 = no cap
  13 per_address  int   the same for an address
  14+ lines       pairs ticket type, quantity; a type may come twice and counts once, summed
REPLY
  PLACED order            written; the order as a flat list
  REPLAYED order          this key had placed it before
  KEY_REUSED              the key stands for another wish
  UNKNOWN_EVENT
  SELLING_OFF toggle
  SALE_CLOSED reason      paused | closed | not_started | ended
  UNKNOWN_TYPE ticket_type
  LIMIT kind type limit   kind: LimitKind of app/domain/outcomes.py; of live holds: no type
  SOLD_OUT type returns   returns 1: every pool that falls short has units on hold
  OVERDUE                 nothing decided: expire this event's overdue holds, then ask again
  MALFORMED               a line that no caller of ours sends
  LATE
  NOT_READY
EMITS
  OrderHeld OrderConfirmed
COST
  O(lines x pools), at most 20 lines
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/whole"
--- @include "lib/merge_lines"
--- @include "lib/pack_lines"
--- @include "lib/refuse_window"
--- @include "lib/refuse_limits"
--- @include "lib/refuse_holds"
--- @include "lib/refuse_stock"
--- @include "lib/write_order"
--- @include "lib/move_units"
--- @include "lib/count_customer"
--- @include "lib/begin_hold"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order_id, event_id, customer_ref, fingerprint = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local known = redis.call("HGET", KEYS[8], "fingerprint")
if known == fingerprint then
  return { "REPLAYED", now, redis.call("HGETALL", KEYS[8]) }
elseif known then
  return { "KEY_REUSED", now }
end

local event = redis.call("HMGET", KEYS[3], "status", "currency", "hold_seconds")
if not event[1] then
  return { "UNKNOWN_EVENT", now }
end
local lines, total, unknown = merge_lines(KEYS[3], ARGV, 14)
if not lines then
  return { "MALFORMED", now }
end
local off = total == 0 and ARGV[8] or ARGV[9]
if off ~= "" then
  return { "SELLING_OFF", now, off }
end
local is_confirmed = total == 0 and ARGV[7] == "confirm"
local holders = { customer = customer_ref, address = ARGV[11] }
local caps = { customer = tonumber(ARGV[12]), address = tonumber(ARGV[13]) }
refusal = refuse_window(event[1], lines, now)
  or unknown and { "UNKNOWN_TYPE", now, unknown }
  or refuse_limits(KEYS[4], KEYS[5], customer_ref, lines, now)
  or not is_confirmed and refuse_holds(KEYS[7], KEYS[5], holders, caps, now)
  or refuse_stock(KEYS[3], KEYS[5], lines, now)
if refusal then
  return refusal
end

local status = is_confirmed and "confirmed" or "held"
local expires_at = is_confirmed and "" or whole(now + tonumber(event[3]) * 1000)
local order = {
  order_id = order_id, customer_ref = customer_ref, fingerprint = fingerprint,
  status = status, birth_status = status, birth_expires_at = expires_at,
  lines = pack_lines(lines), currency = event[2], total = whole(total),
  created_at = whole(now), expires_at = expires_at,
  confirmed_at = is_confirmed and whole(now) or "", version = "1",
  payment_id = "", settlement = is_confirmed and "free" or "", refunded = "0",
}
local fact = is_confirmed and "OrderConfirmed" or "OrderHeld"
write_order(KEYS[1], KEYS[2], KEYS[8], fact, now, event_id, order, "", ARGV[10])
move_units(KEYS[3], lines, "available", is_confirmed and "sold" or "held")
count_customer(KEYS[4], customer_ref, lines, 1)
if not is_confirmed then
  local keys = { due_orders = KEYS[5], due_events = KEYS[6], holders = KEYS[7] }
  begin_hold(keys, KEYS[8], event_id, order, holders)
end
return { "PLACED", now, order_fields(order) }
