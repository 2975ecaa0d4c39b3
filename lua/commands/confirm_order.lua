#!lua flags=allow-oom
--[[
confirm_order: finish a free hold. An order that is confirmed already stays as it is.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 due_orders  zset    this event's held orders by deadline
  5 due_events  zset    the partition's events by earliest deadline
  6 holders     hash    customer|customer_ref, address|address_ref -> live holds
  7 order       hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
REPLY
  ORDER order      confirmed, now or before
  EXPIRED          the hold has ended, or is overdue
  REFUSED order    not free, or in a state that cannot be confirmed
  UNKNOWN_ORDER
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
--- @include "lib/settle_order"
--- @include "lib/order_lines"
--- @include "lib/write_order"
--- @include "lib/move_units"
--- @include "lib/schedule_event"
--- @include "lib/uncount_hold"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[7])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if order.status == "confirmed" then
  return { "ORDER", now, order_fields(order) }
elseif order.status == "expired" or is_overdue(order, now) then
  return { "EXPIRED", now }
elseif order.status ~= "held" or order.total ~= "0" then
  return { "REFUSED", now, order_fields(order) }
end

settle_order(order, now, "free", "")
write_order(KEYS[1], KEYS[2], KEYS[7], "OrderConfirmed", now, ARGV[3], order, "held", "")
move_units(KEYS[3], order_lines(order.lines), "held", "sold")
redis.call("ZREM", KEYS[4], order.order_id)
schedule_event(ARGV[3], KEYS[4], KEYS[5])
uncount_hold(KEYS[6], KEYS[7], order)
return { "ORDER", now, order_fields(order) }
