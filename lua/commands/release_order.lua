#!lua flags=allow-oom
--[[
release_order: the buyer lets a hold go; its units and its share of the limits come back.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 customers   hash    customer_ref|ticket type -> quantity in live orders
  5 due_orders  zset    this event's held orders by deadline
  6 due_events  zset    the partition's events by earliest deadline
  7 holders     hash    customer|customer_ref, address|address_ref -> live holds
  8 order       hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
REPLY
  ORDER order      released, now or before, or expired; an overdue hold is left to expire
  PAYING           a payment is open
  REFUSED order    in a state that cannot be released
  UNKNOWN_ORDER
  LATE
  NOT_READY
EMITS
  OrderReleased
COST
  O(lines x pools)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/is_overdue"
--- @include "lib/order_fields"
--- @include "lib/end_hold"
--- @include "lib/schedule_event"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[8])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if order.status == "released" or order.status == "expired" or is_overdue(order, now) then
  return { "ORDER", now, order_fields(order) }
elseif order.status == "paying" then
  return { "PAYING", now }
elseif order.status ~= "held" then
  return { "REFUSED", now, order_fields(order) }
end

local keys = {
  head = KEYS[1], outbox = KEYS[2], event = KEYS[3], customers = KEYS[4], waiting = KEYS[5],
  holders = KEYS[7],
}
end_hold(keys, KEYS[8], "OrderReleased", now, ARGV[3], order, "released")
schedule_event(ARGV[3], KEYS[5], KEYS[6])
return { "ORDER", now, order_fields(order) }
