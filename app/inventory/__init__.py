"""The write side: the only code that speaks Redis and Lua about tickets.

One Lua file in `lua/commands` is one method here, of the same name.
"""

from app.inventory.events import Events
from app.inventory.orders import NO_CAPS, Deadlines, HoldCaps, Orders, PlaceOrder, SellingGate
from app.inventory.outbox import Head, Outbox, OutboxEntry
from app.inventory.payments import OrderPayments
from app.inventory.redis_time import RedisTime, ServerTime, TestTime
from app.inventory.scripts import ScriptError, ScriptLibrary
from app.inventory.server import Server
from app.inventory.store import Inventory, open_inventory

__all__ = [
    "NO_CAPS",
    "Deadlines",
    "Events",
    "Head",
    "HoldCaps",
    "Inventory",
    "OrderPayments",
    "Orders",
    "Outbox",
    "OutboxEntry",
    "PlaceOrder",
    "RedisTime",
    "ScriptError",
    "ScriptLibrary",
    "SellingGate",
    "Server",
    "ServerTime",
    "TestTime",
    "open_inventory",
]
