-- is_paying_by: whether it is this payment that is open for the order.
local function is_paying_by(order, payment_id)
  return order.status == "paying" and order.payment_id == payment_id
end
