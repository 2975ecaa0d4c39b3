"""The two sides of the machine: the real seller (Lua on Redis) and the model, asked alike."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace

from app.domain.events import OpenedEvent, SellingStatus
from app.domain.ids import PoolId
from app.inventory import (
    Events,
    OrderPayments,
    Orders,
    Outbox,
    PlaceOrder,
    ScriptLibrary,
    TestTime,
)
from app.inventory.scripts import Script
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, an_event
from tests.model.oracle import Seller

Answer = Coroutine[object, object, object]
RACERS = ("confirm", "release", "cancel", "expire", "place")
"""What may happen to one order at the same moment."""
ACTS = (*RACERS, "open", "pause", "close", "change_capacity", "change_event")
"""Every command that writes."""


class LateTime(TestTime):
    """Of a caller who has given up a millisecond before the server gets to the command."""

    def not_after_ms(self) -> int:
        return self.now_ms() - 1


class RealSeller:
    """The methods of the inventory over the given scripts, by one idea of the time."""

    def __init__(
        self, connection: RedisConnection, scripts: Mapping[str, Script], time: TestTime
    ) -> None:
        self.scripts = ScriptLibrary(connection, scripts, time)
        self.orders = Orders(self.scripts, connection)
        self.payments = OrderPayments(self.scripts, connection)
        self.events = Events(self.scripts, connection, PARTITIONS)
        self.outbox = Outbox(self.scripts, connection, PARTITIONS)

    def act(self, act: str, wish: PlaceOrder) -> Answer:
        """What is to be awaited for one of ACTS, done to the order or the event of a wish."""
        address = wish.address
        event_id = address.event_id
        match act:
            case "confirm":
                return self.orders.confirm_order(address)
            case "release":
                return self.orders.release_order(address)
            case "cancel":
                return self.orders.cancel_order(address)
            case "expire":
                order_ids = [address.order_id]
                return self.orders.expire_orders(address.partition, event_id, order_ids)
            case "place":
                return self.orders.place_order(wish)
            case "open":
                return self.events.open_event(an_event(event_id))
            case "pause":
                return self.events.pause_event(event_id)
            case "close":
                return self.events.close_event(event_id)
            case "change_capacity":
                return self.events.change_capacity(event_id, PoolId("floor"), 99)
            case "change_event":
                before = OpenedEvent(an_event(event_id), SellingStatus.OPEN, 1, {})
                after = replace(before.configuration, name="Renamed")
                return self.events.change_event(before, after)
            case _:
                raise ValueError(act)


def model_act(seller: Seller, act: str, wish: PlaceOrder) -> object:
    """The same of the model, for RACERS."""
    address = wish.address
    match act:
        case "confirm":
            return seller.confirm_order(address)
        case "release":
            return seller.release_order(address)
        case "cancel":
            return seller.cancel_order(address)
        case "expire":
            return seller.expire_orders(address.event_id, [address.order_id])
        case "place":
            return seller.place_order(wish)
        case _:
            raise ValueError(act)


async def together(answers: Sequence[Answer]) -> list[object]:
    """Each on a connection of its own, all sent before the first is answered."""
    return list(await asyncio.gather(*answers))
