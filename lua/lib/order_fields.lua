-- order_fields: an order as the flat list that is stored, told as a fact, and replied.
local function order_fields(order)
  local names = {
    "order_id", "customer_ref", "fingerprint", "status", "birth_status", "birth_expires_at",
    "lines", "currency", "total", "created_at", "expires_at", "confirmed_at", "version",
  }
  local flat = {}
  for _, name in ipairs(names) do
    flat[#flat + 1] = name
    flat[#flat + 1] = order[name]
  end
  return flat
end
