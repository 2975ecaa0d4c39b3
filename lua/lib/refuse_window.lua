-- refuse_window: the reply of an event or a type that is not on sale at this moment, or nil.
-- A window is [on_sale_from, on_sale_until); an empty bound is open. Unknown types have none.
local function refuse_window(status, lines, now)
  if status ~= "open" then
    return { "SALE_CLOSED", now, status }
  end
  for _, line in ipairs(lines) do
    if line.is_known and line.on_sale_from ~= "" and now < tonumber(line.on_sale_from) then
      return { "SALE_CLOSED", now, "not_started" }
    end
    if line.is_known and line.on_sale_until ~= "" and now >= tonumber(line.on_sale_until) then
      return { "SALE_CLOSED", now, "ended" }
    end
  end
  return nil
end
