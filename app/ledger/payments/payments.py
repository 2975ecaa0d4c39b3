"""The payments of the ledger: each method one transaction, under the lock of the order's checkout.

Nothing waits for anybody else inside: no provider, no Redis.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select

from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId
from app.ledger.database import Database
from app.ledger.payments.attesting import Attestation, attest, find_observations
from app.ledger.payments.changes import (
    Follows,
    NewOperation,
    Told,
    closed,
    reserved,
    resubmitted,
    scheduled,
)
from app.ledger.payments.reading import find_one, find_where, read_locked
from app.ledger.payments.recording import record
from app.ledger.payments.report import PaymentReportRow, ReportPeriod, report
from app.ledger.payments.rows import (
    AlreadyStarted,
    AnotherOpen,
    Busy,
    Channel,
    Moved,
    NewPayment,
    ObservationRow,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    OverRefund,
    PaymentRow,
    Started,
)
from app.ledger.payments.searching import (
    PaymentPage,
    PaymentSearch,
    find_due,
    find_open_accounts,
    find_page,
    find_stuck,
)
from app.ledger.payments.starting import start
from app.ledger.payments.tables import payment_operations, payments
from app.ledger.payments.writing import changes_between, write
from app.runtime.errors import ContractError
from payments import Snapshot


class Payments:
    """All methods raise Unavailable, those that write OutcomeUnknown too: then the same call may be
    made again. ContractError: for a payment or an operation that there is not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, new: NewPayment) -> Started | AlreadyStarted | AnotherOpen:
        """`Started`: its first operation is the caller's to send, until the lease ends. Any other
        answer has written nothing. ContractError: the order costs something else than before."""
        async with self._database.write() as connection:
            return await start(connection, new)

    async def read(self, payment_id: PaymentId) -> PaymentRow | None:
        async with self._database.read() as connection:
            return await find_one(connection, payment_id)

    async def of_order(self, order_id: OrderId) -> Sequence[PaymentRow]:
        """Oldest first."""
        async with self._database.read() as connection:
            return await find_where(connection, payments.c.order_id == order_id)

    async def find(self, method: str, account: str, reference: str) -> PaymentRow | None:
        """By what its provider knows it by."""
        conditions = (
            payments.c.method == method,
            payments.c.account == account,
            payments.c.reference == reference,
        )
        async with self._database.read() as connection:
            found = await find_where(connection, *conditions)
        return found[0] if found else None

    async def reserve(  # noqa: PLR0913 - all that an operation is begun with
        self,
        payment_id: PaymentId,
        kind: OperationKind,
        *,
        operation_id: str,
        idempotency_key: str,
        amount_minor: int,
        lease_until_ms: int,
        at_ms: int,
        refund_id: str | None = None,
        reason: str | None = None,
        requested_by: str | None = None,
        decided_on: int | None = None,
    ) -> OperationRow | Busy | OverRefund | Moved:
        """The operation, which is the caller's to send until the lease ends. With a key that is
        known: the operation of that key, however it stands. `decided_on`: the version of the row
        that the caller saw; None: whatever it is. ContractError: the key is another's."""
        new = NewOperation(
            operation_id, kind, idempotency_key, amount_minor, refund_id, reason, requested_by,
            lease_until_ms, at_ms,
        )  # fmt: skip
        async with self._database.write() as connection:
            row = await read_locked(connection, payment_id)
            if (known := _known(row, new)) is not None:
                return known
            if decided_on is not None and decided_on != row.version:
                return Moved()
            if (refusal := _refusal(row, new)) is not None:
                return refusal
            after = reserved(row, new)
            await write(connection, changes_between(row, after))
        return after.operations[-1]

    async def resubmit(self, operation_id: str, *, lease_until_ms: int, at_ms: int) -> bool:
        """True: it is the caller's to send once more. False: it ended, or somebody else is sending
        it."""
        query = select(payment_operations.c.payment_id).where(
            payment_operations.c.operation_id == operation_id
        )
        async with self._database.write() as connection:
            payment_id = await connection.scalar(query)
            if payment_id is None:
                raise ContractError(f"{operation_id} is no operation that was ever begun")
            row = await read_locked(connection, PaymentId(payment_id))
            after = resubmitted(row, operation_id, lease_until_ms, at_ms)
            if after is None:
                return False
            await write(connection, changes_between(row, after))
            return True

    async def record(  # noqa: PLR0913 - all that one answer can tell
        self,
        payment_id: PaymentId,
        *,
        channel: Channel,
        at_ms: int,
        operation_id: str | None = None,
        operation_state: OperationState | None = None,
        error_code: str | None = None,
        snapshot: Snapshot | None = None,
        next_at_ms: int | None = None,
        follows: Follows | None = None,
    ) -> PaymentRow:
        """What was heard, joined to what is known. The snapshot is kept as an observation if it
        tells anything new, or for the first time in this way. An operation that ended stays as it
        ended. `next_at_ms`: the next look; None leaves it where it is. `follows`: see there; an
        operation that it began is the caller's to send."""
        news = Told(channel, at_ms, operation_id, operation_state, error_code, snapshot, next_at_ms)
        async with self._database.write() as connection:
            return await record(connection, payment_id, news, follows)

    async def close(self, payment_id: PaymentId, outcome: Outcome, at_ms: int) -> PaymentRow:
        """How it ended for its order. The first outcome stands, except that a confirmed one may be
        refunded, and money that comes late may still confirm or be refunded."""
        return await self._change(payment_id, lambda row: closed(row, outcome, at_ms))

    async def schedule(self, payment_id: PaymentId, next_look_at_ms: int | None) -> None:
        """None: no look is needed any more; ignored while an operation has not ended."""
        await self._change(payment_id, lambda row: scheduled(row, next_look_at_ms))

    async def attest(
        self, seen: PaymentRow, attestation: Attestation, at_ms: int
    ) -> PaymentRow | None:
        """What a person says of the payment as they have `seen` it. None: it has changed since, and
        nothing was written."""
        async with self._database.write() as connection:
            return await attest(connection, seen, attestation, at_ms)

    async def observations(self, payment_id: PaymentId) -> Sequence[ObservationRow]:
        """All that was ever heard of it and told anything new; oldest first."""
        async with self._database.read() as connection:
            return await find_observations(connection, payment_id)

    async def due(self, now_ms: int, limit: int) -> Sequence[PaymentId]:
        """Those whose clock has come, or with a command whose sender let its lease run out; the
        longest waiting first."""
        async with self._database.read() as connection:
            return await find_due(connection, now_ms, limit)

    async def stuck(self, before_ms: int, limit: int) -> Sequence[PaymentRow]:
        """What a person should look at: integrity faults that nobody has closed, what is open or in
        doubt since before then, and money that was to go back and is here, because a refund failed
        after all, say. Oldest first."""
        async with self._database.read() as connection:
            return await find_stuck(connection, before_ms, limit)

    async def open_accounts(self) -> Mapping[tuple[str, str], int]:
        """How many open payments there are, by method and account."""
        async with self._database.read() as connection:
            return await find_open_accounts(connection)

    async def search(self, wanted: PaymentSearch) -> PaymentPage:
        """Oldest first. Raises UnknownPage."""
        async with self._database.read() as connection:
            return await find_page(connection, wanted)

    async def report(
        self, organiser_id: OrganiserId, event_id: EventId | None, period: ReportPeriod
    ) -> Sequence[PaymentReportRow]:
        """Money by day, event and method. `event_id` None: all events of the organiser."""
        async with self._database.read() as connection:
            return await report(connection, organiser_id, event_id, period)

    async def _change(
        self, payment_id: PaymentId, change: Callable[[PaymentRow], PaymentRow]
    ) -> PaymentRow:
        async with self._database.write() as connection:
            before = await read_locked(connection, payment_id)
            after = change(before)
            await write(connection, changes_between(before, after))
        return after


def _known(row: PaymentRow, new: NewOperation) -> OperationRow | None:
    """The operation of this key. ContractError: it is about something else."""
    for each in row.operations:
        if each.idempotency_key == new.idempotency_key:
            if (each.kind, each.amount_minor) != (new.kind, new.amount_minor):
                raise ContractError(f"{new.operation_id} and {each.operation_id} have one key")
            return each
    return None


def _refusal(row: PaymentRow, new: NewOperation) -> Busy | OverRefund | None:
    if new.kind is OperationKind.REFUND:
        left_minor = row.refundable_minor
        return OverRefund(left_minor) if new.amount_minor > left_minor else None
    active = (
        each for each in row.operations if each.is_active and each.kind is not OperationKind.REFUND
    )
    return next((Busy(each) for each in active), None)
