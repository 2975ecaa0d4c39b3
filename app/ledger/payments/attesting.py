"""What a person says of a payment: kept for ever with its evidence, in the transaction that does
what it means. Nothing is done to a payment that has changed since the person saw it."""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import PaymentId
from app.ledger.payments.changes import Told, closed, scheduled, told
from app.ledger.payments.json_text import write_attestation
from app.ledger.payments.reading import read_locked
from app.ledger.payments.rows import (
    Channel,
    ObservationRow,
    OperationState,
    Outcome,
    PaymentRow,
)
from app.ledger.payments.tables import payment_observations
from app.ledger.payments.writing import changes_between, new_observation, write
from payments import PaymentState, Snapshot

_OF_PAYMENT: Final = (
    select(payment_observations)
    .where(payment_observations.c.payment_id == bindparam("payment_id"))
    .order_by(payment_observations.c.version)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """`said`: in one line. What it means: an operation ends (`operation_id`, `operation_state`),
    the provider has done this (`snapshot`), the payment ends (`outcome`), nobody need look again
    (`stops_clock`)."""

    said: str
    evidence: str
    operation_id: str | None = None
    operation_state: OperationState | None = None
    snapshot: Snapshot | None = None
    outcome: Outcome | None = None
    stops_clock: bool = False


async def attest(
    connection: AsyncConnection, seen: PaymentRow, attestation: Attestation, at_ms: int
) -> PaymentRow | None:
    """None: it is not as it was `seen`, and nothing was written."""
    before = await read_locked(connection, seen.payment_id)
    if before != seen:
        return None
    news = Told(
        channel=Channel.OPERATOR,
        at_ms=at_ms,
        operation_id=attestation.operation_id,
        operation_state=attestation.operation_state,
        error_code=None,
        snapshot=attestation.snapshot,
        next_at_ms=None,
    )
    after = told(before, news)
    if attestation.outcome is not None:
        after = closed(after, attestation.outcome, at_ms)
    if attestation.stops_clock:
        after = scheduled(after, None)
    after = replace(after, version=before.version + 1, updated_at_ms=at_ms)
    text = write_attestation(attestation.said, attestation.evidence, attestation.snapshot)
    observation = new_observation(before, after, news, text)
    await write(connection, [*changes_between(before, after), observation])
    return after


async def find_observations(
    connection: AsyncConnection, payment_id: PaymentId
) -> list[ObservationRow]:
    """Oldest first."""
    found = await connection.execute(_OF_PAYMENT, {"payment_id": payment_id})
    return [_observation(row) for row in found]


def _observation(row: Row[Any]) -> ObservationRow:
    return ObservationRow(
        version=row.version,
        at_ms=row.at_ms,
        channel=Channel(row.channel),
        said=row.snapshot,
        state_before=PaymentState(row.state_before),
        state_after=PaymentState(row.state_after),
    )
