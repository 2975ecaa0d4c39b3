#!lua flags=no-writes
--[[
read_event: an event with its counters, and the server's time.

KEYS
  1 event  hash    configuration and counters
ARGV
  1 now_ms  int   0 = the server's clock
REPLY
  EVENT event      the event as a flat list
  UNKNOWN_EVENT
EMITS
  nothing
COST
  O(fields)
]]
--- @include "lib/now_ms"

local now = now_ms(ARGV[1])
local event = redis.call("HGETALL", KEYS[1])
if #event == 0 then
  return { "UNKNOWN_EVENT", now }
end
return { "EVENT", now, event }
