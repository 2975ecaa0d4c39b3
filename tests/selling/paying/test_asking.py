"""One question to a provider: whatever its method does, the answer is a value, in time, and what it
may say to nobody is said to nobody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

import httpx
import pytest
from pydantic import SecretStr

from app.ledger import OperationKind
from app.selling.paying.asking import (
    Absent,
    Answered,
    Beginning,
    InDoubt,
    NotDone,
    Providers,
)
from payments import (
    Capture,
    Context,
    Enrolled,
    Fetch,
    Found,
    Initiate,
    InvalidMessage,
    KeyConflict,
    MethodConfig,
    Misconfigured,
    Money,
    NotFound,
    OutcomeUnknown,
    PaymentMethod,
    PaymentMethodError,
    RateLimited,
    Refund,
    Registry,
    RemoteStatus,
    RequestRefused,
    Snapshot,
    Unreachable,
    Unsupported,
)
from tests.selling.paying.rows import (
    MINE,
    NOW_MS,
    REFERENCE,
    TOTAL_MINOR,
    a_method,
    a_payment,
    an_operation,
)

CANARY = "canary-5d2f-key"
SNAPSHOT = Snapshot(
    status=RemoteStatus.PENDING,
    provider_payment_id="pi_1",
    reference=REFERENCE,
    amount=Money(TOTAL_MINOR, "EUR"),
    is_live=False,
)
BEGINNING = Beginning(
    return_url="https://shop.example/back",
    description="an order",
    expires_at_ms=NOW_MS + 1_000,
    method_input={"card": CANARY},
)


class RudeConfig(MethodConfig):
    api_key: SecretStr


class Rude(PaymentMethod[RudeConfig]):
    """Does whatever a test says, and keeps what it was asked."""

    config_model = RudeConfig
    descriptor: ClassVar = replace(a_method(), call_timeout=timedelta(milliseconds=50))

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        config = RudeConfig(environment="test", api_key=SecretStr(CANARY))
        super().__init__(config, Context(account_id="main", now=lambda: datetime.now(UTC)))
        self.act = act
        self.asked: list[object] = []

    async def _act(self, request: object) -> Any:
        self.asked.append(request)
        return await self.act()

    initiate = capture = cancel = refund = fetch = _act


def _providers(act: Callable[[], Awaitable[object]]) -> tuple[Providers, Rude]:
    method = Rude(act)
    account = Enrolled(
        method=cast("Any", method),
        method_id="acme",
        account_id="main",
        environment="test",
        is_enabled=True,
        is_usable=True,
    )
    registry = Registry([account], [], lambda: datetime.now(UTC))
    return Providers(registry, "https://shop.example/"), method


def _raising(error: BaseException) -> Callable[[], Awaitable[object]]:
    async def act() -> object:
        raise error

    return act


def _returning(value: object) -> Callable[[], Awaitable[object]]:
    async def act() -> object:
        return value

    return act


RAISED: list[tuple[BaseException, object]] = [
    (RequestRefused("amount"), NotDone("amount", is_refused=True)),
    (Misconfigured("credentials"), NotDone("credentials", is_refused=False)),
    (Unsupported("capture"), NotDone("capture", is_refused=False)),
    (RateLimited("429", retry_after_seconds=3), NotDone("429", is_refused=False)),
    (Unreachable("connect"), NotDone("connect", is_refused=False)),
    (OutcomeUnknown("http_500"), InDoubt("http_500")),
    (KeyConflict("key"), InDoubt("key")),
    (PaymentMethodError("odd"), InDoubt("odd")),
    (TimeoutError(), InDoubt("timeout")),
    (InvalidMessage(f"an id: {CANARY}"), InDoubt("InvalidMessage")),
    (ValueError(CANARY), InDoubt("ValueError")),
    (httpx.ConnectError(CANARY), InDoubt("ConnectError")),
    (KeyError(CANARY), InDoubt("KeyError")),
    (RecursionError(CANARY), InDoubt("RecursionError")),
    (AssertionError(CANARY), InDoubt("AssertionError")),
    (StopAsyncIteration(CANARY), InDoubt("StopAsyncIteration")),
]


@pytest.mark.parametrize(("error", "answer"), RAISED, ids=lambda each: type(each).__name__)
async def test_whatever_is_raised_is_a_value_and_a_doubt_unless_it_proves_the_contrary(
    error: BaseException, answer: object
) -> None:
    providers, _ = _providers(_raising(error))
    payment, first = a_payment(), an_operation()
    assert await providers.initiate(payment, first, BEGINNING) == answer
    assert await providers.look_up(payment) == answer
    for kind in (OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND):
        assert await providers.command(payment, an_operation(kind)) == answer


@pytest.mark.parametrize(
    "value", [None, True, {}, "captured", Found(SNAPSHOT), NotFound(), Snapshot]
)
async def test_what_is_no_snapshot_leaves_a_command_in_doubt(value: object) -> None:
    providers, _ = _providers(_returning(value))
    assert await providers.initiate(a_payment(), an_operation(), BEGINNING) == InDoubt("no_answer")
    capture = an_operation(OperationKind.CAPTURE)
    assert await providers.command(a_payment(), capture) == InDoubt("no_answer")


@pytest.mark.parametrize("value", [None, SNAPSHOT, Found(cast("Any", None)), False])
async def test_what_is_no_finding_leaves_a_look_up_in_doubt(value: object) -> None:
    providers, _ = _providers(_returning(value))
    assert await providers.look_up(a_payment()) == InDoubt("no_answer")


async def test_good_answers_are_handed_on() -> None:
    providers, _ = _providers(_returning(SNAPSHOT))
    assert await providers.initiate(a_payment(), an_operation(), BEGINNING) == Answered(SNAPSHOT)
    providers, _ = _providers(_returning(Found(SNAPSHOT)))
    assert await providers.look_up(a_payment()) == Answered(SNAPSHOT)
    providers, _ = _providers(_returning(NotFound()))
    assert await providers.look_up(a_payment()) == Absent()


async def test_nobody_waits_longer_than_the_method_said() -> None:
    async def never() -> object:
        await asyncio.Event().wait()
        return None

    providers, _ = _providers(never)
    async with asyncio.timeout(5):
        answer = await providers.initiate(a_payment(), an_operation(), BEGINNING)
    assert answer == InDoubt("timeout")


async def test_a_process_that_stops_is_no_answer_of_a_provider() -> None:
    """The lease ends, and whoever finds the command afterwards asks."""
    providers, _ = _providers(_raising(asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await providers.look_up(a_payment())


async def test_what_is_asked_is_what_was_committed() -> None:
    providers, method = _providers(_returning(SNAPSHOT))
    payment = replace(a_payment(), provider_payment_id="pi_1")
    first = an_operation()
    refund = an_operation(OperationKind.REFUND, amount_minor=700, reason="late")
    await providers.initiate(payment, first, BEGINNING)
    await providers.command(payment, an_operation(OperationKind.CAPTURE))
    await providers.command(payment, refund)
    await providers.look_up(payment)

    initiate, capture, sent_refund, fetch = method.asked
    assert isinstance(initiate, Initiate)
    assert (initiate.payment_id, initiate.reference) == (MINE, REFERENCE)
    assert (initiate.idempotency_key, initiate.amount) == (
        first.idempotency_key,
        Money(TOTAL_MINOR, "EUR"),
    )
    assert initiate.capture is False, "what can reserve, reserves first"
    assert initiate.webhook_url == "https://shop.example/v1/webhooks/acme/main"
    assert initiate.expires_at == datetime.fromtimestamp(NOW_MS / 1000 + 1, UTC)
    assert isinstance(capture, Capture)
    assert isinstance(sent_refund, Refund)
    assert (sent_refund.amount, sent_refund.reason) == (Money(700, "EUR"), "late")
    assert sent_refund.refund_id == refund.refund_id
    assert isinstance(fetch, Fetch)


async def test_the_first_command_needs_more_than_its_operation() -> None:
    providers, _ = _providers(_returning(SNAPSHOT))
    with pytest.raises(ValueError, match="initiated"):
        await providers.command(a_payment(), an_operation(OperationKind.INITIATE))


@pytest.mark.parametrize("error", [ValueError(CANARY), httpx.ConnectError(CANARY)], ids=repr)
async def test_what_strangers_say_in_their_errors_stands_in_no_log(
    error: Exception, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    error.__cause__ = RuntimeError(CANARY)
    providers, method = _providers(_raising(error))
    answer = await providers.initiate(a_payment(), an_operation(), BEGINNING)
    await providers.look_up(a_payment())

    written = capsys.readouterr()
    assert "a provider did not answer well" in caplog.text + written.out + written.err
    everything = [caplog.text, written.out, written.err, repr(answer), repr(providers)]
    everything += [repr(method.config), repr(providers.account_of(a_payment()))]
    assert CANARY not in "".join(everything)
