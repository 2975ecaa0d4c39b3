#!lua flags=allow-oom
--[[
cancel_order: the organiser takes a confirmed order back; units and limits are free again.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 customers   hash    customer_ref|ticket type -> quantity in live orders
  5 order       hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
REPLY
  ORDER order      cancelled, now or before
  REFUSED order    in a state that cannot be cancelled
  UNKNOWN_ORDER
  LATE
  NOT_READY
EMITS
  OrderCancelled
COST
  O(lines x pools)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/whole"
--- @include "lib/read_hash"
--- @include "lib/order_lines"
--- @include "lib/write_order"
--- @include "lib/move_units"
--- @include "lib/count_customer"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[5])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if order.status == "cancelled" then
  return { "ORDER", now, order_fields(order) }
elseif order.status ~= "confirmed" then
  return { "REFUSED", now, order_fields(order) }
end

local lines = order_lines(order.lines)
order.status = "cancelled"
order.version = whole(tonumber(order.version) + 1)
write_order(KEYS[1], KEYS[2], KEYS[5], "OrderCancelled", now, ARGV[3], order, "confirmed", "")
move_units(KEYS[3], lines, "sold", "available")
count_customer(KEYS[4], order.customer_ref, lines, -1)
return { "ORDER", now, order_fields(order) }
