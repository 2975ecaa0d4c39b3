-- refuse_limits: the reply of a wish outside a limit, or nil. What a customer has counts over all
-- live orders; an overdue hold may still stand in that count, so then nothing is decided yet.
--- @include "lib/has_overdue"
local function refuse_limits(customers_key, due_orders_key, customer_ref, lines, now)
  for _, line in ipairs(lines) do
    if line.quantity < tonumber(line.min_per_order) then
      return { "LIMIT", now, "min_per_order", line.ticket_type, line.min_per_order }
    end
    if line.quantity > tonumber(line.max_per_order) then
      return { "LIMIT", now, "max_per_order", line.ticket_type, line.max_per_order }
    end
  end
  for _, line in ipairs(lines) do
    local has = redis.call("HGET", customers_key, customer_ref .. "|" .. line.ticket_type) or "0"
    if tonumber(has) + line.quantity > tonumber(line.max_per_customer) then
      if has ~= "0" and has_overdue(due_orders_key, now) then
        return { "OVERDUE", now }
      end
      return { "LIMIT", now, "max_per_customer", line.ticket_type, line.max_per_customer }
    end
  end
  return nil
end
