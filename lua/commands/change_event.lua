#!lua
--[[
change_event: change names, prices, windows or limits of an opened event.

KEYS
  1 head    hash    epoch and seq of the partition
  2 outbox  stream
  3 event   hash    configuration and counters
ARGV
  1 now_ms            int    0 = the server's clock
  2 not_after_ms      int
  3 event_id          id
  4 expected_version  int    the version that the change was computed from
  5+ fields           pairs  field, value; only fields that the event has already
REPLY
  EVENT event      changed; the event as a flat list
  STALE            another change came between: read again
  REFUSED status   closed is final
  UNKNOWN_EVENT
  MALFORMED        a field that the event does not have, or that must not change
  LATE
  NOT_READY
EMITS
  EventChanged
COST
  O(fields)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/event_fields"
--- @include "lib/emit_fact"
--- @include "lib/whole"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local event = read_hash(KEYS[3])
if not event then
  return { "UNKNOWN_EVENT", now }
elseif event.status == "closed" then
  return { "REFUSED", now, event.status }
elseif event.version ~= ARGV[4] then
  return { "STALE", now }
end
if #ARGV % 2 == 1 then
  return { "MALFORMED", now, ARGV[#ARGV] }
end
local changes = {}
for i = 5, #ARGV, 2 do
  local name = ARGV[i]
  local is_fixed = name == "status" or name == "currency" or name == "pools" or name == "types"
    or name == "version" or string.match(name, "^pool:") or string.match(name, ":pools$")
  if not event[name] or is_fixed then
    return { "MALFORMED", now, name }
  end
  event[name] = ARGV[i + 1]
  changes[#changes + 1] = name
  changes[#changes + 1] = ARGV[i + 1]
end
event.version = whole(tonumber(event.version) + 1)
emit_fact(KEYS[1], KEYS[2], "EventChanged", now, event_fields(ARGV[3], event))
redis.call("HSET", KEYS[3], "version", event.version, unpack(changes))
return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
