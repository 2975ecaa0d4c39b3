"""Money: whole minor units, one currency, no way to lose or invent any."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import MAX_AMOUNT_MINOR, CurrencyMismatch, Money, minor_digits_of
from payments.money import _CODES_BY_DIGITS

EXACT_MAX = 2**53 - 1
amounts = st.integers(0, EXACT_MAX)
currencies = st.sampled_from(["EUR", "JPY", "KWD"])


@pytest.mark.parametrize("amount", [True, False, 1.0, 0.1, "10", Decimal(10), Fraction(1), None])
def test_an_amount_is_an_int_and_nothing_that_passes_for_one(amount: object) -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [0, 1, MAX_AMOUNT_MINOR, EXACT_MAX])
def test_an_amount_may_be_anything_that_lua_counts_exactly(amount: int) -> None:
    assert Money(amount, "EUR").amount_minor == amount


@pytest.mark.parametrize("amount", [-1, -(10**30), EXACT_MAX + 1, 10**30])
def test_an_amount_below_nothing_or_beyond_exactness_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="0 or more and under"):
        Money(amount, "EUR")


def test_the_highest_price_times_a_whole_order_is_still_exact() -> None:
    quantity_max, lines_max = 100, 20
    assert MAX_AMOUNT_MINOR * quantity_max * lines_max < 2**53


@pytest.mark.parametrize(
    "code", ["", "eur", "EURO", "XXX", "XTS", "XAU", "DEM", "HRK", "BGN", " EUR"]
)
def test_a_currency_that_nobody_spends_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not an active ISO 4217 code"):
        Money(1, code)


@pytest.mark.parametrize(
    ("digits", "codes"),
    [
        (0, ["JPY", "CLP", "ISK", "XOF"]),
        (2, ["EUR", "USD", "GBP", "HUF", "MRU", "XCG"]),
        (3, ["KWD", "TND", "BHD"]),
    ],
)
def test_the_minor_unit_is_that_of_the_standard(digits: int, codes: list[str]) -> None:
    assert {minor_digits_of(code) for code in codes} == {digits}


def test_every_code_of_the_table_is_three_capitals_and_stands_once() -> None:
    codes = [code for line in _CODES_BY_DIGITS.values() for code in line.split()]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in codes)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(5, "EUR"), "0.05 EUR"),
        (Money(1050, "EUR"), "10.50 EUR"),
        (Money(500, "JPY"), "500 JPY"),
        (Money(1230, "KWD"), "1.230 KWD"),
        (Money(EXACT_MAX, "EUR"), "90071992547409.91 EUR"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, text: str) -> None:
    assert str(money) == text


@given(amounts, currencies)
def test_no_digit_is_lost_in_the_text(amount: int, currency: str) -> None:
    number, _, code = str(Money(amount, currency)).partition(" ")
    assert code == currency
    assert int(number.replace(".", "")) == amount
    assert len(number.partition(".")[2]) == minor_digits_of(currency)


@given(st.integers(0, 2**52 - 1), st.integers(0, 2**52 - 1), currencies)
def test_what_was_added_can_be_taken_away_again(left: int, right: int, currency: str) -> None:
    one, other = Money(left, currency), Money(right, currency)
    assert one + other == other + one == Money(left + right, currency)
    assert (one + other) - other == one


@given(st.integers(0, MAX_AMOUNT_MINOR), st.integers(0, 2000))
def test_times_a_quantity_is_that_many_sums(amount: int, quantity: int) -> None:
    money = Money(amount, "EUR")
    assert money * quantity == Money(amount * quantity, "EUR")
    assert money * (quantity + 1) == money * quantity + money


@given(amounts, amounts)
def test_the_order_is_that_of_the_amounts(left: int, right: int) -> None:
    one, other = Money(left, "EUR"), Money(right, "EUR")
    assert (one < other, one <= other, one > other, one >= other, one == other) == (
        left < right,
        left <= right,
        left > right,
        left >= right,
        left == right,
    )


def test_nobody_can_take_more_than_there_is() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Money(1, "EUR") - Money(2, "EUR")


def test_a_sum_beyond_exactness_is_refused() -> None:
    with pytest.raises(ValueError, match="under 2"):
        Money(EXACT_MAX, "EUR") + Money(1, "EUR")


@pytest.mark.parametrize("quantity", [-1, -2000])
def test_a_negative_quantity_makes_no_money(quantity: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Money(1, "EUR") * quantity


@pytest.mark.parametrize("quantity", [1.0, 0.5, True, "2", Decimal(2)])
def test_a_quantity_is_an_int_and_nothing_that_passes_for_one(quantity: object) -> None:
    with pytest.raises(TypeError):
        Money(1, "EUR") * quantity  # type: ignore[operator]


def test_two_currencies_never_meet() -> None:
    euro, yen = Money(1, "EUR"), Money(1, "JPY")
    assert euro != yen
    with pytest.raises(CurrencyMismatch, match="EUR met JPY"):
        euro + yen
    with pytest.raises(CurrencyMismatch, match="JPY met EUR"):
        yen - euro
    with pytest.raises(CurrencyMismatch):
        assert euro < yen
    with pytest.raises(CurrencyMismatch):
        assert euro <= yen


def test_only_nothing_is_zero() -> None:
    assert Money(0, "EUR").is_zero
    assert not Money(1, "EUR").is_zero


def test_money_is_a_value() -> None:
    assert len({Money(5, "EUR"), Money(5, "EUR"), Money(5, "USD")}) == 2
    with pytest.raises(AttributeError):
        Money(5, "EUR").amount_minor = 6  # type: ignore[misc]
