"""The position of a metric among those of its trial: lists show them as they were recorded."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; rows that are there get a position when their trial changes."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"  # whose tables then read as those that are made at once
    with op.batch_alter_table("trial_metric", recreate="always" if is_sqlite else "auto") as table:
        table.add_column(sa.Column("position", sa.Integer, nullable=True))
