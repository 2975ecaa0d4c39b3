-- is_payment_id: whether this can be kept as the payment of an order; never of an empty text.
local function is_payment_id(text)
  return #text == 30 and string.match(text, "^pay_[a-z2-7]+$") ~= nil
end
