"""A process that pays for the same orders as its rivals: python -m tests.ledger.payments.rivals.

Its arguments are the database's URL (or "-"), the data folder, its name, a seed. It prints one line
for each order that it is through with, and goes on until it is through with all, or killed.
"""

import asyncio
import random
import sys
from pathlib import Path

from app.ledger import (
    AnotherOpen,
    Channel,
    Ledger,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    open_ledger,
)
from tests.ledger.payments.tries import a_payment, a_refund, a_snapshot

ORDERS = 25
REFUND_MINOR = 900


async def rival(ledger: Ledger, name: str, chance: random.Random) -> None:
    for order in range(ORDERS):
        await pay(ledger, name, order, chance)
        print(order, flush=True)


async def pay(ledger: Ledger, name: str, order: int, chance: random.Random) -> None:
    """Begins a payment, or helps with the one that a rival began; then everybody tells what the
    provider says, and everybody wants a refund."""
    answer = await ledger.payments.start(a_payment(f"{name}-{order}", order=order))
    row = answer.row
    if isinstance(answer, AnotherOpen) and chance.random() < 0.5:
        await ledger.payments.schedule(row.payment_id, chance.randrange(10**6))
    story = [
        a_snapshot(row.reference),
        a_snapshot(row.reference, version=2, disputed=chance.randrange(100)),
        a_snapshot(row.reference, version=3, refunds=(a_refund(50, 7),)),
    ]
    chance.shuffle(story)
    for snapshot in story:
        await ledger.payments.record(
            row.payment_id, operation_id=row.operations[0].operation_id,
            operation_state=OperationState.SUCCEEDED, snapshot=snapshot,
            channel=chance.choice(list(Channel)), at_ms=2_000,
        )  # fmt: skip
    refund = await ledger.payments.reserve(
        row.payment_id, OperationKind.REFUND, operation_id=f"refund-{name}-{order}",
        idempotency_key=f"refund-{name}-{order}", amount_minor=REFUND_MINOR,
        refund_id=f"{name}-{order}", lease_until_ms=9_000, at_ms=3_000,
    )  # fmt: skip
    if isinstance(refund, OperationRow):
        await ledger.payments.resubmit(refund.operation_id, lease_until_ms=19_000, at_ms=9_000)
    await ledger.payments.close(row.payment_id, Outcome.CONFIRMED, 9_000)


async def main(url: str, folder: str, name: str, seed: str) -> None:
    ledger = await open_ledger(
        None if url == "-" else url, data_dir=Path(folder), timeout_seconds=60
    )
    await rival(ledger, name, random.Random(seed))
    await ledger.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
