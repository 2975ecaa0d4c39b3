"""What a payment method is written against. Knows nothing of the ticket shop (`app`).

It begins with `Money`; the contract, the registry and the built-in methods join it.
"""

from payments.money import MAX_AMOUNT_MINOR, CurrencyMismatch, Money, minor_digits_of

__all__ = ["MAX_AMOUNT_MINOR", "CurrencyMismatch", "Money", "minor_digits_of"]
