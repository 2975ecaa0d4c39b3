"""Accounts that cannot be used are told; they keep nobody from selling, unless payments hang on
them."""

from dataclasses import replace

from app.selling import MethodHealth
from payments import Account, load_methods
from tests.till import Till, sandbox_account


async def _health(till: Till, *accounts: Account) -> MethodHealth:
    registry = load_methods(
        ("sandbox",), accounts, is_production=False, has_production_mark=False, now=till.now
    )
    health = MethodHealth(registry, till.ledger.payments)
    await health.step()
    return health


async def test_where_all_is_well_nothing_is_said(till: Till) -> None:
    health = await _health(till, sandbox_account(till.books))
    assert (health.reasons, health.warnings) == ((), ())


async def test_a_broken_account_without_open_payments_is_a_warning(till: Till) -> None:
    await till.open_event()
    await till.paid(await till.hold())
    gone = Account(method="acme", id="main", environment="test")
    live = replace(sandbox_account(till.books), environment="live")

    health = await _health(till, gone, live)

    assert list(health.reasons) == []
    assert health.warnings == (
        "payment method acme/main cannot be used",
        "payment method sandbox/main cannot be used",
    )


async def test_open_payments_of_a_broken_account_are_a_reason_until_they_are_closed(
    till: Till,
) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await till.began(order, "action")
    health = await _health(till)  # the account was taken out of the file
    assert list(health.reasons) == ["payments of sandbox/main are open, and it cannot be used"]

    till.proceed(payment, "approve")
    await till.advancing.hear(payment)  # elsewhere, where it can be used
    await health.step()

    assert list(health.reasons) == []
