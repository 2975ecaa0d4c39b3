"""What most Lua tests do first, and how they look at what is there afterwards."""

from collections.abc import Mapping

from app.domain.events import EventConfiguration, OpenedEvent, PoolStock
from app.domain.facts import Fact, FactStem, OrderFact, Position
from app.domain.ids import EventId, OrderId, PaymentId, PoolId, partition_of
from app.domain.orders import Order, OrderStatus, Settlement
from app.domain.outcomes import EventIs, HoldPinned, OrderIs, OrderPlaced
from app.inventory import Inventory, PlaceOrder
from app.inventory.keys import PartitionKeys
from app.runtime.redis_connection import RedisConnection, Reply
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.inventory.conservation import facts_of

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
NEIGHBOUR = next(
    each
    for each in (EventId(f"concert-{number}") for number in range(1_000))
    if partition_of(each, PARTITIONS) == PARTITION
)
"""Another event of the same partition."""
HOLD_MS = 600_000
"""Of `an_event`, unless it says otherwise."""


PRICE = 1_050
PAID_WISH = a_wish([("adult", 2)])
"""21.00 EUR at PRICE: an order that is held until it is paid."""
PAYMENT = PaymentId("pay_" + "a" * 26)
OTHER_PAYMENT = PaymentId("pay_" + "b" * 26)
LOOK_UP_MS = 30_000


def order_key(order_id: OrderId) -> str:
    return PartitionKeys(PARTITION).order(order_id)


async def opened(inventory: Inventory, configuration: EventConfiguration | None = None) -> None:
    assert isinstance(await inventory.events.open_event(configuration or an_event()), EventIs)


async def placed(inventory: Inventory, wish: PlaceOrder) -> Order:
    outcome = await inventory.orders.place_order(wish)
    assert isinstance(outcome, OrderPlaced), outcome
    assert not outcome.replayed
    return outcome.order


async def opened_at_a_price(inventory: Inventory, **pools: int) -> None:
    adult = a_ticket_type(price=PRICE, max_per_order=100, max_per_customer=100)
    await opened(inventory, an_event(pools=pools or None, ticket_types=(adult,)))


async def begun(
    inventory: Inventory, wish: PlaceOrder = PAID_WISH, payment_id: PaymentId = PAYMENT
) -> Order:
    """A hold that is being paid, placed now if it was not before."""
    assert isinstance(await inventory.orders.place_order(wish), OrderPlaced)
    look_up_at_ms = inventory.time.now_ms() + LOOK_UP_MS
    outcome = await inventory.payments.begin_payment(
        wish.address, payment_id, look_up_at_ms=look_up_at_ms
    )
    assert isinstance(outcome, OrderIs), outcome
    return outcome.order


async def pinned(inventory: Inventory, wish: PlaceOrder = PAID_WISH) -> Order:
    await begun(inventory, wish)
    outcome = await inventory.payments.pin_hold(wish.address, PAYMENT)
    assert isinstance(outcome, HoldPinned), outcome
    return outcome.order


async def paid(inventory: Inventory, wish: PlaceOrder = PAID_WISH) -> Order:
    await begun(inventory, wish)
    outcome = await inventory.payments.confirm_payment(wish.address, PAYMENT, Settlement.PAID)
    assert isinstance(outcome, OrderIs), outcome
    return outcome.order


async def event_now(inventory: Inventory, event_id: EventId = CONCERT) -> OpenedEvent:
    found = await inventory.events.read_event(event_id)
    assert found is not None
    return found[0]


async def stock_of(inventory: Inventory, pool: str = "floor") -> PoolStock:
    return (await event_now(inventory)).stock[PoolId(pool)]


async def last_fact(inventory: Inventory) -> Fact:
    return (await facts_of(inventory, CONCERT))[-1]


def stem(seq: int, at_ms: int, version: int) -> FactStem:
    """What the fact at `seq` of the concert's partition has in common with every other."""
    return FactStem(
        partition=PARTITION,
        position=Position(1, seq),
        at_ms=at_ms,
        event_id=CONCERT,
        version=version,
    )


def order_fact(
    kind: type[OrderFact], seq: int, at_ms: int, order: Order, previous: OrderStatus | None
) -> OrderFact:
    return kind(**stem(seq, at_ms, order.version), order=order, previous=previous)


async def everything(bytes_connection: RedisConnection) -> Mapping[Reply, Reply]:
    """All that Redis holds, byte by byte."""
    keys = await bytes_connection.call("KEYS", "*")
    assert isinstance(keys, list)
    dumps = await bytes_connection.call_many([("DUMP", _name(key)) for key in keys])
    return {_name(key): dump for key, dump in zip(keys, dumps, strict=True)}


def _name(key: Reply) -> bytes:
    assert isinstance(key, bytes)
    return key
