"""Small files of a trial that are replaced whole, beside the journals that only grow."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table of documents, and a place for the name of a trial's directory."""
    with op.batch_alter_table("trial") as trial:
        trial.add_column(sa.Column("alternative_name", sa.Text, nullable=True))
    op.create_table(
        "trial_document",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "file", name="pk_trial_document"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_trial_document_trial_id", ondelete="CASCADE"),
    )
