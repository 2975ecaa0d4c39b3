"""A grant settles one order, and what it refers to is settled once."""

import asyncio

from app.domain.ids import OrderId
from app.ledger import AlreadySpent, Ledger, Spent, open_ledger
from tests.ledger.conftest import Address

ONE, TWO = OrderId("03.concert.one"), OrderId("03.concert.two")


async def test_a_grant_is_spent_on_one_order_and_again_on_the_same(ledger: Ledger) -> None:
    for at_ms in (1, 2):
        assert await ledger.grants.spend("jti-1", "box", "receipt-1", ONE, at_ms) == Spent()
    assert await ledger.grants.spend("jti-1", "box", "receipt-1", TWO, 3) == AlreadySpent(ONE)
    assert await ledger.grants.spend("jti-1", "box", "receipt-2", TWO, 3) == AlreadySpent(ONE)


async def test_a_reference_of_one_issuer_is_settled_once(ledger: Ledger) -> None:
    assert await ledger.grants.spend("jti-1", "box", "receipt-1", ONE, 1) == Spent()
    for order_id in (ONE, TWO):
        again = await ledger.grants.spend("jti-2", "box", "receipt-1", order_id, 2)
        assert again == AlreadySpent(ONE)
    assert await ledger.grants.spend("jti-2", "monolith", "receipt-1", TWO, 3) == Spent()


async def test_a_grant_that_meets_two_orders_is_neither_of_them(ledger: Ledger) -> None:
    await ledger.grants.spend("jti-1", "box", "receipt-1", ONE, 1)
    await ledger.grants.spend("jti-2", "box", "receipt-2", TWO, 1)
    assert await ledger.grants.spend("jti-1", "box", "receipt-2", ONE, 2) == AlreadySpent(TWO)


async def test_of_many_who_spend_at_once_one_order_wins(ledger: Ledger, address: Address) -> None:
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    orders = [OrderId(f"03.concert.{number}") for number in range(8)]
    answers = await asyncio.gather(
        *(
            (other if number % 2 else ledger).grants.spend(
                f"jti-{number // 4}", "box", "receipt", order_id, 1
            )
            for number, order_id in enumerate(orders)
        )
    )
    await other.aclose()
    (winner,) = (each for each, answer in zip(orders, answers, strict=True) if answer == Spent())
    assert {each.order_id for each in answers if isinstance(each, AlreadySpent)} == {winner}
