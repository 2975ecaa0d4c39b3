-- merge_lines: the wished lines, one a ticket type, in order of first appearance, with what the
-- event says of each type; the total in minor units; and the first type that the event lacks, or nil.
-- nil instead of lines when they are malformed: no lines, more than 20, or a quantity that is not a
-- whole number from 1 to 100 written in digits alone (tonumber alone would take "0x10", "1e2", "nan").
local function merge_lines(event_key, arguments, first)
  local pairs_given = #arguments - first + 1
  if pairs_given < 2 or pairs_given > 40 or pairs_given % 2 == 1 then
    return nil
  end
  local lines, by_type, total, unknown = {}, {}, 0, nil
  for i = first, #arguments, 2 do
    local ticket_type, quantity = arguments[i], arguments[i + 1]
    if not string.match(quantity, "^%d%d?%d?$") then
      return nil
    end
    quantity = tonumber(quantity)
    if quantity < 1 or quantity > 100 then
      return nil
    end
    local line = by_type[ticket_type]
    if not line then
      local prefix = "type:" .. ticket_type .. ":"
      local found = redis.call("HMGET", event_key,
        prefix .. "price", prefix .. "name", prefix .. "pools",
        prefix .. "min_per_order", prefix .. "max_per_order", prefix .. "max_per_customer",
        prefix .. "on_sale_from", prefix .. "on_sale_until")
      line = {
        ticket_type = ticket_type, quantity = 0, is_known = found[1] and true or false,
        price = found[1] or "0", name = found[2], pools = found[3],
        min_per_order = found[4], max_per_order = found[5], max_per_customer = found[6],
        on_sale_from = found[7], on_sale_until = found[8],
      }
      by_type[ticket_type] = line
      lines[#lines + 1] = line
      if not line.is_known then
        unknown = unknown or ticket_type
      end
    end
    line.quantity = line.quantity + quantity
    total = total + quantity * tonumber(line.price)
  end
  return lines, total, unknown
end
