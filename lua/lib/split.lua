-- split: the parts of a comma separated list of ids.
local function split(list)
  local parts = {}
  for part in string.gmatch(list, "[^,]+") do
    parts[#parts + 1] = part
  end
  return parts
end
