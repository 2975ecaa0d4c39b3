-- refuse_customer: the reply of lines with which a customer would have more of a type than one may,
-- or nil. What one has counts over all live orders; an overdue hold may still stand in that count, so
-- then nothing is decided yet.
--- @include "lib/has_overdue"
local function refuse_customer(customers_key, due_orders_key, customer_ref, lines, now)
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
