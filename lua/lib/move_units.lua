-- move_units: moves the units of some lines between two columns (available, held, sold) of every
-- pool that their types draw on. What is taken from one column always arrives in the other.
--- @include "lib/split"
local function move_units(event_key, lines, from, to)
  for _, line in ipairs(lines) do
    local pools = redis.call("HGET", event_key, "type:" .. line.ticket_type .. ":pools")
    for _, pool in ipairs(split(pools)) do
      redis.call("HINCRBY", event_key, "pool:" .. pool .. ":" .. from, -line.quantity)
      redis.call("HINCRBY", event_key, "pool:" .. pool .. ":" .. to, line.quantity)
    end
  end
end
