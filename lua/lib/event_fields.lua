-- event_fields: an event as the flat list that its facts carry: everything but the moving counters.
local function event_fields(event_id, event)
  local flat = { "event_id", event_id }
  for name, value in pairs(event) do
    local column = string.match(name, "^pool:[^:]+:(%a+)$")
    if column == nil or column == "capacity" then
      flat[#flat + 1] = name
      flat[#flat + 1] = value
    end
  end
  return flat
end
