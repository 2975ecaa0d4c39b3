-- uncount_hold: a hold that ends, in whatever way, counts no more for its customer and its address.
-- A hold that was never counted (a restored one) must not become a credit: nothing goes below 0.
local function uncount_hold(holders_key, order_key, order)
  local fields = { "customer|" .. order.customer_ref }
  if order.address_ref then
    fields[2] = "address|" .. order.address_ref
    redis.call("HDEL", order_key, "address_ref")
  end
  for _, field in ipairs(fields) do
    if redis.call("HINCRBY", holders_key, field, -1) <= 0 then
      redis.call("HDEL", holders_key, field)
    end
  end
end
