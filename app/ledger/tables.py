"""The tables of the ledger, for both databases.

owned (never rebuilt)   instance, drafts, customers, api_keys; in `payments/tables.py`: money
archive                 facts: every fact, for ever; progress, cursors: how far it goes
read models             events, orders, order_lines, sales, event_sales: rebuilt from the archive

Times are milliseconds since 1970, UTC; money is minor units beside its currency. A change here
needs a migration (`alembic check` says so).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

IDENTIFIER = String().with_variant(String(collation="C"), "postgresql")
"""Ordered by bytes on both databases: pages are keyed by ids, and a locale's order may change with
an update of the operating system."""

instance = Table(
    "instance",
    metadata,
    Column("key", IDENTIFIER, primary_key=True),
    Column("value", Text, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("event_id", IDENTIFIER, primary_key=True),
    Column("organiser_id", IDENTIFIER, nullable=False),
    Column("configuration", Text, nullable=False),
    Column("is_opened", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Index(None, "organiser_id", "event_id"),
)

customers = Table(
    "customers",
    metadata,
    Column("customer_ref", IDENTIFIER, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("first_seen_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Index(None, "updated_at_ms"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", IDENTIFIER, primary_key=True),
    Column("organiser_id", IDENTIFIER, nullable=False),
    Column("label", Text, nullable=False),
    Column("hash", IDENTIFIER, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("revoked_at_ms", BigInteger),
)

facts = Table(
    "facts",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("fact_id", IDENTIFIER, nullable=False, unique=True),
    Column("kind", IDENTIFIER, nullable=False),
    Column("event_id", IDENTIFIER, nullable=False),
    Column("order_id", IDENTIFIER),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "event_id", "epoch", "seq"),
)

progress = Table(
    "progress",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("reader", IDENTIFIER, primary_key=True),
    Column("shard", IDENTIFIER, primary_key=True),
    Column("position", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("event_id", IDENTIFIER, primary_key=True),
    Column("organiser_id", IDENTIFIER, nullable=False),
    Column("name", Text, nullable=False),
    Column("starts_at_ms", BigInteger, nullable=False),
    Column("currency", IDENTIFIER, nullable=False),
    Column("status", IDENTIFIER, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "organiser_id"),
)

CANCELLED = text("status = 'cancelled'")
ZERO = text("0")
"""What a row has that was written before its column was there."""

orders = Table(
    "orders",
    metadata,
    Column("order_id", IDENTIFIER, primary_key=True),
    Column("event_id", IDENTIFIER, nullable=False),
    Column("customer_ref", IDENTIFIER, nullable=False),
    Column("status", IDENTIFIER, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", IDENTIFIER, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("confirmed_at_ms", BigInteger),
    Column("payment_id", IDENTIFIER),
    Column("settlement", IDENTIFIER),
    Column("refunded_minor", BigInteger, nullable=False, server_default=ZERO),
    Column("version", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index(None, "event_id", "created_at_ms", "order_id"),
    Index(None, "customer_ref"),
    Index(
        "ix_orders_cancelled",
        *("event_id", "epoch", "seq"),
        postgresql_where=CANCELLED,
        sqlite_where=CANCELLED,
    ),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", IDENTIFIER, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("ticket_type", IDENTIFIER, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),
)

sales = Table(
    "sales",
    metadata,
    Column("event_id", IDENTIFIER, primary_key=True),
    Column("ticket_type", IDENTIFIER, primary_key=True),
    Column("held_quantity", BigInteger, nullable=False),
    Column("sold_quantity", BigInteger, nullable=False),
    Column("cancelled_quantity", BigInteger, nullable=False),
    Column("sold_amount_minor", BigInteger, nullable=False),
    Column("hack_quantity", BigInteger, nullable=False, server_default=ZERO),
    Column("hack_amount_minor", BigInteger, nullable=False, server_default=ZERO),
    Column("refunded_amount_minor", BigInteger, nullable=False, server_default=ZERO),
    Column("currency", IDENTIFIER, nullable=False),
)

event_sales = Table(
    "event_sales",
    metadata,
    Column("event_id", IDENTIFIER, primary_key=True),
    Column("confirmed_orders", BigInteger, nullable=False),
    Column("as_of_ms", BigInteger, nullable=False),
)

READ_MODELS = (events, orders, order_lines, sales, event_sales)
"""What the projections write: nothing else does, and all of it can be made again."""
