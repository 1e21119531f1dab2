"""Metric series as chunks of columns. What was tail before stays it until the next append to its file."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables of chunks, and where they end."""
    op.add_column("journal", sa.Column("chunk_offset", sa.BigInteger, nullable=True))
    op.add_column("journal", sa.Column("chunk_records", sa.BigInteger, nullable=True))
    op.add_column("series", sa.Column("rows", sa.BigInteger, nullable=True))
    op.create_table(
        "journal_chunk",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "offset", name="pk_journal_chunk"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_journal_chunk_journal_id", ondelete="CASCADE"),
    )
    op.create_table(
        "series_chunk",
        sa.Column("series_id", ID, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("rows", "points", "finite")),
        *(sa.Column(name, sa.Double, nullable=True) for name in ("head", "lo", "hi", "total")),
        sa.Column("places", sa.LargeBinary, nullable=True),
        sa.Column("rollup", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "kind", "name", "first", name="pk_series_chunk"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_series_chunk_series_id", ondelete="CASCADE"),
    )
