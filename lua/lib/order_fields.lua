-- order_fields: an order as the flat list that is stored, told as a fact, and replied. One that was
-- stored before there were payments lacks the last three; what was confirmed then was free.
local function order_fields(order)
  local names = {
    "order_id", "customer_ref", "fingerprint", "status", "birth_status", "birth_expires_at",
    "lines", "currency", "total", "created_at", "expires_at", "confirmed_at", "version",
    "payment_id", "settlement", "refunded",
  }
  local was_free = order.confirmed_at ~= "" and order.total == "0"
  local unsaid = { payment_id = "", settlement = was_free and "free" or "", refunded = "0" }
  local flat = {}
  for _, name in ipairs(names) do
    flat[#flat + 1] = name
    flat[#flat + 1] = order[name] or unsaid[name]
  end
  return flat
end
