"""Labels of trials, which the server writes when it starts, among what lists order by; an index of the trash."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark trials whose labels are missing, and add an index of the trash."""
    op.execute("UPDATE trial SET indexed_us = -1 WHERE indexed_us IS NOT NULL")
    for table in ("trial", "folder"):
        lies_there = sa.text("trashed_us IS NOT NULL")
        name = f"ix_{table}_trashed_us"
        op.create_index(name, table, ["trashed_us"], sqlite_where=lies_there, postgresql_where=lies_there)
