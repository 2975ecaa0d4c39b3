#!lua
--[[
start_partition: give a partition its head, once, when nothing was ever recorded of it.

KEYS
  1 head  hash    epoch and seq of the partition
ARGV
  1 now_ms  int   0 = the server's clock
REPLY
  HEAD epoch seq   where the partition stands, now or before
EMITS
  nothing
COST
  O(1)
]]
--- @include "lib/now_ms"

local now = now_ms(ARGV[1])
if redis.call("EXISTS", KEYS[1]) == 0 then
  redis.call("HSET", KEYS[1], "epoch", "1", "seq", "0", "relayed_epoch", "0", "relayed_seq", "0")
end
local head = redis.call("HMGET", KEYS[1], "epoch", "seq")
return { "HEAD", now, head[1], head[2] }
