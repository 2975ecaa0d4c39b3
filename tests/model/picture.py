"""What Redis shows of one partition at one moment, as values: everything that is there, no less.

    watcher = Watcher(connection)
    picture = await watcher.look()      two round trips, after any step

The outbox is read on from where the last look ended; its length shows that nothing older was lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

from app.domain.events import OpenedEvent
from app.domain.facts import Fact, OrderFact, Position
from app.domain.fold import EventFold
from app.domain.ids import EventId, OrderId
from app.domain.orders import Order
from app.inventory.event_fields import parse_opened_event
from app.inventory.keys import PartitionKeys
from app.inventory.order_fields import parse_order
from app.inventory.outbox import parse_fact
from app.inventory.replies import pair_fields
from app.runtime.redis_connection import RedisConnection, Reply
from tests.model.universe import ADDRESS_CANARY, CANARY, EVENTS, PARTITION

Customers = Mapping[tuple[str, str], int]
"""(customer_ref, ticket type) to the quantity in live orders."""
KEYS = PartitionKeys(PARTITION)
READS = {"zset": ("ZRANGE", 0, -1, "WITHSCORES"), "hash": ("HGETALL",), "set": ("SMEMBERS",)}
HASHES = ("event", "customers", "holders", "order")
KINDS = dict.fromkeys(HASHES, "hash") | {"due": "zset", "paying": "zset", "events": "set"}


@dataclass(frozen=True, slots=True)
class ToldFact:
    """What a fact says of itself; `subject` is the id of the order or the event."""

    name: str
    subject: str
    version: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What has nothing in it (no customer, no deadline) does not stand in it. `holders` counts live
    holds; `addresses` are those that order records keep, `pins` the orders whose record is pinned.
    `paying`: when each is looked up."""

    events: Mapping[EventId, OpenedEvent]
    orders: Mapping[OrderId, Order]
    customers: Mapping[EventId, Customers]
    holders: Mapping[EventId, Mapping[str, int]]
    addresses: Mapping[OrderId, str]
    due_orders: Mapping[EventId, Mapping[OrderId, int]]
    due_events: Mapping[EventId, int]
    paying: Mapping[OrderId, int]
    pins: frozenset[OrderId]
    facts: Sequence[ToldFact]


@dataclass(slots=True)
class Watcher:
    """Remembers the facts of all its looks, and folds them."""

    connection: RedisConnection
    facts: list[ToldFact] = field(default_factory=list)
    folds: dict[EventId, EventFold] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    async def look(self) -> Picture:
        found = cast("list[str]", await self.connection.call("KEYS", "*"))
        names = sorted(set(found) - {KEYS.head, KEYS.outbox})
        parts = [_take_apart(name) for name in names]
        seq = len(self.facts)
        head, length, entries, *values = await self.connection.call_many(
            [
                ("HMGET", KEYS.head, "epoch", "seq"),
                ("XLEN", KEYS.outbox),
                ("XRANGE", KEYS.outbox, f"(1-{seq}", "+"),
                *(_read_of(kind, name) for name, (kind, _) in zip(names, parts, strict=True)),
            ]
        )
        for each in cast("list[list[Reply]]", entries):
            self._note(each)
        assert head == ["1", str(len(self.facts))], "the head is not at the last fact"
        assert length == len(self.facts), "the outbox has lost facts"
        held = dict(zip(parts, values, strict=True))
        self.leaks += [str(part) for part, value in held.items() if CANARY in str(value)]
        return self._picture(held)

    def _note(self, entry: list[Reply]) -> None:
        """Positions are contiguous; personal data stands in a field of its own."""
        expected = f"1-{len(self.facts) + 1}"
        assert entry[0] == expected, f"the outbox has {entry[0]!r} where {expected} must stand"
        fields = dict(pair_fields(entry[1]))
        person = fields.pop("person", "")
        is_born = fields.get("previous") == ""
        assert (CANARY in person) == is_born, f"{expected}: who it is, is said at birth alone"
        told = {**fields, "person": person.replace(CANARY, "")}
        self.leaks += [
            f"{expected} {name}"
            for name, text in told.items()
            if CANARY in text or ADDRESS_CANARY in text
        ]
        fact = parse_fact(PARTITION, Position(1, len(self.facts) + 1), fields)
        subject = fact.order.id if isinstance(fact, OrderFact) else fact.event_id
        self.facts.append(ToldFact(type(fact).__name__, subject, fact.version, fact.at_ms))
        self._fold(fact)

    def _fold(self, fact: Fact) -> None:
        self.folds.setdefault(fact.event_id, EventFold(fact.event_id)).apply(fact)

    def _picture(self, held: Mapping[tuple[str, str], Reply]) -> Picture:
        picture = Picture(
            events={
                EventId(each): parse_opened_event(EventId(each), pair_fields(value))
                for each, value in _of("event", held)
            },
            orders={
                OrderId(each): parse_order(EventId(each.split(".")[1]), pair_fields(value))
                for each, value in _of("order", held)
            },
            customers={EventId(each): _customers(value) for each, value in _of("customers", held)},
            holders={
                EventId(each): {name: int(count) for name, count in pair_fields(value).items()}
                for each, value in _of("holders", held)
            },
            addresses={
                OrderId(each): address
                for each, value in _of("order", held)
                if (address := pair_fields(value).get("address_ref")) is not None
            },
            due_orders={
                EventId(each): {OrderId(name): at_ms for name, at_ms in _scores(value).items()}
                for each, value in _of("due", held)
                if each
            },
            due_events={
                EventId(name): at_ms for name, at_ms in _scores(held.get(("due", ""), [])).items()
            },
            paying={
                OrderId(name): at_ms
                for name, at_ms in _scores(held.get(("paying", ""), [])).items()
            },
            pins=frozenset(
                OrderId(each)
                for each, value in _of("order", held)
                if "pinned" in pair_fields(value)
            ),
            facts=tuple(self.facts),
        )
        opened = held.get(("events", ""), [])
        assert sorted(cast("list[str]", opened)) == sorted(picture.events), "opened, but not listed"
        return picture


def _take_apart(name: str) -> tuple[str, str]:
    """Kind of key, and whose it is. A key that nobody of ours makes is an error."""
    tag, _, rest = name.partition(":")
    kind, _, owner = rest.partition(":")
    event_id = owner.split(".")[1] if kind == "order" else owner
    assert tag == KEYS.tag, f"{name} belongs to another partition"
    assert kind in KINDS, f"nobody of ours makes {name}"
    assert event_id in ("", *EVENTS), f"{name} belongs to no event"
    return kind, owner


def _read_of(kind: str, name: str) -> Sequence[str | int]:
    command, *arguments = READS[KINDS[kind]]
    return [str(command), name, *arguments]


def _of(kind: str, held: Mapping[tuple[str, str], Reply]) -> Iterable[tuple[str, Reply]]:
    return [(owner, value) for (each, owner), value in held.items() if each == kind]


def _customers(value: Reply) -> Customers:
    counts = {}
    for name, quantity in pair_fields(value).items():
        customer_ref, _, ticket_type = name.partition("|")
        counts[customer_ref, ticket_type] = int(quantity)
    return counts


def _scores(value: Reply) -> Mapping[str, int]:
    """Members in order; a deadline is a whole number of milliseconds."""
    scores = {name: int(score) for name, score in pair_fields(value).items()}
    assert all(a <= b for a, b in pairwise(scores.values()))
    return scores
