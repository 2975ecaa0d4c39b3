-- write_order: tells the fact, then stores the order. `previous` is the status it leaves, or "".
--- @include "lib/emit_fact"
--- @include "lib/order_fields"
local function write_order(head_key, outbox_key, order_key, fact, now, event_id, order, previous, person)
  local fields = order_fields(order)
  local told = { "event_id", event_id, "previous", previous, "person", person, unpack(fields) }
  emit_fact(head_key, outbox_key, fact, now, told)
  redis.call("HSET", order_key, unpack(fields))
end
