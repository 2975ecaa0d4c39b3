-- is_overdue: whether a held order has outlived its deadline (the deadline itself is too late).
local function is_overdue(order, now)
  return order.status == "held" and tonumber(order.expires_at) <= now
end
