"""Key names: one hash tag a partition, so that every command runs on a Redis Cluster."""

from collections.abc import Sequence

import pytest
from redis.crc import key_slot

from app.domain.ids import OrderId, Partition, PaymentId, PoolId, partition_of
from app.domain.orders import Settlement
from app.domain.outcomes import EventIs
from app.inventory import Inventory, TestTime, open_inventory
from app.inventory.event_fields import flatten_configuration, parse_configuration
from app.inventory.keys import EventKeys, PartitionKeys, keys_of_event
from app.inventory.scripts import load_scripts
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import Argument, RedisConnection, Reply
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.servers.redis import RedisServer


class RecordingConnection(RedisConnection):
    """Keeps what was asked."""

    commands: list[Sequence[Argument]]

    async def call_many(
        self, commands: Sequence[Sequence[Argument]], *, of_any_run: bool = False
    ) -> list[Reply]:
        self.commands.extend(commands)
        return await super().call_many(commands, of_any_run=of_any_run)


def test_every_key_of_a_partition_has_its_tag() -> None:
    partition = PartitionKeys(Partition(3))
    event = EventKeys(partition, an_event("gig").id)

    assert {
        *(partition.head, partition.outbox, partition.lease, partition.events),
        *(partition.due_events, partition.paying, partition.order(OrderId("03.gig.abc"))),
        *(event.event, event.customers, event.due_orders),
    } == {
        *("{p03}:head", "{p03}:outbox", "{p03}:lease", "{p03}:events", "{p03}:due"),
        "{p03}:paying",
        *("{p03}:order:03.gig.abc", "{p03}:event:gig", "{p03}:customers:gig", "{p03}:due:gig"),
    }


def test_an_event_lives_in_its_partition() -> None:
    event_id = an_event().id
    partition = partition_of(event_id, PARTITIONS)

    assert keys_of_event(event_id, PARTITIONS) == EventKeys(PartitionKeys(partition), event_id)


async def test_all_keys_of_a_command_share_one_slot_of_a_cluster(
    redis_server: RedisServer, inventory: Inventory, clock: SettableClock
) -> None:
    recording = RecordingConnection(redis_server.url, timeout_seconds=5, connections_max=1)
    recording.commands = []
    await _run_every_command(open_inventory(recording, TestTime(clock), partitions=PARTITIONS))
    await recording.aclose()

    names = {each.sha: name for name, each in load_scripts().items()}
    slots: dict[str, set[int]] = {}
    for command in recording.commands:
        if command[0] == "EVALSHA":
            keys = command[3 : 3 + int(command[2])]
            used = slots.setdefault(names[str(command[1])], set())
            used |= {key_slot(str(key).encode()) for key in keys}
    concert = key_slot(keys_of_event(an_event().id, PARTITIONS).event.encode())
    assert slots == {name: {concert} for name in load_scripts()}


async def _run_every_command(inventory: Inventory) -> None:
    events, orders, outbox = inventory.events, inventory.orders, inventory.outbox
    event, free, held = an_event(), a_wish(), a_wish(confirm=False, key="key-1111111111111111")
    partition = free.address.partition
    position = await outbox.start_partition(partition)
    found = await events.open_event(event)
    assert isinstance(found, EventIs)
    await events.read_event(event.id)
    await orders.place_order(free)
    await orders.place_order(held)
    await orders.read_order(held.address)
    await orders.confirm_order(held.address)
    await orders.release_order(held.address)
    await orders.expire_orders(partition, event.id, [free.address.order_id, held.address.order_id])
    await orders.cancel_order(free.address)
    payments, payment_id = inventory.payments, PaymentId("pay_" + "a" * 26)
    await payments.begin_payment(held.address, payment_id, look_up_at_ms=1)
    await payments.pin_hold(held.address, payment_id)
    await payments.unpin_hold(held.address, payment_id)
    await payments.fail_payment(held.address, payment_id)
    await payments.expire_payment(held.address, payment_id)
    await payments.confirm_payment(held.address, payment_id, Settlement.PAID)
    await payments.reacquire_order(held.address, payment_id, Settlement.PAID)
    await payments.refund_order(held.address, payment_id, refunded_minor=1)
    await events.change_event(found.event, an_event(hold_seconds=1))
    await events.change_capacity(event.id, PoolId("floor"), 5)
    await events.pause_event(event.id)
    await events.close_event(event.id)
    token = await outbox.take_lease(partition, "relay", 1_000)
    assert token is not None
    await outbox.acknowledge_relayed(partition, token, position, tail_max=10)


def test_a_configuration_survives_its_flat_fields() -> None:
    bounded = a_ticket_type(price=1, on_sale_from_ms=1, on_sale_until_ms=2, pools=("a", "b"))
    event = an_event(pools={"a": 1, "b": 0}, ticket_types=(bounded, a_ticket_type("free")))

    assert parse_configuration(event.id, flatten_configuration(event)) == event


@pytest.mark.parametrize(
    ("name", "value"), [("currency", "???"), ("hold_seconds", "soon"), ("types", "ghost")]
)
def test_a_spoilt_field_of_an_event_is_a_fault_of_our_own(name: str, value: str) -> None:
    event = an_event()

    with pytest.raises(ContractError, match="event concert lacks or spoils a field"):
        parse_configuration(event.id, flatten_configuration(event) | {name: value})
