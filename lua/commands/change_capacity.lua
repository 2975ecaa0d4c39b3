#!lua
--[[
change_capacity: make a pool larger or smaller; never smaller than what is held and sold.

KEYS
  1 head    hash    epoch and seq of the partition
  2 outbox  stream
  3 event   hash    configuration and counters
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4 pool          id
  5 capacity      int   0 to 10,000,000
REPLY
  EVENT event      the pool has this capacity, now or before; the event as a flat list
  IN_USE minimum   held and sold units do not fit
  REFUSED status   closed is final
  UNKNOWN_POOL
  UNKNOWN_EVENT
  MALFORMED        a capacity that no caller of ours sends
  LATE
  NOT_READY
EMITS
  PoolCapacityChanged
COST
  O(fields)
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/emit_fact"
--- @include "lib/whole"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local pool, capacity = ARGV[4], tonumber(ARGV[5])
if not string.match(ARGV[5], "^%d+$") or capacity > 10000000 then
  return { "MALFORMED", now }
end
local event = read_hash(KEYS[3])
if not event then
  return { "UNKNOWN_EVENT", now }
end
local prefix = "pool:" .. pool .. ":"
if not event[prefix .. "capacity"] then
  return { "UNKNOWN_POOL", now }
elseif event[prefix .. "capacity"] == whole(capacity) then
  return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
elseif event.status == "closed" then
  return { "REFUSED", now, event.status }
end
local in_use = tonumber(event[prefix .. "held"]) + tonumber(event[prefix .. "sold"])
if capacity < in_use then
  return { "IN_USE", now, in_use }
end

local version = whole(tonumber(event.version) + 1)
emit_fact(KEYS[1], KEYS[2], "PoolCapacityChanged", now,
  { "event_id", ARGV[3], "version", version, "pool", pool, "capacity", whole(capacity) })
redis.call("HSET", KEYS[3], "version", version,
  prefix .. "capacity", whole(capacity), prefix .. "available", whole(capacity - in_use))
return { "EVENT", now, redis.call("HGETALL", KEYS[3]) }
