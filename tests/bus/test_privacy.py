"""No personal data on the bus: who bought is known there by a keyed hash alone."""

from dataclasses import replace
from zlib import decompress

from app.bus import RedisStreamsBus, Slice
from app.domain.facts import START
from app.domain.ids import EventId, partition_of
from app.domain.orders import Person
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.contracts.bus import publish

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
CANARY = Person("canary.Ana+1@example.com", "Canaria Ñandú")
WORDS = ("canary", "canaria", "nandu", "ñandú", r"\u00f1and", "example.com", "@")


async def test_neither_name_nor_email_of_a_buyer_is_on_the_bus(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await inventory.events.open_event(an_event())
    held = replace(a_wish(confirm=False, email=CANARY.email), person=CANARY)
    other = replace(a_wish(email=CANARY.email, key="key-1111111111111111"), person=CANARY)
    late = a_wish(confirm=False, email=CANARY.email, key="key-2222222222222222")
    for wish in (held, other, replace(late, person=CANARY)):
        await inventory.orders.place_order(wish)
    await inventory.orders.release_order(held.address)
    await inventory.orders.cancel_order(other.address)
    clock.advance(600_000)
    await inventory.orders.expire_orders(PARTITION, CONCERT, [late.address.order_id])
    entries = await inventory.outbox.read(PARTITION, START, 100)
    assert [each.person for each in entries].count(CANARY) == 3

    bus = RedisStreamsBus(bytes_connection, shards=1)
    await publish(bus, Slice(PARTITION, [each.fact for each in entries]))

    record = await bytes_connection.call("XRANGE", "{b00}:bus", "-", "+")
    match record:
        case [[_, [b"slice", bytes() as payload]]]:
            text = decompress(payload).decode().lower()
        case _:
            raise AssertionError(f"one slice was published, not {record!r}")
    assert held.customer_ref in text
    assert [word for word in WORDS if word in text] == []
