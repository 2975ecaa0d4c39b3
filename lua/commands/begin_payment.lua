#!lua
--[[
begin_payment: a hold is being paid. It waits for its payment now, not for its deadline.

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
  5 look_up_at    int   when somebody asks what became of it, in ms
REPLY
  ORDER order      being paid, or settled, by this payment, now or before
  EXPIRED          the hold has ended, or is overdue
  PAYING           another payment is open
  REFUSED order    free, or in a state that cannot be paid
  UNKNOWN_ORDER
  MALFORMED        a payment or a time that no caller of ours sends
  LATE
  NOT_READY
EMITS
  OrderPaymentBegan
COST
  O(log(orders))
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/whole"
--- @include "lib/read_hash"
--- @include "lib/is_overdue"
--- @include "lib/is_payment_id"
--- @include "lib/write_order"
--- @include "lib/schedule_event"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local payment_id, look_up_at = ARGV[4], ARGV[5]
if not is_payment_id(payment_id) or not string.match(look_up_at, "^%d+$") or #look_up_at > 15 then
  return { "MALFORMED", now }
end
local order = read_hash(KEYS[6])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if order.payment_id == payment_id then
  return { "ORDER", now, order_fields(order) }
elseif order.status == "paying" then
  return { "PAYING", now }
elseif order.status == "expired" or is_overdue(order, now) then
  return { "EXPIRED", now }
elseif order.status ~= "held" or order.total == "0" then
  return { "REFUSED", now, order_fields(order) }
end

order.status = "paying"
order.payment_id = payment_id
order.version = whole(tonumber(order.version) + 1)
write_order(KEYS[1], KEYS[2], KEYS[6], "OrderPaymentBegan", now, ARGV[3], order, "held", "")
redis.call("ZREM", KEYS[3], order.order_id)
schedule_event(ARGV[3], KEYS[3], KEYS[4])
redis.call("ZADD", KEYS[5], look_up_at, order.order_id)
return { "ORDER", now, order_fields(order) }
