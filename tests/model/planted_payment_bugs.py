"""Bugs to plant in the scripts of payments, as those of `planted_bugs` in the others."""

from tests.model.planted_bugs import PlantedBug

PAYMENT_BUGS = (
    PlantedBug(
        "an order that is being paid waits for its deadline too",
        "commands/begin_payment.lua",
        'redis.call("ZREM", KEYS[3], order.order_id)',
        "",
    ),
    PlantedBug(
        "a second payment takes the place of the first",
        "commands/begin_payment.lua",
        'elseif order.status == "paying" then\n  return { "PAYING", now }',
        'elseif order.status == "paying" then\n  order.status = "held"',
    ),
    PlantedBug(
        "an overdue hold can still be paid",
        "commands/begin_payment.lua",
        'order.status == "expired" or is_overdue(order, now)',
        'order.status == "expired"',
    ),
    PlantedBug(
        "what costs nothing is paid",
        "commands/begin_payment.lua",
        ' or order.total == "0"',
        "",
    ),
    PlantedBug(
        "whatever fails ends the payment that is open",
        "lib/is_paying_by.lua",
        'order.status == "paying" and order.payment_id == payment_id',
        'order.status == "paying"',
    ),
    PlantedBug(
        "who fails again and again keeps the units",
        "commands/fail_payment.lua",
        "math.min(math.max(tonumber(order.expires_at), now + RETRY_MS), latest)",
        "math.max(tonumber(order.expires_at), now + RETRY_MS)",
    ),
    PlantedBug(
        "a payment that fails shortens the hold",
        "commands/fail_payment.lua",
        "math.max(tonumber(order.expires_at), now + RETRY_MS)",
        "now",
    ),
    PlantedBug(
        "a hold that is back does not wait for its deadline",
        "commands/fail_payment.lua",
        'redis.call("ZADD", KEYS[3], order.expires_at, order.order_id)',
        "",
    ),
    PlantedBug(
        "an authorised payment can fail",
        "commands/fail_payment.lua",
        "elseif order.pinned then",
        "elseif false then",
    ),
    PlantedBug(
        "an authorised payment expires",
        "commands/expire_payment.lua",
        "elseif order.pinned then",
        "elseif false then",
    ),
    PlantedBug(
        "another payment takes the pin off",
        "commands/unpin_hold.lua",
        "if is_paying_by(order, ARGV[3]) then",
        "if is_paying_by(order, ARGV[3]) or true then",
    ),
    PlantedBug(
        "an order that is paid stays pinned",
        "commands/confirm_payment.lua",
        'redis.call("HDEL", KEYS[8], "pinned")',
        "",
    ),
    PlantedBug(
        "an order that is paid is looked up for ever",
        "commands/confirm_payment.lua",
        'redis.call("ZREM", KEYS[7], order.order_id)',
        "",
    ),
    PlantedBug(
        "an order that is paid still counts as a live hold",
        "commands/confirm_payment.lua",
        "uncount_hold(KEYS[6], KEYS[8], order)",
        "",
    ),
    PlantedBug(
        "a hold that was settled by hack still waits for its deadline",
        "commands/confirm_payment.lua",
        'redis.call("ZREM", KEYS[4], order.order_id)',
        "",
    ),
    PlantedBug(
        "money confirms a hold that nobody began to pay",
        "commands/confirm_payment.lua",
        'settlement == "hack" and previous == "held"',
        'previous == "held"',
    ),
    PlantedBug(
        "late money takes units that somebody else has",
        "commands/reacquire_order.lua",
        "or refuse_stock(KEYS[3], KEYS[5], lines, now)",
        "",
    ),
    PlantedBug(
        "late money buys more than a customer may have",
        "commands/reacquire_order.lua",
        "refuse_customer(KEYS[4], KEYS[5], order.customer_ref, lines, now)",
        "nil",
    ),
    PlantedBug(
        "late money is taken from what is held",
        "commands/reacquire_order.lua",
        'move_units(KEYS[3], lines, "available", "sold")',
        'move_units(KEYS[3], lines, "held", "sold")',
    ),
    PlantedBug(
        "what late money bought does not count for its customer",
        "commands/reacquire_order.lua",
        "count_customer(KEYS[4], order.customer_ref, lines, 1)",
        "",
    ),
    PlantedBug(
        "a closed event sells to late money",
        "commands/reacquire_order.lua",
        'elseif redis.call("HGET", KEYS[3], "status") == "closed" then',
        "elseif false then",
    ),
    PlantedBug(
        "an order whose money is gone keeps its units",
        "commands/refund_order.lua",
        'move_units(KEYS[3], lines, "sold", "available")',
        "",
    ),
    PlantedBug(
        "a cancelled order gives its units back again when its money goes back",
        "commands/refund_order.lua",
        "if order.status ~= status then",
        'if order.status == "cancelled" then',
    ),
    PlantedBug(
        "the money of a cancelled order is not told",
        "commands/refund_order.lua",
        '(status == "cancelled" and not is_ours)',
        'status == "cancelled"',
    ),
    PlantedBug(
        "a part of a refund is told as all of it",
        "commands/refund_order.lua",
        '"amount", whole(amount)',
        '"amount", whole(refunded)',
    ),
    PlantedBug(
        "more goes back than was paid",
        "commands/refund_order.lua",
        " or refunded > total then",
        " then",
    ),
    PlantedBug(
        "a part of the money cancels the order",
        "commands/refund_order.lua",
        'refunded == total and "cancelled"',
        'refunded > 0 and "cancelled"',
    ),
)
