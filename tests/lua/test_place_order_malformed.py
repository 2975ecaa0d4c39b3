"""place_order of what no caller of ours sends: refused by the script, and nothing changes."""

import pytest

from app.inventory import (
    Inventory,
    ScriptLibrary,
)
from app.inventory.keys import keys_of_event
from app.runtime.errors import ContractError
from app.runtime.redis_connection import Argument, RedisConnection
from tests.builders import PARTITIONS, a_wish
from tests.inventory.conservation import facts_of
from tests.lua.acts import (
    CONCERT,
    everything,
    opened,
    order_key,
)

NONSENSE = ["0", "101", "1000", "-1", "+3", "1.0", "1e3", "0x10", "nan", "inf", "", " 5", "5 "]
NONSENSE += ["1\n", "1\0", "٣", "9007199254740993", "000"]


@pytest.mark.parametrize("quantity", NONSENSE)
async def test_nonsense_for_a_quantity_is_malformed_and_changes_nothing(
    quantity: str,
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await _assert_malformed(["adult", "1", "adult", quantity], inventory, scripts, bytes_connection)


@pytest.mark.parametrize(
    "lines", [["adult"], ["adult", "1", "adult"], ["adult", "1"] * 21], ids=["1", "3", "42"]
)
async def test_too_many_lines_and_half_a_line_are_malformed(
    lines: list[str],
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await _assert_malformed(lines, inventory, scripts, bytes_connection)


async def test_a_malformed_wish_is_a_fault_of_our_own(inventory: Inventory) -> None:
    await opened(inventory)

    with pytest.raises(ContractError, match="place_order answers MALFORMED"):
        await inventory.orders.place_order(a_wish([("adult", 0)]))


async def _assert_malformed(
    lines: list[str],
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    before = await everything(bytes_connection)
    wish, keys = a_wish(), keys_of_event(CONCERT, PARTITIONS)
    arguments: list[Argument] = [wish.address.order_id, CONCERT, wish.customer_ref, "any", "hold"]

    reply = await scripts.write(
        "place_order",
        [
            *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
            *(keys.due_orders, keys.partition.due_events, keys.holders),
            order_key(wish.address.order_id),
        ],
        [*arguments, "", "", "", "", 0, 0, *lines],
    )

    assert reply.word == "MALFORMED"
    assert await everything(bytes_connection) == before
    assert len(await facts_of(inventory, CONCERT)) == 1
