#!lua flags=allow-oom
--[[
confirm_payment: the money is there; the hold becomes a sale.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 due_orders  zset    this event's held orders by deadline
  5 due_events  zset    the partition's events by earliest deadline
  6 holders     hash    customer|customer_ref, address|address_ref -> live holds
  7 paying      zset    the partition's paying orders by their next look-up
  8 order       hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4 payment_id    id
  5 settlement    word  paid | hack (a held order too, overdue or not, as long as nobody swept it)
REPLY
  ORDER order      confirmed by this payment, now or before
  GONE order       not being paid by this payment, or free
  UNKNOWN_ORDER
  MALFORMED        a payment or a settlement that no caller of ours sends
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
--- @include "lib/is_payment_id"
--- @include "lib/is_paying_by"
--- @include "lib/order_lines"
--- @include "lib/settle_order"
--- @include "lib/write_order"
--- @include "lib/move_units"
--- @include "lib/schedule_event"
--- @include "lib/uncount_hold"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local event_id, payment_id, settlement = ARGV[3], ARGV[4], ARGV[5]
if not is_payment_id(payment_id) or (settlement ~= "paid" and settlement ~= "hack") then
  return { "MALFORMED", now }
end
local order = read_hash(KEYS[8])
if not order then
  return { "UNKNOWN_ORDER", now }
end
local previous = order.status
local is_direct = settlement == "hack" and previous == "held" and order.total ~= "0"
if previous == "confirmed" and order.payment_id == payment_id then
  return { "ORDER", now, order_fields(order) }
elseif not is_direct and not is_paying_by(order, payment_id) then
  return { "GONE", now, order_fields(order) }
end

settle_order(order, now, settlement, payment_id)
write_order(KEYS[1], KEYS[2], KEYS[8], "OrderConfirmed", now, event_id, order, previous, "")
move_units(KEYS[3], order_lines(order.lines), "held", "sold")
redis.call("HDEL", KEYS[8], "pinned")
redis.call("ZREM", KEYS[7], order.order_id)
redis.call("ZREM", KEYS[4], order.order_id)
schedule_event(event_id, KEYS[4], KEYS[5])
uncount_hold(KEYS[6], KEYS[8], order)
return { "ORDER", now, order_fields(order) }
