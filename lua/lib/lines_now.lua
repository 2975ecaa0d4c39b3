-- lines_now: the lines of an order with what its event says of each type now: pools and limit.
--- @include "lib/order_lines"
local function lines_now(event_key, packed)
  local lines = order_lines(packed)
  for _, line in ipairs(lines) do
    local prefix = "type:" .. line.ticket_type .. ":"
    local found = redis.call("HMGET", event_key, prefix .. "pools", prefix .. "max_per_customer")
    line.pools, line.max_per_customer = found[1], found[2]
  end
  return lines
end
