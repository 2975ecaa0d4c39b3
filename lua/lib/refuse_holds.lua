-- refuse_holds: the reply of one hold more than a customer, or an address, may have of an event at a
-- time, or nil. A cap of 0 is none. Some of those that count may be overdue; then nothing is decided.
--- @include "lib/has_overdue"
local function refuse_holds(holders_key, due_orders_key, holders, caps, now)
  for _, kind in ipairs({ "customer", "address" }) do
    local cap, holder = caps[kind], holders[kind]
    if cap > 0 and holder ~= "" then
      local has = redis.call("HGET", holders_key, kind .. "|" .. holder) or "0"
      if tonumber(has) >= cap then
        if has_overdue(due_orders_key, now) then
          return { "OVERDUE", now }
        end
        return { "LIMIT", now, "live_holds_per_" .. kind, "", cap }
      end
    end
  end
  return nil
end
