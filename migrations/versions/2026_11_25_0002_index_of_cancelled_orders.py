"""An index of the cancelled orders of an event alone: gates ask for them all the time."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_orders_cancelled"
CANCELLED = sa.text("status = 'cancelled'")


def upgrade() -> None:
    op.create_index(
        NAME,
        "orders",
        ["event_id", "epoch", "seq"],
        postgresql_where=CANCELLED,
        sqlite_where=CANCELLED,
    )


def downgrade() -> None:
    op.drop_index(NAME, "orders")
