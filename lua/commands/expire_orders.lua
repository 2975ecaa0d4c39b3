#!lua flags=allow-oom
--[[
expire_orders: end the given holds of one event that are overdue; each is checked again here.

KEYS
  1 head        hash    epoch and seq of the partition
  2 outbox      stream
  3 event       hash    configuration and counters
  4 customers   hash    customer_ref|ticket type -> quantity in live orders
  5 due_orders  zset    this event's held orders by deadline
  6 due_events  zset    the partition's events by earliest deadline
  7 holders     hash    customer|customer_ref, address|address_ref -> live holds
  8+ order      hash    up to 100 orders of this event, in the order of their ids in ARGV
ARGV
  1 now_ms        int   0 = the server's clock
  2 not_after_ms  int
  3 event_id      id
  4+ order_id     id    as many as order keys
REPLY
  DONE count       so many were ended; the others are not held, or not overdue
  LATE
  NOT_READY
EMITS
  OrderExpired
COST
  O(orders x lines x pools), at most 100 orders
]]
--- @include "lib/now_ms"
--- @include "lib/refuse_run"
--- @include "lib/read_hash"
--- @include "lib/is_overdue"
--- @include "lib/end_hold"
--- @include "lib/schedule_event"

local now = now_ms(ARGV[1])
local refusal = refuse_run(now, ARGV[2], KEYS[1])
if refusal then
  return refusal
end
local event_id = ARGV[3]
local overdue, settled, seen = {}, {}, {}
for i = 8, math.min(#KEYS, 107) do
  -- The id says whose order it is; one of another event is none of ours.
  local is_ours = string.match(ARGV[i - 4], "^%d+%.([^.]+)%.") == event_id
  local order = is_ours and read_hash(KEYS[i]) or nil
  if not order or order.status ~= "held" then
    settled[#settled + 1] = ARGV[i - 4]
  elseif is_overdue(order, now) and not seen[KEYS[i]] then
    overdue[#overdue + 1] = { key = KEYS[i], order = order }
  end
  seen[KEYS[i]] = true
end

local keys = {
  head = KEYS[1], outbox = KEYS[2], event = KEYS[3], customers = KEYS[4], waiting = KEYS[5],
  holders = KEYS[7],
}
for _, each in ipairs(overdue) do
  end_hold(keys, each.key, "OrderExpired", now, event_id, each.order, "expired")
end
-- A deadline whose order is no longer held would be offered to every sweep for ever.
for _, order_id in ipairs(settled) do
  redis.call("ZREM", KEYS[5], order_id)
end
schedule_event(event_id, KEYS[5], KEYS[6])
return { "DONE", now, #overdue }
