"""A process of the service that dies at a named point: it does the step, then kills itself with
SIGKILL before it can do the next.

    python -m tests.rehearsals.paying.mortal POINT serve

Nothing of the service knows of it: one method of one class is replaced, in that process alone.
"""

import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bus import RedisStreamsBus
from app.cli.__main__ import main
from app.domain.orders import Order, OrderStatus
from app.inventory import Outbox
from app.ledger import Notices, OperationKind, PaymentRow, Payments, Started, Taken
from app.selling import Claims, Providers
from app.selling.paying.asking import Answered
from app.selling.paying.claims import Pinned
from payments import PaymentState

LIVES = "lives"
"""The point of a process that does not die."""

_Fits = Callable[[Any, Sequence[Any]], bool]
"""By what the step answered and what it was asked."""


@dataclass(frozen=True)
class Point:
    """`fits`: which call of the step is the last."""

    owner: type
    step: str
    fits: _Fits


def _always(_answer: Any, _asked: Sequence[Any]) -> bool:
    return True


def _has_any(answer: Any, _asked: Sequence[Any]) -> bool:
    return bool(answer)


def _has_begun(kind: OperationKind) -> _Fits:
    return lambda _answer, asked: asked[1] is kind


def _has_executed(kind: OperationKind) -> _Fits:
    return lambda answer, asked: isinstance(answer, Answered) and asked[1].kind is kind


def _is_payment(state: PaymentState) -> _Fits:
    return lambda answer, _: isinstance(answer, PaymentRow) and answer.state is state


def _is_order(status: OrderStatus) -> _Fits:
    return lambda answer, _: isinstance(answer, Order) and answer.status is status


def _is(kind: type) -> _Fits:
    return lambda answer, _: isinstance(answer, kind)


POINTS: Mapping[str, Point] = {
    "payment_committed": Point(Payments, "start", _is(Started)),
    "order_waits": Point(Claims, "begin", _always),
    "initiate_executed": Point(Providers, "initiate", _is(Answered)),
    "authorisation_recorded": Point(Payments, "record", _is_payment(PaymentState.AUTHORIZED)),
    "hold_pinned": Point(Claims, "pin", _is(Pinned)),
    "capture_executed": Point(Providers, "command", _has_executed(OperationKind.CAPTURE)),
    "capture_recorded": Point(Payments, "record", _is_payment(PaymentState.CAPTURED)),
    "order_confirmed": Point(Claims, "confirm", _is_order(OrderStatus.CONFIRMED)),
    "refund_begun": Point(Payments, "reserve", _has_begun(OperationKind.REFUND)),
    "refund_executed": Point(Providers, "command", _has_executed(OperationKind.REFUND)),
    "refund_recorded": Point(Payments, "record", _is_payment(PaymentState.REFUNDED)),
    "notice_recorded": Point(
        Notices, "take", lambda answer, _: isinstance(answer, Taken) and answer.new > 0
    ),
    "notice_read": Point(Notices, "due", _has_any),
    "cancel_executed": Point(Providers, "command", _has_executed(OperationKind.CANCEL)),
    "order_expired": Point(Claims, "expire", _is_order(OrderStatus.EXPIRED)),
    "order_reacquired": Point(Claims, "reacquire", _is_order(OrderStatus.CONFIRMED)),
    "outbox_read": Point(Outbox, "read", _has_any),
    "facts_published": Point(RedisStreamsBus, "publish", lambda _, asked: bool(asked[0])),
}


def die_at(name: str) -> None:
    """From now on this process does not survive that point."""
    point = POINTS[name]
    step: Callable[..., Awaitable[Any]] = getattr(point.owner, point.step)

    @functools.wraps(step)
    async def last_step(*asked: Any, **named: Any) -> Any:
        answer = await step(*asked, **named)
        if point.fits(answer, asked[1:]):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(point.owner, point.step, last_step)


if __name__ == "__main__":
    _, where, *command = sys.argv
    if where != LIVES:
        die_at(where)
    sys.argv = ["taquilla", *command]
    main()
