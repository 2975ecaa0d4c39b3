"""Money: a whole number of minor units and a currency. Never a float, never a decimal.

Money(1050, "EUR")  is 10.50 EUR,   Money(500, "JPY")  is 500 JPY,   Money(1230, "KWD") is 1.230 KWD
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MAX_AMOUNT_MINOR: Final = 10**12
"""Of one `Money`: 2,000 units at this price still stay under 2^53, where a Lua number is exact."""

_CODES_BY_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
        "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL "
        "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
        "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
        "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}
"""Active ISO 4217 codes of money that people spend, by the digits of their minor unit."""

_DIGITS: Final = {
    code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()
}


class CurrencyMismatch(ValueError):  # noqa: N818 - a word of the trade, not a suffix
    """Two amounts of different currencies met in one sum or comparison."""


def minor_digits_of(currency: str) -> int:
    """Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD. ValueError for an unknown code."""
    try:
        return _DIGITS[currency]
    except KeyError:
        raise ValueError(f"currency {currency!r} is not an active ISO 4217 code") from None


@dataclass(frozen=True, slots=True)
class Money:
    """0 to `MAX_AMOUNT_MINOR` minor units by default; a sum may go beyond, up to 2^53.

    Raises ValueError for a negative amount or an unknown currency, TypeError for anything but int.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError(f"an amount is whole minor units, not {self.amount_minor!r}")
        if not 0 <= self.amount_minor < 2**53:
            raise ValueError(f"an amount is 0 or more and under 2^53, not {self.amount_minor}")
        minor_digits_of(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """ValueError when more is taken than there is."""
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __mul__(self, quantity: int) -> "Money":
        if type(quantity) is not int:
            raise TypeError(f"a quantity is a whole number, not {quantity!r}")
        return Money(self.amount_minor * quantity, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same_currency(other)

    @property
    def is_zero(self) -> bool:
        return self.amount_minor == 0

    def __str__(self) -> str:
        digits = minor_digits_of(self.currency)
        return f"{Decimal(self.amount_minor).scaleb(-digits):.{digits}f} {self.currency}"

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} met {other.currency}")
        return other.amount_minor
