-- schedule_event: keeps the partition's list of events by earliest deadline true to one event.
local function schedule_event(event_id, due_orders_key, due_events_key)
  local first = redis.call("ZRANGE", due_orders_key, 0, 0, "WITHSCORES")
  if #first == 0 then
    redis.call("ZREM", due_events_key, event_id)
  else
    redis.call("ZADD", due_events_key, first[2], event_id)
  end
end
