#!lua flags=allow-oom
--[[
pin_hold: the payment is authorised; until it is confirmed or unpinned, nothing ends the hold.

KEYS
  1 head   hash  epoch and seq of the partition
  2 order  hash  gets the field `pinned`, which no fact tells
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 payment_id    id
REPLY
  PINNED order     now or before
  GONE order       not being paid by this payment
  UNKNOWN_ORDER
  LATE
  NOT_READY
EMITS
  nothing
COST
  O(1)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/is_paying_by"
--- @include "lib/order_fields"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local order = read_hash(KEYS[2])
if not order then
  return { "UNKNOWN_ORDER", now }
end
if not is_paying_by(order, ARGV[3]) then
  return { "GONE", now, order_fields(order) }
end

redis.call("HSET", KEYS[2], "pinned", "1")
return { "PINNED", now, order_fields(order) }
