-- end_hold: a held or paying order gives its units and its share of the limits back, and gets a last
-- status. `keys.waiting` is the sorted set in which it waits: for its deadline, or for a look-up.
--- @include "lib/whole"
--- @include "lib/write_order"
--- @include "lib/order_lines"
--- @include "lib/move_units"
--- @include "lib/count_customer"
--- @include "lib/uncount_hold"
local function end_hold(keys, order_key, fact, now, event_id, order, status)
  local lines, previous = order_lines(order.lines), order.status
  order.status = status
  order.payment_id = ""
  order.version = whole(tonumber(order.version) + 1)
  write_order(keys.head, keys.outbox, order_key, fact, now, event_id, order, previous, "")
  move_units(keys.event, lines, "held", "available")
  count_customer(keys.customers, order.customer_ref, lines, -1)
  redis.call("ZREM", keys.waiting, order.order_id)
  uncount_hold(keys.holders, order_key, order)
end
