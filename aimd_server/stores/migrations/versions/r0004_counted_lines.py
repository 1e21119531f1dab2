"""How many lines a file that only grows has before each of its blocks."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the table; lines are counted when somebody asks for them."""
    op.create_table(
        "journal_lines",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "number", name="pk_journal_lines"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_journal_lines_journal_id", ondelete="CASCADE"),
    )
