"""Whether the promises were kept: what the buyers were told against what the ledger says.

Reads the clients' log, the ledger's tables, and HTTP answers; nothing of the service's own code, so
that a mistake of ours cannot excuse itself. A verdict is a list of faults in words; empty is good.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.crowd import Answer
from tests.rehearsals.client_log import Intent, Story

LEGAL_LIVES = {
    ("OrderConfirmed",),
    ("OrderHeld",),
    ("OrderHeld", "OrderConfirmed"),
    ("OrderHeld", "OrderReleased"),
    ("OrderHeld", "OrderExpired"),
}
"""The facts of one order, in order; nobody cancels here."""


@dataclass(frozen=True)
class LedgerOrder:
    id: str
    event_id: str
    email: str | None
    status: str
    quantities: Mapping[str, int]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Ledger:
    """`reported`: sold and held units of each event, as the sales report keeps them.
    `holes`: of the archive's positions, in words."""

    orders: Sequence[LedgerOrder]
    reported: Mapping[str, tuple[int, int]]
    holes: Sequence[str]


@dataclass(frozen=True)
class Stock:
    """As GET /v1/admin/events/{id} answers, for the one pool of a rehearsal's event."""

    capacity: int
    available: int
    held: int
    sold: int


def read_ledger(path: Path) -> Ledger:
    """Plain SQL on the SQLite file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        lines: dict[str, dict[str, int]] = defaultdict(dict)
        for order_id, ticket_type, quantity in connection.execute(
            "SELECT order_id, ticket_type, quantity FROM order_lines"
        ):
            lines[order_id][ticket_type] = lines[order_id].get(ticket_type, 0) + quantity
        facts: dict[str, list[str]] = defaultdict(list)
        for order_id, kind in connection.execute(
            "SELECT order_id, kind FROM facts WHERE order_id IS NOT NULL "
            "ORDER BY partition, epoch, seq"
        ):
            facts[order_id].append(kind)
        orders = [
            LedgerOrder(order_id, event, email, status, lines[order_id], tuple(facts[order_id]))
            for order_id, event, email, status in connection.execute(
                "SELECT o.order_id, o.event_id, c.email, o.status FROM orders o "
                "LEFT JOIN customers c ON c.customer_ref = o.customer_ref"
            )
        ]
        known = {each.id for each in orders}
        orders += [
            LedgerOrder(order_id, order_id.split(".")[1], None, "not in orders", {}, tuple(kinds))
            for order_id, kinds in facts.items()
            if order_id not in known
        ]
        reported = {
            event: (sold, held)
            for event, sold, held in connection.execute(
                "SELECT event_id, sum(sold_quantity), sum(held_quantity) FROM sales GROUP BY 1"
            )
        }
        holes = [
            f"partition {partition} has {count} facts, but the last is number {last}"
            for partition, count, last in connection.execute(
                "SELECT partition, count(*), max(seq) FROM facts GROUP BY 1"
            )
            if count != last
        ]
        return Ledger(orders, reported, holes)


def judge(
    stories: Sequence[Story],
    ledger: Ledger,
    stock: Mapping[str, Stock],
    read_back: Mapping[str, Answer],
) -> list[str]:
    """`stock` by event id; `read_back`: what GET /v1/orders/{id} answered, by order id."""
    by_email: dict[str | None, list[LedgerOrder]] = defaultdict(list)
    for order in ledger.orders:
        if order.event_id in stock:
            by_email[order.email].append(order)
    faults = list(ledger.holes)
    for story in stories:
        found = by_email.pop(story.wish.email, [])
        faults += [f"buyer {story.wish.buyer}: {each}" for each in _judge_story(story, found)]
    for email, orders in by_email.items():
        faults += [f"order {each.id} of {email}: nobody asked for it" for each in orders]
    for order in ledger.orders:
        if order.event_id in stock:
            faults += _judge_order(order, read_back)
    for event_id, each in stock.items():
        faults += _judge_stock(event_id, each, ledger)
    return faults


def _judge_story(story: Story, found: Sequence[LedgerOrder]) -> Iterator[str]:
    wish, acknowledged = story.wish, story.acknowledged
    born = {json.dumps(each.body, sort_keys=True) for each in acknowledged}
    if len(born) > 1:
        yield f"was answered differently under one key: {sorted(born)}"
    if len(found) > 1:
        yield f"has {len(found)} orders for one key: {[each.id for each in found]}"
    if acknowledged and not found:
        yield f"the acknowledged order {acknowledged[0].body['id']} is not in the ledger"
    if found and not story.may_have_happened:
        told = story.refusal.code if story.refusal else "that nothing had happened"
        yield f"was told {told}, and has the order {found[0].id}"
    if found and story.refusal:
        yield f"was refused in the end ({story.refusal.code}), and has the order {found[0].id}"
    for order in found[:1]:
        if dict(order.quantities) != {"adult": wish.quantity}:
            yield f"asked for {wish.quantity} adult, the ledger has {dict(order.quantities)}"
        yield from _judge_answer(story, order)
        yield from _judge_ending(story, order)


def _judge_answer(story: Story, order: LedgerOrder) -> Iterator[str]:
    """That the 201 told of this buyer's own order."""
    for answer in story.acknowledged[:1]:
        lines = {each["ticket_type"]: each["quantity"] for each in answer.body["lines"]}
        if answer.body["id"] != order.id:
            yield f"was given {answer.body['id']}, the ledger has {order.id}"
        if lines != {"adult": story.wish.quantity} or answer.body["event_id"] != order.event_id:
            yield f"was answered with somebody else's order: {answer.body}"
        expected = "confirmed" if story.wish.intent is Intent.BUY else "held"
        if answer.body["status"] != expected:
            yield f"was told {answer.body['status']} at birth instead of {expected}"


def _judge_ending(story: Story, order: LedgerOrder) -> Iterator[str]:
    """`order.status` against all that was acknowledged; a rehearsal ends when every hold has."""
    match story.wish.intent:
        case Intent.BUY | Intent.GREED:
            allowed = {"confirmed"}
        case Intent.LEAVE:
            allowed = {"expired"}
        case Intent.CONFIRM:
            allowed = _endings(story, "confirm", {200: "confirmed", 410: "expired"})
        case Intent.RELEASE:
            allowed = _endings(story, "release", {200: "released"})
    if order.status not in allowed:
        yield f"order {order.id} is {order.status}; from what was told it is one of {allowed}"


def _endings(story: Story, verb: str, told: Mapping[int, str]) -> set[str]:
    answer = story.ended(verb)
    if answer is None:
        unknown = any(each.is_unknown for each in story.of(verb))
        return {"expired", told[200]} if unknown else {"expired"}
    if answer.status == 200:
        # A release of an overdue hold says so itself.
        return {str(answer.body["status"])} & {told[200], "expired"}
    return {told[answer.status]} if answer.status in told else set()


def _judge_order(order: LedgerOrder, read_back: Mapping[str, Answer]) -> Iterator[str]:
    if order.facts not in LEGAL_LIVES:
        yield f"order {order.id} lived {order.facts}"
    ends = {"OrderConfirmed": "confirmed", "OrderHeld": "held"}
    last = order.facts[-1] if order.facts else ""
    if order.status != ends.get(last, last.removeprefix("Order").lower()):
        yield f"order {order.id} is {order.status}, its facts say {order.facts}"
    answer = read_back.get(order.id)
    if answer is not None and (answer.status, answer.body.get("status")) != (200, order.status):
        yield f"order {order.id} is {order.status} in the ledger, HTTP says {answer.body}"


def _judge_stock(event_id: str, stock: Stock, ledger: Ledger) -> Iterator[str]:
    units: Counter[str] = Counter()
    for order in ledger.orders:
        if order.event_id == event_id:
            units[order.status] += sum(order.quantities.values())
    if stock.capacity != stock.available + stock.held + stock.sold:
        yield f"{event_id}: {stock} does not add up"
    if min(stock.available, stock.held, stock.sold) < 0:
        yield f"{event_id}: {stock} has less than nothing"
    if (stock.sold, stock.held) != (units["confirmed"], units["held"]):
        yield f"{event_id}: {stock}, but the ledger's orders have {dict(units)}"
    if units["confirmed"] > stock.capacity:
        yield f"{event_id}: {units['confirmed']} units sold of {stock.capacity}"
    reported = ledger.reported.get(event_id, (0, 0))
    if reported != (stock.sold, stock.held):
        yield f"{event_id}: the report has {reported} sold and held, the stock is {stock}"


def read_stock(body: Mapping[str, Any]) -> Stock:
    (pool,) = body["pools"]
    return Stock(pool["capacity"], pool["available"], pool["held"], pool["sold"])
