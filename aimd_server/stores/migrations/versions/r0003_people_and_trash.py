"""People and what they may do: trash, tags and notes, scopes of keys, teams, shares, and the audit log."""

from typing import Any

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ADDED: dict[str, list[tuple[str, sa.types.TypeEngine[Any]]]] = {
    "account": [("admin_us", sa.BigInteger()), ("disabled_us", sa.BigInteger())],
    "api_key": [
        ("name", sa.Text()),
        ("scope", sa.String(16)),
        ("expires_us", sa.BigInteger()),
        ("revoked_us", sa.BigInteger()),
    ],
    "folder": [("trashed_us", sa.BigInteger()), ("trashed_name", sa.Text())],
    "trial": [("tags", sa.Text()), ("note", sa.Text()), ("trashed_us", sa.BigInteger()), ("trashed_name", sa.Text())],
}


def upgrade() -> None:
    """Add columns, all of which may be empty, and the tables of teams, shares and the audit log."""
    for table, columns in _ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    _teams()
    _shares()
    _audit()


def _owned_by(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _teams() -> None:
    op.create_table(
        "team",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("name", name="uq_team_name"),
    )
    op.create_table(
        "team_member",
        sa.Column("team_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("team_id", "account_id", name="pk_team_member"),
        _owned_by("team_member", "team_id", "team"),
        _owned_by("team_member", "account_id", "account"),
    )
    op.create_index("ix_team_member_account_id", "team_member", ["account_id"])


def _shares() -> None:
    targets = ("folder", "trial", "account", "team")
    pairs = [(item, subject) for item in targets[:2] for subject in targets[2:]]
    op.create_table(
        "share",
        sa.Column("id", ID, nullable=False),
        *(sa.Column(f"{target}_id", ID, nullable=True) for target in targets),
        sa.Column("link_hash", sa.String(64), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        *(_owned_by("share", f"{target}_id", target) for target in targets),
        *(sa.UniqueConstraint(f"{a}_id", f"{b}_id", name=f"uq_share_{a}_id_{b}_id") for a, b in pairs),
        sa.UniqueConstraint("link_hash", name="uq_share_link_hash"),
    )
    for target in targets[2:]:
        op.create_index(f"ix_share_{target}_id", "share", [f"{target}_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at_us", "audit", ["at_us"])
