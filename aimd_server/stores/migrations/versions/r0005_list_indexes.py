"""What lists choose and order trials by. The server fills it for trials that were there before, when it starts."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BY_CHARACTER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two tables, and columns that say what of a trial is in them."""
    op.add_column("trial", sa.Column("indexed_us", sa.BigInteger, nullable=True))
    op.create_index("ix_trial_indexed_us", "trial", ["indexed_us"])
    for name in ("indexed_us", "stale_us"):
        op.add_column("series", sa.Column(name, sa.BigInteger, nullable=True))
    op.create_index("ix_series_stale_us", "series", ["stale_us"])
    _params()
    _metrics()


def _params() -> None:
    op.create_table(
        "trial_param",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("num", sa.Double, nullable=False),
        sa.Column("text", BY_CHARACTER, nullable=False),
        sa.Column("type", sa.String(1), nullable=False),
        sa.Column("mark", sa.BigInteger, nullable=False),
        sa.Column("sort_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "key", name="pk_trial_param"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_trial_param_trial_id", ondelete="CASCADE"),
    )
    columns = ["folder_id", "key", "kind", "num", "text", "sort_us", "trial_id"]
    op.create_index("ix_trial_param_order", "trial_param", columns)


def _metrics() -> None:
    op.create_table(
        "trial_metric",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        *(sa.Column(name, sa.Double, nullable=True) for name in ("last", "min", "max", "mean")),
        sa.Column("count", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("last_step", "min_step", "max_step")),
        sa.Column("sort_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "key", name="pk_trial_metric"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_trial_metric_trial_id", ondelete="CASCADE"),
    )
    for name in ("last", "min", "max"):
        op.create_index(f"ix_trial_metric_{name}", "trial_metric", ["folder_id", "key", name, "sort_us", "trial_id"])
