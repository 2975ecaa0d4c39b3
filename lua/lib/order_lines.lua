-- order_lines: the packed lines of an order ("type quantity unit_price name", one a line) as a list.
local function order_lines(packed)
  local lines = {}
  for ticket_type, quantity in string.gmatch(packed, "([^ \n]+) (%d+) %d+ [^\n]*") do
    lines[#lines + 1] = { ticket_type = ticket_type, quantity = tonumber(quantity) }
  end
  return lines
end
