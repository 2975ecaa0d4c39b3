#!lua flags=allow-oom
--[[
unpin_hold: the authorisation was let go; the payment may fail or expire again.

KEYS
  1 head   hash  epoch and seq of the partition
  2 order  hash
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 payment_id    id
REPLY
  ORDER order      not pinned by this payment, now or before
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

if is_paying_by(order, ARGV[3]) then
  redis.call("HDEL", KEYS[2], "pinned")
end
return { "ORDER", now, order_fields(order) }
