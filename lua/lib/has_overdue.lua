-- has_overdue: whether this event's earliest hold has outlived its deadline.
local function has_overdue(due_orders_key, now)
  local first = redis.call("ZRANGE", due_orders_key, 0, 0, "WITHSCORES")
  return #first > 0 and tonumber(first[2]) <= now
end
