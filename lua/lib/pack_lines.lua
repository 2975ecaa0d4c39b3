-- pack_lines: the lines of an order as one text, "type quantity unit_price name", one a line.
-- No id has a space and no name a line break (the API sees to it), so it can be taken apart again.
local function pack_lines(lines)
  local packed = {}
  for _, line in ipairs(lines) do
    packed[#packed + 1] = table.concat({ line.ticket_type, line.quantity, line.price, line.name }, " ")
  end
  return table.concat(packed, "\n")
end
