"""Notes of folders, and short addresses."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "folder_note",
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("folder_id", name="pk_folder_note"),
        _references("folder_note", "folder_id", "folder"),
    )
    op.create_table(
        "short_address",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_short_address"),
        _references("short_address", "folder_id", "folder"),
        _references("short_address", "account_id", "account", on_delete="SET NULL"),
        sa.UniqueConstraint("uid", name="uq_short_address_uid"),
    )
    op.create_index("ix_short_address_folder_id", "short_address", ["folder_id"])
    op.create_index("ix_short_address_account_id", "short_address", ["account_id"])


def _references(table: str, column: str, target: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=on_delete)
