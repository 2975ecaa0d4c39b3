"""How orders were settled and what went back: of each order, and in the sales of its event.

Rows that are there already, or that the release before writes beside this one, say nothing of a
settlement; those who read them know what it was then.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SUMS = ("hack_quantity", "hack_amount_minor", "refunded_amount_minor")


def upgrade() -> None:
    op.add_column("orders", sa.Column("payment_id", IDENTIFIER, nullable=True))
    op.add_column("orders", sa.Column("settlement", IDENTIFIER, nullable=True))
    op.add_column("orders", _sum("refunded_minor"))
    for name in SUMS:
        op.add_column("sales", _sum(name))


def downgrade() -> None:
    for name in reversed(SUMS):
        op.drop_column("sales", name)
    for name in ("refunded_minor", "settlement", "payment_id"):
        op.drop_column("orders", name)


def _sum(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
