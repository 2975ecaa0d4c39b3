-- count_customer: adds the units of some lines to what a customer has of each type (sign 1), or
-- takes them off again (sign -1). A count of nothing leaves no field behind.
local function count_customer(customers_key, customer_ref, lines, sign)
  for _, line in ipairs(lines) do
    local field = customer_ref .. "|" .. line.ticket_type
    if redis.call("HINCRBY", customers_key, field, sign * line.quantity) == 0 then
      redis.call("HDEL", customers_key, field)
    end
  end
end
