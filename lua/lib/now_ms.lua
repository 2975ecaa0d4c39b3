-- now_ms: milliseconds since 1970. "0" asks the server's clock, anything else is a test's clock.
-- Called once in a script: Redis 7.0 lets TIME move while a script runs.
local function now_ms(argument)
  if argument ~= "0" then
    return tonumber(argument)
  end
  local time = redis.call("TIME")
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
