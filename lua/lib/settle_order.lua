-- settle_order: an order in hand becomes confirmed; why, and by which payment ("" for a free one).
--- @include "lib/whole"
local function settle_order(order, now, settlement, payment_id)
  order.status = "confirmed"
  order.confirmed_at = whole(now)
  order.expires_at = ""
  order.version = whole(tonumber(order.version) + 1)
  order.settlement = settlement
  order.payment_id = payment_id
end
