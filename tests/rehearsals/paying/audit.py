"""The provider's books against the orders: whether every promise about money was kept.

Nobody is charged twice; no money stays without tickets; no tickets are given without money; nothing
is left reserved, in doubt or under way. A verdict is a list of faults in words; empty is good.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from payments.messages import RefundStatus, RemoteStatus
from payments.testing.entries import Entry
from tests.rehearsals.paying.checkouts import Checkout, read_order
from tests.rehearsals.paying.stage import Stage

QUIET_SECONDS_MAX = 60.0
_UNDER_WAY = {"processing", "requires_action"}


@dataclass
class Findings:
    """`by_order`: of each order that there is something against; `general`: of the whole."""

    by_order: dict[str, list[str]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*(one for each in self.by_order.values() for one in each), *self.general]


async def settle(
    stage: Stage,
    client: httpx.AsyncClient,
    checkouts: Sequence[Checkout],
    *,
    seconds: float = QUIET_SECONDS_MAX,
) -> list[str]:
    """Looks until all is well, and once more then; what is still wrong after so many seconds.
    `checkouts` are all that there were."""
    deadline = time.monotonic() + seconds
    while True:
        findings = await look(stage, client, checkouts)
        if not findings.faults or time.monotonic() > deadline:
            return findings.faults or (await look(stage, client, checkouts)).faults
        await asyncio.sleep(0.5)


async def verify(stage: Stage, event_ids: Sequence[str]) -> list[str]:
    """What `taquilla verify` has to say against it."""
    faults = []
    for event_id in event_ids:
        done = await asyncio.to_thread(stage.run, "verify", event_id, "--wait-seconds", "30")
        if done.returncode != 0:
            faults.append(f"verify {event_id}: {done.stdout}{done.stderr}")
    return faults


async def look(stage: Stage, client: httpx.AsyncClient, checkouts: Sequence[Checkout]) -> Findings:
    """Once, as things are now."""
    entries = await asyncio.to_thread(stage.books.entries)
    payments: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event_id in sorted({each.event_id for each in checkouts}):
        for each in await _payments_of(stage, client, event_id):
            payments[each["order_id"]].append(each)
    orders = await _read_all(client, checkouts)
    by_reference = {each.reference: each for each in entries}
    findings = Findings()
    balance: Counter[str] = Counter()
    for checkout, order in zip(checkouts, orders, strict=True):
        mine = payments.pop(checkout.order_id, [])
        found = [by_reference.pop(each["reference"], None) for each in mine]
        charged = [each for each in found if each is not None]
        if faults := list(_judge(order, mine, charged)):
            name = f"buyer {checkout.number}, {checkout.order_id}"
            findings.by_order[checkout.order_id] = [f"{name}: {fault}" for fault in faults]
        if order["status"] == "confirmed":
            total = order["total"]
            balance[total["currency"]] += total["amount"] - order["refunded"]["amount"]
    findings.general += [f"{each} has money of no payment of ours" for each in by_reference]
    findings.general += [f"payments of {each}, which nobody placed" for each in payments]
    taken: Counter[str] = Counter()
    for entry in entries:
        taken[entry.amount.currency] += entry.captured_minor - entry.refunded_minor
    if +taken != +balance:
        findings.general.append(
            f"the books have {dict(+taken)}, the confirmed orders cost {dict(+balance)}"
        )
    return findings


def _judge(
    order: dict[str, Any], payments: Sequence[dict[str, Any]], charged: Sequence[Entry]
) -> Iterator[str]:
    kept = [each for each in charged if each.captured_minor > each.refunded_minor]
    kept_minor = sum(each.captured_minor - each.refunded_minor for each in kept)
    if len(kept) > 1:
        yield f"was charged {len(kept)} times: {[each.reference for each in kept]}"
    if order["status"] == "confirmed":
        due_minor = order["total"]["amount"] - order["refunded"]["amount"]
        if kept_minor != due_minor:
            yield f"is confirmed for {due_minor}, and {kept_minor} was kept"
        if order["settlement"] != "paid":
            yield f"was paid with money, and is settled by {order['settlement']}"
    elif kept_minor:
        yield f"is {order['status']}, and {kept_minor} was kept"
    if order["status"] == "paying":
        yield "still waits for a payment"
    for one in charged:
        yield from _judge_entry(one)
    by_reference = {each.reference: each for each in charged}
    for each in payments:
        entry = by_reference.get(each["reference"])
        moved = (entry.captured_minor, entry.refunded_minor) if entry else (0, 0)
        known = (each["captured"]["amount"], each["refunded"]["amount"])
        if known != moved:
            yield f"{each['id']}: the books have {moved} taken and returned, the ledger {known}"
        if each["status"] in _UNDER_WAY or each["in_doubt"] or each["faults"]:
            doubt = " in doubt" if each["in_doubt"] else ""
            yield f"{each['id']} is {each['status']}{doubt} {each['faults']}"


def _judge_entry(entry: Entry) -> Iterator[str]:
    done = [each for each in entry.refunds if each.status is RefundStatus.SUCCEEDED]
    if entry.refunded_minor > entry.captured_minor:
        yield f"{entry.reference}: {entry.refunded_minor} went back of {entry.captured_minor}"
    if len({each.refund_id for each in done}) != len(done):
        yield f"{entry.reference}: a refund was made twice: {done}"
    if entry.status is RemoteStatus.AUTHORIZED:
        yield f"{entry.reference}: {entry.authorized_minor} is still reserved"


async def _payments_of(
    stage: Stage, client: httpx.AsyncClient, event_id: str
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        asked = {"event_id": event_id, "limit": "100"} | ({"after": after} if after else {})
        answer = await client.get("/v1/admin/payments", params=asked, headers=stage.admin)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


async def _read_all(
    client: httpx.AsyncClient, checkouts: Sequence[Checkout]
) -> list[dict[str, Any]]:
    few = asyncio.Semaphore(16)

    async def read(checkout: Checkout) -> dict[str, Any]:
        async with few:
            return await read_order(client, checkout)

    return list(await asyncio.gather(*(read(each) for each in checkouts)))
