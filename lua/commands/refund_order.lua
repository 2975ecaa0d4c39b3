#!lua
--[[
refund_order: note how much money of an order went back; all of it cancels a confirmed order.

KEYS
  1 head       hash    epoch and seq of the partition
  2 outbox     stream
  3 event      hash    configuration and counters
  4 customers  hash    customer_ref|ticket type -> quantity in live orders
  5 order      hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4 payment_id    id
  5 refunded      int   all that has gone back, in minor units; less than is known says nothing
REPLY
  ORDER order      as much has gone back, now or before; or the order had ended without this payment
  REFUSED order    more than its total, of another payment, or of an order that was never settled
  UNKNOWN_ORDER
  MALFORMED        an amount that no caller of ours sends
  LATE
  NOT_READY
EMITS
  OrderRefunded
COST
  O(lines x pools)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/whole"
--- @include "lib/read_hash"
--- @include "lib/order_lines"
--- @include "lib/order_fields"
--- @include "lib/emit_fact"
--- @include "lib/move_units"
--- @include "lib/count_customer"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local refunded = string.match(ARGV[5], "^%d+$") and #ARGV[5] <= 16 and tonumber(ARGV[5])
if not refunded then
  return { "MALFORMED", now }
end
local order = read_hash(KEYS[5])
if not order then
  return { "UNKNOWN_ORDER", now }
end
local status, total = order.status, tonumber(order.total)
local is_ours = order.payment_id == ARGV[4]
if status == "expired" or status == "released" or (status == "cancelled" and not is_ours) then
  return { "ORDER", now, order_fields(order) }
elseif (status ~= "confirmed" and status ~= "cancelled") or not is_ours or refunded > total then
  return { "REFUSED", now, order_fields(order) }
end
local amount = refunded - tonumber(order.refunded)
if amount <= 0 then
  return { "ORDER", now, order_fields(order) }
end

order.status = refunded == total and "cancelled" or status
order.refunded = whole(refunded)
order.version = whole(tonumber(order.version) + 1)
local fields = order_fields(order)
emit_fact(KEYS[1], KEYS[2], "OrderRefunded", now,
  { "event_id", ARGV[3], "previous", status, "amount", whole(amount), unpack(fields) })
redis.call("HSET", KEYS[5], unpack(fields))
if order.status ~= status then
  local lines = order_lines(order.lines)
  move_units(KEYS[3], lines, "sold", "available")
  count_customer(KEYS[4], order.customer_ref, lines, -1)
end
return { "ORDER", now, order_fields(order) }
