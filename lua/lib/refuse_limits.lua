-- refuse_limits: the reply of a wish outside a limit of an order or of its customer, or nil.
--- @include "lib/refuse_customer"
local function refuse_limits(customers_key, due_orders_key, customer_ref, lines, now)
  for _, line in ipairs(lines) do
    if line.quantity < tonumber(line.min_per_order) then
      return { "LIMIT", now, "min_per_order", line.ticket_type, line.min_per_order }
    end
    if line.quantity > tonumber(line.max_per_order) then
      return { "LIMIT", now, "max_per_order", line.ticket_type, line.max_per_order }
    end
  end
  return refuse_customer(customers_key, due_orders_key, customer_ref, lines, now)
end
