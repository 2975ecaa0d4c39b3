#!lua flags=no-writes
--[[
read_order: an order and the server's time, so that an overdue hold can be shown as expired.

KEYS
  1 order  hash
ARGV
  1 now_ms  int   0 = the server's clock
REPLY
  ORDER order      the order as a flat list
  UNKNOWN_ORDER
EMITS
  nothing
COST
  O(1)
]]
--- @include "lib/now_ms"

local now = now_ms(ARGV[1])
local order = redis.call("HGETALL", KEYS[1])
if #order == 0 then
  return { "UNKNOWN_ORDER", now }
end
return { "ORDER", now, order }
