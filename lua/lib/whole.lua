-- whole: a number as decimal digits. Lua prints 1e+15 on its own; a counter must not become that.
local function whole(number)
  return string.format("%.0f", number)
end
