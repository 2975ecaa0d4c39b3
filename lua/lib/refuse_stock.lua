-- refuse_stock: the reply of a wish that the pools cannot meet, or nil. Lines of different types may
-- share a pool, so the need is summed per pool before it is compared. Units may return only if every
-- pool that falls short has some on hold.
--- @include "lib/split"
--- @include "lib/has_overdue"
local function refuse_stock(event_key, due_orders_key, lines, now)
  local need, short = {}, nil
  for _, line in ipairs(lines) do
    for _, pool in ipairs(split(line.pools)) do
      need[pool] = (need[pool] or 0) + line.quantity
      local prefix = "pool:" .. pool .. ":"
      local stock = redis.call("HMGET", event_key, prefix .. "available", prefix .. "held")
      if tonumber(stock[1]) < need[pool] then
        if stock[2] == "0" then
          return { "SOLD_OUT", now, line.ticket_type, "0" }
        end
        short = short or line.ticket_type
      end
    end
  end
  if not short then
    return nil
  elseif has_overdue(due_orders_key, now) then
    return { "OVERDUE", now }
  end
  return { "SOLD_OUT", now, short, "1" }
end
