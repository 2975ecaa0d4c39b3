"""The tables of money: owned by the ledger, never rebuilt.

checkouts             what an order costs, as it was when its first payment began; the row to lock
payments              one row for each try at paying, as it stands now
payment_operations    the commands that a provider was sent, each with its key for life
payment_observations  what a provider said, append-only, with what it changed
payment_notices       the inbox of webhooks
spent_grants          each grant of a settlement, once
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.ledger.tables import IDENTIFIER, metadata

OPEN = text("outcome IS NULL")
HAS_CLOCK = text("next_look_at_ms IS NOT NULL")
HAS_FAULT = text("has_fault")
IN_FLIGHT = text("state = 'submitting'")
IN_DOUBT = text("state = 'unknown'")
ACTIVE = text("state IN ('submitting', 'unknown') AND kind <> 'refund'")
UNHANDLED = text("handled_at_ms IS NULL")
KEPT = text("state = 'captured' AND outcome IS NOT NULL AND NOT is_settled")
"""Money of a payment that has ended and settled nothing: it must go back."""
FAILED_LATER = "failed_later"
"""The error code of a refund that had succeeded."""

checkouts = Table(
    "checkouts",
    metadata,
    Column("order_id", IDENTIFIER, primary_key=True),
    Column("event_id", IDENTIFIER, nullable=False),
    Column("organiser_id", IDENTIFIER, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", IDENTIFIER, nullable=False),
    Column("lines_sha256", IDENTIFIER, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Index(None, "organiser_id", "event_id"),
)

payments = Table(
    "payments",
    metadata,
    Column("payment_id", IDENTIFIER, primary_key=True),
    Column("order_id", IDENTIFIER, ForeignKey(checkouts.c.order_id), nullable=False),
    Column("method", IDENTIFIER, nullable=False),
    Column("account", IDENTIFIER, nullable=False),
    Column("reference", IDENTIFIER, nullable=False),
    Column("provider_payment_id", IDENTIFIER),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", IDENTIFIER, nullable=False),
    Column("is_live", Boolean, nullable=False),
    Column("fingerprint", IDENTIFIER, nullable=False),
    Column("activation", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("state", IDENTIFIER, nullable=False),
    Column("has_fault", Boolean, nullable=False),
    Column("outcome", IDENTIFIER),
    Column("is_settled", Boolean, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("next_look_at_ms", BigInteger),
    Column("looks", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("method", "account", "reference"),
    Index(None, "order_id"),
    Index(
        "uq_payments_open", "order_id", unique=True, postgresql_where=OPEN, sqlite_where=OPEN
    ),
    Index(
        "ix_payments_next_look", "next_look_at_ms",
        postgresql_where=HAS_CLOCK, sqlite_where=HAS_CLOCK,
    ),
    Index("ix_payments_fault", "created_at_ms", postgresql_where=HAS_FAULT, sqlite_where=HAS_FAULT),
)  # fmt: skip
"""`state` and `has_fault` are read from `facts`, for searches. `uq_payments_open`: an order has one
open payment at most, whatever the code does."""

payment_operations = Table(
    "payment_operations",
    metadata,
    Column("operation_id", IDENTIFIER, primary_key=True),
    Column("payment_id", IDENTIFIER, ForeignKey(payments.c.payment_id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", IDENTIFIER, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("refund_id", IDENTIFIER),
    Column("provider_refund_id", IDENTIFIER),
    Column("reason", IDENTIFIER),
    Column("requested_by", IDENTIFIER),
    Column("state", IDENTIFIER, nullable=False),
    Column("idempotency_key", IDENTIFIER, nullable=False, unique=True),
    Column("attempts", Integer, nullable=False),
    Column("first_submitted_at_ms", BigInteger, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("next_at_ms", BigInteger),
    Column("error_code", IDENTIFIER),
    UniqueConstraint("payment_id", "number"),
    Index(
        "uq_payment_operations_active", "payment_id", unique=True,
        postgresql_where=ACTIVE, sqlite_where=ACTIVE,
    ),
    Index(
        "ix_payment_operations_lease", "lease_until_ms",
        postgresql_where=IN_FLIGHT, sqlite_where=IN_FLIGHT,
    ),
    Index(
        "ix_payment_operations_doubt", "first_submitted_at_ms",
        postgresql_where=IN_DOUBT, sqlite_where=IN_DOUBT,
    ),
)  # fmt: skip
"""`number` counts within the payment. `uq_payment_operations_active`: one command at a time, beside
refunds."""

payment_observations = Table(
    "payment_observations",
    metadata,
    Column("payment_id", IDENTIFIER, ForeignKey(payments.c.payment_id), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("channel", IDENTIFIER, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("state_before", IDENTIFIER, nullable=False),
    Column("state_after", IDENTIFIER, nullable=False),
    Column("captured_change_minor", BigInteger, nullable=False),
    Column("refunded_change_minor", BigInteger, nullable=False),
    Column("disputed_change_minor", BigInteger, nullable=False),
)
"""`version` is that of the payment afterwards. The changes add up to the facts, always; a refund
that failed after all is a change below zero."""

payment_notices = Table(
    "payment_notices",
    metadata,
    Column("method", IDENTIFIER, primary_key=True),
    Column("account", IDENTIFIER, primary_key=True),
    Column("event_key", IDENTIFIER, primary_key=True),
    Column("digest", IDENTIFIER, nullable=False),
    Column("reference", IDENTIFIER, nullable=False),
    Column("kind", IDENTIFIER, nullable=False),
    Column("snapshot", Text),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    Column("handled_at_ms", BigInteger),
    Column("attempts", Integer, nullable=False),
    Index(
        "ix_payment_notices_next", "next_at_ms",
        postgresql_where=UNHANDLED, sqlite_where=UNHANDLED,
    ),
)  # fmt: skip

spent_grants = Table(
    "spent_grants",
    metadata,
    Column("jti", IDENTIFIER, primary_key=True),
    Column("issuer", IDENTIFIER, nullable=False),
    Column("reference", IDENTIFIER, nullable=False),
    Column("order_id", IDENTIFIER, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("issuer", "reference"),
)

PAYMENT_TABLES = (
    checkouts,
    payments,
    payment_operations,
    payment_observations,
    payment_notices,
    spent_grants,
)
