"""Chunks that have left their rows for objects, and those that are to go."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables, and let what is in chunks be due."""
    op.add_column("journal", sa.Column("rest_offset", sa.BigInteger, nullable=True))
    op.add_column("journal", sa.Column("rest_digest", sa.String(64), nullable=True))
    op.create_table(
        "sealed_object",
        sa.Column("id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sealed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sealed_object"),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journal.id"], name="fk_sealed_object_journal_id", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("key", name="uq_sealed_object_key"),
    )
    op.create_index("ix_sealed_object_journal_id", "sealed_object", ["journal_id"])
    op.create_table(
        "unsealed",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name="pk_unsealed"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_unsealed_journal_id", ondelete="CASCADE"),
    )
    op.execute("INSERT INTO unsealed (journal_id, size) SELECT id, chunk_offset FROM journal WHERE chunk_offset > 0")
