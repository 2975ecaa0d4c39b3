#!lua flags=allow-oom
--[[
fail_payment: no money came; the order is a hold again, with two minutes at least for another try.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 due_orders  zset    this event's held orders by deadline
  4 due_events  zset    the partition's events by earliest deadline
  5 paying      zset    the partition's paying orders by their next look-up
  6 order       hash
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
  OrderPaymentFailed
COST
  O(log(orders))
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/whole"
--- @include "lib/read_hash"
--- @include "lib/is_paying_by"
--- @include "lib/write_order"
--- @include "lib/schedule_event"

local RETRY_MS = 120000

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[6])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if not is_paying_by(order, ARGV[4]) then
  return { "ORDER", now, order_fields(order) }
elseif order.pinned then
  return { "PINNED", now, order_fields(order) }
end

-- Never past twice the time that the hold was born with: who fails again and again must let it go.
local latest = 2 * tonumber(order.birth_expires_at) - tonumber(order.created_at)
order.status = "held"
order.payment_id = ""
order.expires_at = whole(math.min(math.max(tonumber(order.expires_at), now + RETRY_MS), latest))
order.version = whole(tonumber(order.version) + 1)
write_order(KEYS[1], KEYS[2], KEYS[6], "OrderPaymentFailed", now, ARGV[3], order, "paying", "")
redis.call("ZREM", KEYS[5], order.order_id)
redis.call("ZADD", KEYS[3], order.expires_at, order.order_id)
schedule_event(ARGV[3], KEYS[3], KEYS[4])
return { "ORDER", now, order_fields(order) }
