-- end_hold: a held order gives its units and its share of the limits back, and gets a last status.
--- @include "lib/whole"
--- @include "lib/write_order"
--- @include "lib/order_lines"
--- @include "lib/move_units"
--- @include "lib/count_customer"
--- @include "lib/uncount_hold"
local function end_hold(keys, order_key, fact, now, event_id, order, status)
  local lines = order_lines(order.lines)
  order.status = status
  order.version = whole(tonumber(order.version) + 1)
  write_order(keys.head, keys.outbox, order_key, fact, now, event_id, order, "held", "")
  move_units(keys.event, lines, "held", "available")
  count_customer(keys.customers, order.customer_ref, lines, -1)
  redis.call("ZREM", keys.due_orders, order.order_id)
  uncount_hold(keys.holders, order_key, order)
end
