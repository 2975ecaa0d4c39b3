#!lua flags=allow-oom
--[[
expire_payment: the provider says that no money will come, and the hold's time is over.

KEYS
  1 head       hash    epoch and seq of the partition
  2 outbox     stream
  3 event      hash    configuration and counters
  4 customers  hash    customer_ref|ticket type -> quantity in live orders
  5 holders    hash    customer|customer_ref, address|address_ref -> live holds
  6 paying     zset    the partition's paying orders by their next look-up
  7 order      hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4 payment_id    id
REPLY
  ORDER order      not being paid by this payment, now or before
  PINNED order     the payment is authorised
  UNKNOWN_ORDER
  LATE
  NOT_READY
EMITS
  OrderExpired
COST
  O(lines x pools)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/is_paying_by"
--- @include "lib/order_fields"
--- @include "lib/end_hold"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[7])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if not is_paying_by(order, ARGV[4]) then
  return { "ORDER", now, order_fields(order) }
elseif order.pinned then
  return { "PINNED", now, order_fields(order) }
end

local keys = {
  head = KEYS[1], outbox = KEYS[2], event = KEYS[3], customers = KEYS[4], holders = KEYS[5],
  waiting = KEYS[6],
}
end_hold(keys, KEYS[7], "OrderExpired", now, ARGV[3], order, "expired")
return { "ORDER", now, order_fields(order) }
