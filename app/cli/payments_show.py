"""Payments as text: a line each, or all that is known of one."""

from collections.abc import Iterator

import typer

from app.ledger import OperationRow, PaymentRow
from app.runtime.clock import format_instant
from app.selling import Advanced, Contradicted, ResolveOutcome, Shown, UnknownPayment
from payments import Money


def describe(payment: PaymentRow) -> str:
    """One line: which payment, of what, how it stands, what is in doubt, and what comes next."""
    unended = [each for each in payment.operations if not each.is_ended]
    since_ms = min((each.first_submitted_at_ms for each in unended), default=payment.created_at_ms)
    return "  ".join(
        (
            payment.payment_id,
            payment.order_id,
            f"{payment.method}/{payment.account}",
            f"{payment.amount}",
            f"{payment.state}, {payment.outcome or 'open'}",
            " ".join(f"{each.kind} {each.state}" for each in unended) or "nothing in doubt",
            f"since {format_instant(since_ms)}",
            f"faults: {_faults(payment)}",
            f"next look: {_instant(payment.next_look_at_ms)}",
        )
    )


def say(shown: Shown) -> Iterator[str]:
    """The payment, its order, its commands, and what was heard of it, each on a line."""
    payment, order, facts = shown.payment, shown.order, shown.payment.facts
    yield describe(payment)
    standing = "nowhere in Redis"
    if order is not None:
        by = "" if order.payment_id in {None, payment.payment_id} else f" by {order.payment_id}"
        standing = f"{order.status}{by}, hold until {_instant(order.expires_at_ms)}"
    yield f"order: {standing}"
    money = {
        "authorized": facts.authorized_minor,
        "captured": facts.captured_minor,
        "refunded": facts.refunded_minor,
        "refunds under way": facts.pending_refund_minor,
        "disputed": facts.disputed_minor,
    }
    currency = payment.amount.currency
    yield ", ".join(f"{word} {Money(minor, currency)}" for word, minor in money.items())
    yield f"reference {payment.reference}, at the provider {payment.provider_payment_id or '-'}"
    yield from (f"operation: {_operation(each)}" for each in payment.operations)
    for each in shown.observations:
        change = f"{each.state_before} -> {each.state_after}"
        yield f"{format_instant(each.at_ms)}  {each.channel}  {change}  {each.said}"


def tell(outcome: ResolveOutcome, payment_id: str) -> None:
    """How it stands now; exit code 1 where nothing was done."""
    match outcome:
        case Advanced(payment, order):
            typer.echo(describe(payment))
            typer.echo(f"order: {order.status}")
        case Contradicted(reason):
            typer.echo(f"nothing was done: {reason}", err=True)
            raise typer.Exit(1)
        case UnknownPayment():
            typer.echo(f"there is no payment {payment_id}", err=True)
            raise typer.Exit(1)


def _operation(operation: OperationRow) -> str:
    code = f", {operation.error_code}" if operation.error_code else ""
    return (
        f"{operation.operation_id}  {operation.kind} {operation.amount_minor}  "
        f"{operation.state}{code}  sent {operation.attempts} times, first "
        f"{format_instant(operation.first_submitted_at_ms)}"
    )


def _faults(payment: PaymentRow) -> str:
    return ", ".join(sorted(payment.facts.integrity)) or "none"


def _instant(at_ms: int | None) -> str:
    return "-" if at_ms is None else format_instant(at_ms)
