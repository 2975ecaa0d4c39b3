"""Bugs to plant in a copy of the scripts, each one that somebody could write on a tired evening.

The text to be replaced must stand in its file exactly once, so that a bug cannot go stale unseen.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from app.inventory.scripts import LUA_DIRECTORY


@dataclass(frozen=True, slots=True)
class PlantedBug:
    name: str
    file: str
    right: str
    wrong: str

    def plant(self, directory: Path) -> Path:
        """A folder of scripts that has this bug and no other."""
        shutil.copytree(LUA_DIRECTORY, directory)
        path = directory / self.file
        text = path.read_text()
        assert text.count(self.right) == 1, f"{self.name}: {self.right!r} in {self.file}"
        path.write_text(text.replace(self.right, self.wrong))
        return directory


BUGS = (
    PlantedBug(
        "a hold that ends keeps its stock",
        "lib/end_hold.lua",
        'move_units(keys.event, lines, "held", "available")',
        "",
    ),
    PlantedBug(
        "nobody checks the limit of a customer",
        "lib/refuse_customer.lua",
        "tonumber(has) + line.quantity > tonumber(line.max_per_customer)",
        "false",
    ),
    PlantedBug(
        "the last unit is not sold",
        "lib/refuse_stock.lua",
        "tonumber(stock[1]) < need[pool]",
        "tonumber(stock[1]) <= need[pool]",
    ),
    PlantedBug(
        "a fact is told twice",
        "lib/write_order.lua",
        "emit_fact(head_key, outbox_key, fact, now, told)",
        "emit_fact(head_key, outbox_key, fact, now, told)\n"
        "  emit_fact(head_key, outbox_key, fact, now, told)",
    ),
    PlantedBug(
        "a hold expires before its time",
        "commands/expire_orders.lua",
        "is_overdue(order, now)",
        'order.status == "held"',
    ),
    PlantedBug(
        "capacity shrinks below what is held",
        "commands/change_capacity.lua",
        'tonumber(event[prefix .. "held"]) + tonumber(event[prefix .. "sold"])',
        'tonumber(event[prefix .. "sold"])',
    ),
    PlantedBug(
        "of two lines of a type the last one counts",
        "lib/merge_lines.lua",
        "line.quantity = line.quantity + quantity",
        "line.quantity = quantity",
    ),
    PlantedBug(
        "types that share a pool are checked one by one",
        "lib/refuse_stock.lua",
        "need[pool] = (need[pool] or 0) + line.quantity",
        "need[pool] = line.quantity",
    ),
    PlantedBug(
        "a key that was used for another wish answers with that",
        "commands/place_order.lua",
        "if known == fingerprint then",
        "if known then",
    ),
    PlantedBug(
        "a command that comes too late is carried out",
        "lib/refuse_run.lua",
        "if now > tonumber(not_after) then",
        "if false then",
    ),
    PlantedBug(
        "the moment of the deadline is still in time",
        "lib/is_overdue.lua",
        "tonumber(order.expires_at) <= now",
        "tonumber(order.expires_at) < now",
    ),
    PlantedBug(
        "a confirmed order waits for its deadline",
        "commands/confirm_order.lua",
        'redis.call("ZREM", KEYS[4], order.order_id)',
        "",
    ),
    PlantedBug(
        "a cancelled order still counts for its customer",
        "commands/cancel_order.lua",
        "count_customer(KEYS[4], order.customer_ref, lines, -1)",
        "",
    ),
    PlantedBug(
        "a paid order is confirmed without its money",
        "commands/confirm_order.lua",
        ' or order.total ~= "0"',
        "",
    ),
    PlantedBug(
        "the order keeps who its buyer is",
        "lib/write_order.lua",
        'redis.call("HSET", order_key, unpack(fields))',
        'redis.call("HSET", order_key, "person", person, unpack(fields))',
    ),
    PlantedBug(
        "sold out is final while holds are about to expire",
        "lib/refuse_stock.lua",
        "elseif has_overdue(due_orders_key, now) then",
        "elseif false then",
    ),
    PlantedBug(
        "a confirmed hold still counts as a live one",
        "commands/confirm_order.lua",
        "uncount_hold(KEYS[6], KEYS[7], order)",
        "",
    ),
    PlantedBug(
        "a hold that ended still counts as a live one",
        "lib/end_hold.lua",
        "uncount_hold(keys.holders, order_key, order)",
        "",
    ),
    PlantedBug(
        "a hold that ended is given back twice",
        "lib/end_hold.lua",
        "uncount_hold(keys.holders, order_key, order)",
        "uncount_hold(keys.holders, order_key, order)\n"
        "  uncount_hold(keys.holders, order_key, order)",
    ),
    PlantedBug(
        "an order that has ended keeps the address it came from",
        "lib/uncount_hold.lua",
        'redis.call("HDEL", order_key, "address_ref")',
        "",
    ),
    PlantedBug(
        "one hold more than the cap is given",
        "lib/refuse_holds.lua",
        "tonumber(has) >= cap",
        "tonumber(has) > cap",
    ),
    PlantedBug(
        "an overdue hold counts against the cap for ever",
        "lib/refuse_holds.lua",
        "if has_overdue(due_orders_key, now) then",
        "if false then",
    ),
    PlantedBug(
        "an order that is confirmed at once is a live hold",
        "commands/place_order.lua",
        "or not is_confirmed and refuse_holds",
        "or refuse_holds",
    ),
    PlantedBug(
        "a replay is refused by a cap",
        "commands/place_order.lua",
        "if known == fingerprint then",
        'if known == fingerprint and (ARGV[12] ~= "1" or ARGV[13] ~= "1") then',
    ),
    PlantedBug(
        "the address stands in a field of the order that is told",
        "lib/begin_hold.lua",
        '"address_ref", holders.address)',
        '"address_ref", holders.address, "currency", holders.address)',
    ),
)
