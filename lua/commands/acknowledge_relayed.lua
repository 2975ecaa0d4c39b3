#!lua flags=allow-oom
--[[
acknowledge_relayed: note how far the bus has a partition's facts, and forget all but a tail of them.

KEYS
  1 lease   hash    owner, token, until
  2 head    hash    also relayed_epoch and relayed_seq
  3 outbox  stream
ARGV
  1 now_ms  int   0 = the server's clock
  2 token   int   of the lease under which the facts were sent
  3 epoch   int   of the last fact that the bus acknowledged
  4 seq     int   of the last fact that the bus acknowledged
  5 tail    int   how many relayed entries stay
REPLY
  DONE
  FENCED           the lease has gone to somebody else
EMITS
  nothing
COST
  O(entries trimmed)
]]
--- @include "lib/now_ms"
--- @include "lib/whole"

local now = now_ms(ARGV[1])
if redis.call("HGET", KEYS[1], "token") ~= ARGV[2] then
  return { "FENCED", now }
end
redis.call("HSET", KEYS[2], "relayed_epoch", ARGV[3], "relayed_seq", ARGV[4])
local first_kept = math.max(tonumber(ARGV[4]) - tonumber(ARGV[5]) + 1, 0)
-- seq never restarts, but the epoch part of older ids is smaller: they all lie below this id.
redis.call("XTRIM", KEYS[3], "MINID", ARGV[3] .. "-" .. whole(first_kept))
return { "DONE", now }
