#!lua
--[[
open_event: put an event on sale with its whole configuration and stock, or resume a paused one.

KEYS
  1 head    hash    epoch and seq of the partition
  2 outbox  stream
  3 event   hash    configuration and counters
  4 events  set     the partition's opened events
ARGV
  1 now_ms         int    0 = the server's clock
  2 not_after_ms   int
  3 event_id       id
  4+ configuration pairs  field, value; used only if the event was never opened
REPLY
  EVENT event      open, now or before; the event as a flat list
  REFUSED status   closed is final
  LATE
  NOT_READY
EMITS
  EventOpened
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
if event and event.status == "open" then
  return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
elseif event and event.status == "closed" then
  return { "REFUSED", now, event.status }
end

local fields = {}
if event then
  event.status = "open"
  event.version = whole(tonumber(event.version) + 1)
  fields = { "status", event.status, "version", event.version }
else
  event = { status = "open", version = "1" }
  for i = 4, #ARGV, 2 do
    event[ARGV[i]] = ARGV[i + 1]
    local pool = string.match(ARGV[i], "^pool:([^:]+):capacity$")
    if pool then
      event["pool:" .. pool .. ":available"] = ARGV[i + 1]
      event["pool:" .. pool .. ":held"] = "0"
      event["pool:" .. pool .. ":sold"] = "0"
    end
  end
  for name, value in pairs(event) do
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
end
emit_fact(KEYS[1], KEYS[2], "EventOpened", now, event_fields(ARGV[3], event))
redis.call("HSET", KEYS[3], unpack(fields))
redis.call("SADD", KEYS[4], ARGV[3])
return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
