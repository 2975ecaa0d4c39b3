#!lua flags=allow-oom
--[[
pause_event: stop new orders for a while; live holds go on.

KEYS
  1 head    hash    epoch and seq of the partition
  2 outbox  stream
  3 event   hash    configuration and counters
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
REPLY
  EVENT event      paused, now or before; the event as a flat list
  REFUSED status   closed is final
  UNKNOWN_EVENT
  LATE
  NOT_READY
EMITS
  EventPaused
COST
  O(fields)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/change_status"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local event = read_hash(KEYS[3])
if not event then
  return { "UNKNOWN_EVENT", now }
elseif event.status == "paused" then
  return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
elseif event.status == "closed" then
  return { "REFUSED", now, event.status }
end
local keys = { head = KEYS[1], outbox = KEYS[2], event = KEYS[3] }
change_status(keys, "EventPaused", now, ARGV[3], event, "paused")
return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
