"""The first tables: drafts, customers, keys, the archive of facts, the read models."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _create_owned()
    _create_people_and_keys()
    _create_archive()
    _create_read_models_of_orders()
    _create_read_models_of_sales()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


_TABLES = (
    "instance",
    "drafts",
    "customers",
    "api_keys",
    "facts",
    "progress",
    "cursors",
    "events",
    "orders",
    "order_lines",
    "sales",
    "event_sales",
)


def _create_owned() -> None:
    op.create_table(
        "instance",
        sa.Column("key", IDENTIFIER, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instance")),
    )
    op.create_table(
        "drafts",
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("organiser_id", IDENTIFIER, nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("is_opened", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_organiser_id_event_id"), "drafts", ["organiser_id", "event_id"])


def _create_people_and_keys() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_ref", IDENTIFIER, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("first_seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_ref", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_updated_at_ms"), "customers", ["updated_at_ms"])
    op.create_table(
        "api_keys",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("organiser_id", IDENTIFIER, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("hash", IDENTIFIER, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )


def _create_archive() -> None:
    op.create_table(
        "facts",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fact_id", IDENTIFIER, nullable=False),
        sa.Column("kind", IDENTIFIER, nullable=False),
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "epoch", "seq", name=op.f("pk_facts")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_facts_fact_id")),
    )
    op.create_index(op.f("ix_facts_event_id_epoch_seq"), "facts", ["event_id", "epoch", "seq"])
    op.create_table(
        "progress",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_progress")),
    )
    op.create_table(
        "cursors",
        sa.Column("reader", IDENTIFIER, nullable=False),
        sa.Column("shard", IDENTIFIER, nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "shard", name=op.f("pk_cursors")),
    )


def _create_read_models_of_orders() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("organiser_id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("currency", IDENTIFIER, nullable=False),
        sa.Column("status", IDENTIFIER, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_organiser_id"), "events", ["organiser_id"])
    op.create_table(
        "orders",
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("customer_ref", IDENTIFIER, nullable=False),
        sa.Column("status", IDENTIFIER, nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", IDENTIFIER, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_customer_ref"), "orders", ["customer_ref"])
    op.create_index(
        op.f("ix_orders_event_id_created_at_ms_order_id"),
        "orders",
        ["event_id", "created_at_ms", "order_id"],
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_type", IDENTIFIER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_order_lines")),
    )


def _create_read_models_of_sales() -> None:
    op.create_table(
        "sales",
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("ticket_type", IDENTIFIER, nullable=False),
        sa.Column("held_quantity", sa.BigInteger(), nullable=False),
        sa.Column("sold_quantity", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_quantity", sa.BigInteger(), nullable=False),
        sa.Column("sold_amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", IDENTIFIER, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "ticket_type", name=op.f("pk_sales")),
    )
    op.create_table(
        "event_sales",
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("confirmed_orders", sa.BigInteger(), nullable=False),
        sa.Column("as_of_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_sales")),
    )
