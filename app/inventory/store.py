"""The inventory: one Redis, its scripts, and the sides of it that the service uses."""

from dataclasses import dataclass

from app.inventory.events import Events
from app.inventory.orders import Orders
from app.inventory.outbox import Outbox
from app.inventory.payments import OrderPayments
from app.inventory.redis_time import RedisTime
from app.inventory.scripts import ScriptLibrary, load_scripts
from app.inventory.server import Server
from app.runtime.redis_connection import RedisConnection


@dataclass(frozen=True, slots=True)
class Inventory:
    orders: Orders
    payments: OrderPayments
    events: Events
    outbox: Outbox
    server: Server
    time: RedisTime
    partitions: int


def open_inventory(connection: RedisConnection, time: RedisTime, *, partitions: int) -> Inventory:
    """Reads the Lua files; sends nothing. Raises ScriptError for a file that cannot be used."""
    scripts = ScriptLibrary(connection, load_scripts(), time)
    return Inventory(
        orders=Orders(scripts, connection),
        payments=OrderPayments(scripts, connection),
        events=Events(scripts, connection, partitions),
        outbox=Outbox(scripts, connection, partitions),
        server=Server(connection),
        time=time,
        partitions=partitions,
    )
