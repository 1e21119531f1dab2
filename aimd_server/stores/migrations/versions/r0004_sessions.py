"""Sessions of browsers."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table of sessions."""
    op.create_table(
        "session",
        sa.Column("id", ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key_id", ID, nullable=True),
        sa.Column("share_id", ID, nullable=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_session_key_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], name="fk_session_share_id", ondelete="CASCADE"),
        sa.UniqueConstraint("hash", name="uq_session_hash"),
    )
    for column in ("key_id", "share_id", "expires_us"):
        op.create_index(f"ix_session_{column}", "session", [column])
