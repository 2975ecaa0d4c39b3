#!lua
--[[
reacquire_order: money came for an order that had ended; it takes its units again, if it still may.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 customers   hash    customer_ref|ticket type -> quantity in live orders
  5 due_orders  zset    this event's held orders by deadline
  6 order       hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4 payment_id    id
  5 settlement    word  paid | hack
REPLY
  ORDER order             confirmed by this payment, now or before; at the price it was placed for
  SOLD_OUT type returns   returns 1: every pool that falls short has units on hold
  LIMIT kind type limit   kind: max_per_customer
  SALE_CLOSED reason      closed; a paused event gives what is owed
  OVERDUE                 nothing decided: expire this event's overdue holds, then ask again
  GONE order              in another state, or free
  UNKNOWN_ORDER
  MALFORMED               a payment or a settlement that no caller of ours sends
  LATE
  NOT_READY
EMITS
  OrderConfirmed
COST
  O(lines x pools)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/is_overdue"
--- @include "lib/is_payment_id"
--- @include "lib/lines_now"
--- @include "lib/refuse_customer"
--- @include "lib/refuse_stock"
--- @include "lib/settle_order"
--- @include "lib/write_order"
--- @include "lib/move_units"
--- @include "lib/count_customer"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local event_id, payment_id, settlement = ARGV[3], ARGV[4], ARGV[5]
if not is_payment_id(payment_id) or (settlement ~= "paid" and settlement ~= "hack") then
  return { "MALFORMED", now }
end
local order = read_hash(KEYS[6])
if not order then
  return { "UNKNOWN_ORDER", now }
end
local previous = order.status
if previous == "confirmed" and order.payment_id == payment_id then
  return { "ORDER", now, order_fields(order) }
elseif order.total == "0" then
  return { "GONE", now, order_fields(order) }
elseif is_overdue(order, now) then
  return { "OVERDUE", now }
elseif previous ~= "expired" and previous ~= "released" then
  return { "GONE", now, order_fields(order) }
elseif redis.call("HGET", KEYS[3], "status") == "closed" then
  return { "SALE_CLOSED", now, "closed" }
end
local lines = lines_now(KEYS[3], order.lines)
refusal = refuse_customer(KEYS[4], KEYS[5], order.customer_ref, lines, now)
  or refuse_stock(KEYS[3], KEYS[5], lines, now)
if refusal then
  return refusal
end

settle_order(order, now, settlement, payment_id)
write_order(KEYS[1], KEYS[2], KEYS[6], "OrderConfirmed", now, event_id, order, previous, "")
move_units(KEYS[3], lines, "available", "sold")
count_customer(KEYS[4], order.customer_ref, lines, 1)
return { "ORDER", now, order_fields(order) }
