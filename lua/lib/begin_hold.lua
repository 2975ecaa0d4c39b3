-- begin_hold: a new hold waits for its deadline, and counts as live for its customer and, unless that
-- is empty, for its address. The order keeps the address only for as long: uncount_hold takes it off.
--- @include "lib/schedule_event"
local function begin_hold(keys, order_key, event_id, order, holders)
  redis.call("ZADD", keys.due_orders, order.expires_at, order.order_id)
  schedule_event(event_id, keys.due_orders, keys.due_events)
  redis.call("HINCRBY", keys.holders, "customer|" .. holders.customer, 1)
  if holders.address ~= "" then
    redis.call("HINCRBY", keys.holders, "address|" .. holders.address, 1)
    redis.call("HSET", order_key, "address_ref", holders.address)
  end
end
