"""The first schema: accounts and keys, folders, trials, journals and the live summaries of their metrics."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _accounts()
    _folders()
    _trials()
    _journals()
    _series()


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _reference(name: str, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, ID, nullable=nullable)


def _owned_by(table: str, column: str, target: str, cascade: bool = True) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE" if cascade else None
    )


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        _number("created_us"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", ID, nullable=False),
        _reference("account_id"),
        sa.Column("hash", sa.String(64), nullable=False),
        _number("created_us"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        _owned_by("api_key", "account_id", "account"),
        sa.UniqueConstraint("hash", name="uq_api_key_hash"),
    )


def _folders() -> None:
    op.create_table(
        "folder",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        _reference("owner_id"),
        _reference("parent_id", nullable=True),
        _text("name"),
        _text("path"),
        sa.Column("type", sa.String(16), nullable=False),
        _text("config", nullable=True),
        _reference("editor_id"),
        _number("created_us"),
        _number("updated_us"),
        sa.PrimaryKeyConstraint("id", name="pk_folder"),
        _owned_by("folder", "owner_id", "account"),
        _owned_by("folder", "parent_id", "folder"),
        _owned_by("folder", "editor_id", "account", cascade=False),
        sa.UniqueConstraint("uid", name="uq_folder_uid"),
        sa.UniqueConstraint("owner_id", "path", name="uq_folder_owner_id_path"),
        sa.UniqueConstraint("parent_id", "name", name="uq_folder_parent_id_name"),
    )


def _trials() -> None:
    op.create_table(
        "trial",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        _reference("owner_id"),
        _reference("folder_id"),
        _text("name"),
        *(_text(name, nullable=True) for name in ("status", "state", "started", "ended")),
        _number("sort_us"),
        _text("document"),
        _text("parameters"),
        _reference("editor_id"),
        _number("created_us"),
        _number("updated_us"),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
        _owned_by("trial", "owner_id", "account"),
        _owned_by("trial", "folder_id", "folder"),
        _owned_by("trial", "editor_id", "account", cascade=False),
        sa.UniqueConstraint("uid", name="uq_trial_uid"),
        sa.UniqueConstraint("folder_id", "name", name="uq_trial_folder_id_name"),
    )
    op.create_index("ix_trial_owner_id_sort_us_id", "trial", ["owner_id", "sort_us", "id"])
    op.create_index("ix_trial_folder_id_sort_us_id", "trial", ["folder_id", "sort_us", "id"])


def _journals() -> None:
    op.create_table(
        "journal",
        sa.Column("id", ID, nullable=False),
        _reference("trial_id"),
        sa.Column("file", sa.String(64), nullable=False),
        *(_number(name) for name in ("next_offset", "parsed_offset", "records", "damaged", "updated_us")),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        _owned_by("journal", "trial_id", "trial"),
        sa.UniqueConstraint("trial_id", "file", name="uq_journal_trial_id_file"),
    )
    op.create_table(
        "journal_block",
        _reference("journal_id"),
        _number("number"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "number", name="pk_journal_block"),
        _owned_by("journal_block", "journal_id", "journal"),
    )
    op.create_table(
        "journal_tail",
        _reference("journal_id"),
        _number("offset"),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "offset", name="pk_journal_tail"),
        _owned_by("journal_tail", "journal_id", "journal"),
    )


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("id", ID, nullable=False),
        _reference("trial_id"),
        _text("type"),
        _text("live"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        _owned_by("series", "trial_id", "trial"),
        sa.UniqueConstraint("trial_id", "type", name="uq_series_trial_id_type"),
    )
