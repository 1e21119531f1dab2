"""Shortcuts to folders."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table of shortcuts."""
    op.create_table(
        "shortcut",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shortcut"),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name="fk_shortcut_folder_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["folder.id"], name="fk_shortcut_target_id", ondelete="CASCADE"),
        sa.UniqueConstraint("uid", name="uq_shortcut_uid"),
        sa.UniqueConstraint("folder_id", "target_id", name="uq_shortcut_folder_id_target_id"),
    )
    op.create_index("ix_shortcut_target_id", "shortcut", ["target_id"])
