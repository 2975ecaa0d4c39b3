"""Payments: checkouts, payments, operations, observations, notices, spent grants."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")

_TABLES = (
    "checkouts",
    "payments",
    "payment_operations",
    "payment_observations",
    "payment_notices",
    "spent_grants",
)


def upgrade() -> None:
    _create_checkouts_and_payments()
    _create_operations_and_observations()
    _create_notices_and_grants()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_checkouts_and_payments() -> None:
    op.create_table(
        "checkouts",
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("event_id", IDENTIFIER, nullable=False),
        sa.Column("organiser_id", IDENTIFIER, nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", IDENTIFIER, nullable=False),
        sa.Column("lines_sha256", IDENTIFIER, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_checkouts")),
    )
    op.create_index(
        op.f("ix_checkouts_organiser_id_event_id"), "checkouts", ["organiser_id", "event_id"]
    )
    op.create_table(
        "payments",
        sa.Column("payment_id", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("method", IDENTIFIER, nullable=False),
        sa.Column("account", IDENTIFIER, nullable=False),
        sa.Column("reference", IDENTIFIER, nullable=False),
        sa.Column("provider_payment_id", IDENTIFIER, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", IDENTIFIER, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", IDENTIFIER, nullable=False),
        sa.Column("activation", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", IDENTIFIER, nullable=False),
        sa.Column("has_fault", sa.Boolean(), nullable=False),
        sa.Column("outcome", IDENTIFIER, nullable=True),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_look_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["checkouts.order_id"], name=op.f("fk_payments_order_id_checkouts")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "method", "account", "reference", name=op.f("uq_payments_method_account_reference")
        ),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"])
    _create_partial_index("uq_payments_open", "payments", "order_id", "outcome IS NULL")
    _create_partial_index(
        "ix_payments_next_look", "payments", "next_look_at_ms", "next_look_at_ms IS NOT NULL"
    )
    _create_partial_index("ix_payments_fault", "payments", "created_at_ms", "has_fault")


def _create_operations_and_observations() -> None:
    op.create_table(
        "payment_operations",
        sa.Column("operation_id", IDENTIFIER, nullable=False),
        sa.Column("payment_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", IDENTIFIER, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", IDENTIFIER, nullable=True),
        sa.Column("provider_refund_id", IDENTIFIER, nullable=True),
        sa.Column("reason", IDENTIFIER, nullable=True),
        sa.Column("requested_by", IDENTIFIER, nullable=True),
        sa.Column("state", IDENTIFIER, nullable=False),
        sa.Column("idempotency_key", IDENTIFIER, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_submitted_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("error_code", IDENTIFIER, nullable=True),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payments.payment_id"],
            name=op.f("fk_payment_operations_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_payment_operations")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_operations_idempotency_key")),
        sa.UniqueConstraint(
            "payment_id", "number", name=op.f("uq_payment_operations_payment_id_number")
        ),
    )
    table = "payment_operations"
    _create_partial_index(
        "uq_payment_operations_active",
        table,
        "payment_id",
        "state IN ('submitting', 'unknown') AND kind <> 'refund'",
    )
    _create_partial_index(
        "ix_payment_operations_lease", table, "lease_until_ms", "state = 'submitting'"
    )
    _create_partial_index(
        "ix_payment_operations_doubt", table, "first_submitted_at_ms", "state = 'unknown'"
    )
    op.create_table(
        "payment_observations",
        sa.Column("payment_id", IDENTIFIER, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("channel", IDENTIFIER, nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("state_before", IDENTIFIER, nullable=False),
        sa.Column("state_after", IDENTIFIER, nullable=False),
        sa.Column("captured_change_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_change_minor", sa.BigInteger(), nullable=False),
        sa.Column("disputed_change_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payments.payment_id"],
            name=op.f("fk_payment_observations_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("payment_id", "version", name=op.f("pk_payment_observations")),
    )


def _create_notices_and_grants() -> None:
    op.create_table(
        "payment_notices",
        sa.Column("method", IDENTIFIER, nullable=False),
        sa.Column("account", IDENTIFIER, nullable=False),
        sa.Column("event_key", IDENTIFIER, nullable=False),
        sa.Column("digest", IDENTIFIER, nullable=False),
        sa.Column("reference", IDENTIFIER, nullable=False),
        sa.Column("kind", IDENTIFIER, nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("handled_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("method", "account", "event_key", name=op.f("pk_payment_notices")),
    )
    _create_partial_index(
        "ix_payment_notices_next", "payment_notices", "next_at_ms", "handled_at_ms IS NULL"
    )
    op.create_table(
        "spent_grants",
        sa.Column("jti", IDENTIFIER, nullable=False),
        sa.Column("issuer", IDENTIFIER, nullable=False),
        sa.Column("reference", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_spent_grants")),
        sa.UniqueConstraint("issuer", "reference", name=op.f("uq_spent_grants_issuer_reference")),
    )


def _create_partial_index(name: str, table: str, column: str, condition: str) -> None:
    """Of the rows that meet the condition; a `uq_...` allows one of each."""
    where = sa.text(condition)
    op.create_index(
        name,
        table,
        [column],
        unique=name.startswith("uq_"),
        postgresql_where=where,
        sqlite_where=where,
    )
