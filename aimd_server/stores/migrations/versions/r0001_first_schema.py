"""The first schema, whole."""

import sqlalchemy as sa
from alembic import op  # noqa: TID253  Alembic itself imports this module, nothing else does

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BY_CHARACTER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
IN_TRASH = sa.text("trashed_us IS NOT NULL")
FOR_EVERYBODY = sa.text("account_id IS NULL")


def upgrade() -> None:
    """Create all tables, each after those that it refers to."""
    _accounts()
    _folders()
    _trials()
    _views()
    _teams()
    _shares()
    _sessions()
    _audit()
    _journals()
    _series()
    _lists()
    _objects()
    _contents()
    _content_uploads()
    _trial_files()
    _media()
    _artifacts()
    _trial_artifacts()
    _artifact_uploads()


def _references(table: str, column: str, target: str, on_delete: str | None = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=on_delete)


def _accounts() -> None:
    """The epoch, accounts and their keys."""
    op.create_table(
        "epoch",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_epoch"),
    )
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("admin_us", sa.BigInteger, nullable=True),
        sa.Column("disabled_us", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=True),
        sa.Column("revoked_us", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        _references("api_key", "account_id", "account"),
        sa.UniqueConstraint("hash", name="uq_api_key_hash"),
    )


def _folders() -> None:
    """Folders, their quotas, and shortcuts."""
    op.create_table(
        "folder",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("config", sa.Text, nullable=True),
        sa.Column("editor_id", ID, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("trashed_us", sa.BigInteger, nullable=True),
        sa.Column("trashed_name", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_folder"),
        _references("folder", "owner_id", "account"),
        _references("folder", "parent_id", "folder"),
        _references("folder", "editor_id", "account", on_delete=None),
        sa.UniqueConstraint("owner_id", "path", name="uq_folder_owner_id_path"),
        sa.UniqueConstraint("uid", name="uq_folder_uid"),
        sa.UniqueConstraint("parent_id", "name", name="uq_folder_parent_id_name"),
    )
    op.create_index("ix_folder_trashed_us", "folder", ["trashed_us"], sqlite_where=IN_TRASH, postgresql_where=IN_TRASH)
    op.create_table(
        "quota",
        sa.Column("id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quota"),
        _references("quota", "folder_id", "folder"),
        sa.UniqueConstraint("folder_id", name="uq_quota_folder_id"),
    )
    op.create_table(
        "shortcut",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shortcut"),
        _references("shortcut", "folder_id", "folder"),
        _references("shortcut", "target_id", "folder"),
        sa.UniqueConstraint("uid", name="uq_shortcut_uid"),
        sa.UniqueConstraint("folder_id", "target_id", name="uq_shortcut_folder_id_target_id"),
    )
    op.create_index("ix_shortcut_target_id", "shortcut", ["target_id"])


def _views() -> None:
    """Saved views and baselines."""
    op.create_table(
        "saved_view",
        sa.Column("id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        _references("saved_view", "folder_id", "folder"),
        _references("saved_view", "account_id", "account"),
        sa.UniqueConstraint("folder_id", "account_id", "name", name="uq_saved_view_folder_id_account_id_name"),
    )
    op.create_index(
        "uq_saved_view_everybody",
        "saved_view",
        ["folder_id", "name"],
        unique=True,
        sqlite_where=FOR_EVERYBODY,
        postgresql_where=FOR_EVERYBODY,
    )
    op.create_index("ix_saved_view_account_id", "saved_view", ["account_id"])
    op.create_table(
        "baseline",
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("folder_id", name="pk_baseline"),
        _references("baseline", "folder_id", "folder"),
        _references("baseline", "trial_id", "trial"),
    )
    op.create_index("ix_baseline_trial_id", "baseline", ["trial_id"])


def _trials() -> None:
    """Trials and their documents."""
    op.create_table(
        "trial",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=True)
            for name in ("alternative_name", "status", "state", "started", "ended", "ending", "last_write")
        ),
        sa.Column("heard_us", sa.BigInteger, nullable=False),
        sa.Column("sort_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("editor_id", ID, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("tags", sa.Text, nullable=True),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("trashed_us", sa.BigInteger, nullable=True),
        sa.Column("trashed_name", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
        _references("trial", "owner_id", "account"),
        _references("trial", "folder_id", "folder"),
        _references("trial", "editor_id", "account", on_delete=None),
        sa.UniqueConstraint("folder_id", "name", name="uq_trial_folder_id_name"),
        sa.UniqueConstraint("uid", name="uq_trial_uid"),
    )
    op.create_index("ix_trial_folder_id_sort_us_id", "trial", ["folder_id", "sort_us", "id"])
    op.create_index("ix_trial_owner_id_sort_us_id", "trial", ["owner_id", "sort_us", "id"])
    op.create_index("ix_trial_trashed_us", "trial", ["trashed_us"], sqlite_where=IN_TRASH, postgresql_where=IN_TRASH)
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
        _references("trial_document", "trial_id", "trial"),
    )


def _teams() -> None:
    """Teams."""
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
        _references("team_member", "team_id", "team"),
        _references("team_member", "account_id", "account"),
    )
    op.create_index("ix_team_member_account_id", "team_member", ["account_id"])


def _shares() -> None:
    """Shares."""
    op.create_table(
        "share",
        sa.Column("id", ID, nullable=False),
        *(sa.Column(name, ID, nullable=True) for name in ("folder_id", "trial_id", "account_id", "team_id")),
        sa.Column("link_hash", sa.String(64), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        _references("share", "folder_id", "folder"),
        _references("share", "trial_id", "trial"),
        _references("share", "account_id", "account"),
        _references("share", "team_id", "team"),
        sa.UniqueConstraint("trial_id", "team_id", name="uq_share_trial_id_team_id"),
        sa.UniqueConstraint("link_hash", name="uq_share_link_hash"),
        sa.UniqueConstraint("folder_id", "account_id", name="uq_share_folder_id_account_id"),
        sa.UniqueConstraint("trial_id", "account_id", name="uq_share_trial_id_account_id"),
        sa.UniqueConstraint("folder_id", "team_id", name="uq_share_folder_id_team_id"),
    )
    op.create_index("ix_share_account_id", "share", ["account_id"])
    op.create_index("ix_share_team_id", "share", ["team_id"])


def _sessions() -> None:
    """Sessions of browsers."""
    op.create_table(
        "session",
        sa.Column("id", ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key_id", ID, nullable=True),
        sa.Column("share_id", ID, nullable=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        _references("session", "key_id", "api_key"),
        _references("session", "share_id", "share"),
        sa.UniqueConstraint("hash", name="uq_session_hash"),
    )
    op.create_index("ix_session_expires_us", "session", ["expires_us"])
    op.create_index("ix_session_key_id", "session", ["key_id"])
    op.create_index("ix_session_share_id", "session", ["share_id"])


def _audit() -> None:
    """The audit log."""
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


def _journals() -> None:
    """Journals: their state and their bytes."""
    op.create_table(
        "journal",
        sa.Column("id", ID, nullable=False),
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in (
                "next_offset",
                "lines",
                "updated_us",
                "chunk_offset",
                "chunk_lines",
                "folded_offset",
            )
        ),
        sa.Column("stale_us", sa.BigInteger, nullable=True),
        sa.Column("rest_offset", sa.BigInteger, nullable=True),
        sa.Column("rest_digest", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        _references("journal", "trial_id", "trial"),
        sa.UniqueConstraint("trial_id", "file", name="uq_journal_trial_id_file"),
    )
    op.create_index("ix_journal_stale_us", "journal", ["stale_us"])
    op.create_table(
        "journal_block",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "number", name="pk_journal_block"),
        _references("journal_block", "journal_id", "journal"),
    )
    op.create_table(
        "journal_tail",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "offset", name="pk_journal_tail"),
        _references("journal_tail", "journal_id", "journal"),
    )
    op.create_table(
        "journal_chunk",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "offset", name="pk_journal_chunk"),
        _references("journal_chunk", "journal_id", "journal"),
    )


def _series() -> None:
    """Series of metrics: their live summaries and the columns of their points."""
    op.create_table(
        "series",
        sa.Column("id", ID, nullable=False),
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("live", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        _references("series", "trial_id", "trial"),
        sa.UniqueConstraint("trial_id", "type", name="uq_series_trial_id_type"),
    )
    op.create_table(
        "series_chunk",
        sa.Column("series_id", ID, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("rows", "points", "finite")),
        *(sa.Column(name, sa.Double, nullable=True) for name in ("head", "lo", "hi", "total")),
        sa.Column("places", sa.LargeBinary, nullable=True),
        sa.Column("rollup", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "kind", "name", "first", name="pk_series_chunk"),
        _references("series_chunk", "series_id", "series"),
    )


def _lists() -> None:
    """What lists choose and order trials by."""
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
        _references("trial_param", "trial_id", "trial"),
    )
    op.create_index(
        "ix_trial_param_order", "trial_param", ["folder_id", "key", "kind", "num", "text", "sort_us", "trial_id"]
    )
    op.create_table(
        "trial_metric",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        *(sa.Column(name, sa.Double, nullable=True) for name in ("last", "min", "max", "mean")),
        sa.Column("count", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("last_step", "min_step", "max_step", "nan_since")),
        sa.Column("sort_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "key", name="pk_trial_metric"),
        _references("trial_metric", "trial_id", "trial"),
    )
    op.create_index("ix_trial_metric_last", "trial_metric", ["folder_id", "key", "last", "sort_us", "trial_id"])
    op.create_index("ix_trial_metric_max", "trial_metric", ["folder_id", "key", "max", "sort_us", "trial_id"])
    op.create_index("ix_trial_metric_min", "trial_metric", ["folder_id", "key", "min", "sort_us", "trial_id"])


def _objects() -> None:
    """Objects that hold what was sealed."""
    op.create_table(
        "sealed_object",
        sa.Column("id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sealed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sealed_object"),
        _references("sealed_object", "journal_id", "journal", on_delete="SET NULL"),
        sa.UniqueConstraint("key", name="uq_sealed_object_key"),
    )
    op.create_index("ix_sealed_object_journal_id", "sealed_object", ["journal_id"])
    op.create_table(
        "unsealed",
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name="pk_unsealed"),
        _references("unsealed", "journal_id", "journal"),
    )


def _contents() -> None:
    """Bytes by their digest, in objects."""
    op.create_table(
        "content",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content"),
        sa.UniqueConstraint("digest", name="uq_content_digest"),
    )
    op.create_table(
        "content_object",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_object"),
        sa.UniqueConstraint("key", name="uq_content_object_key"),
    )
    op.create_index("ix_content_object_made_us", "content_object", ["made_us"])
    op.create_table(
        "content_part",
        sa.Column("content_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("object_id", ID, nullable=True),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("content_id", "offset", name="pk_content_part"),
        _references("content_part", "content_id", "content"),
        _references("content_part", "object_id", "content_object", on_delete=None),
    )
    op.create_index("ix_content_part_object_id", "content_part", ["object_id"])


def _content_uploads() -> None:
    """What is being sent of contents, and who has sent all of one."""
    op.create_table(
        "content_upload",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("folder_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_content_upload"),
        _references("content_upload", "account_id", "account"),
        _references("content_upload", "folder_id", "folder", on_delete="SET NULL"),
        sa.UniqueConstraint("account_id", "digest", name="uq_content_upload_account_id_digest"),
    )
    op.create_index("ix_content_upload_updated_us", "content_upload", ["updated_us"])
    op.create_index("ix_content_upload_folder_id", "content_upload", ["folder_id"])
    op.create_table(
        "content_upload_part",
        sa.Column("upload_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("object_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "offset", name="pk_content_upload_part"),
        _references("content_upload_part", "upload_id", "content_upload"),
        _references("content_upload_part", "object_id", "content_object", on_delete=None),
    )
    op.create_index("ix_content_upload_part_object_id", "content_upload_part", ["object_id"])
    op.create_table(
        "content_proof",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("content_id", ID, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("folder_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "content_id", name="pk_content_proof"),
        _references("content_proof", "account_id", "account"),
        _references("content_proof", "content_id", "content"),
        _references("content_proof", "folder_id", "folder", on_delete="SET NULL"),
    )
    op.create_index("ix_content_proof_content_id", "content_proof", ["content_id"])
    op.create_index("ix_content_proof_until_us", "content_proof", ["until_us"])
    op.create_index("ix_content_proof_folder_id", "content_proof", ["folder_id"])


def _trial_files() -> None:
    """The files of trials."""
    op.create_table(
        "trial_file",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("path", BY_CHARACTER, nullable=False),
        sa.Column("content_id", ID, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "path", name="pk_trial_file"),
        _references("trial_file", "trial_id", "trial"),
        _references("trial_file", "content_id", "content", on_delete=None),
    )
    op.create_index("ix_trial_file_content_id", "trial_file", ["content_id"])
    op.create_table(
        "trial_tree",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", name="pk_trial_tree"),
        _references("trial_tree", "trial_id", "trial"),
    )


def _media() -> None:
    """The media of trials."""
    op.create_table(
        "trial_media",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("key", BY_CHARACTER, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "offset", name="pk_trial_media"),
        _references("trial_media", "trial_id", "trial"),
    )
    op.create_index("ix_trial_media_order", "trial_media", ["trial_id", "key", "step", "number"])
    op.create_table(
        "trial_media_state",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("segments_offset", sa.BigInteger, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", name="pk_trial_media_state"),
        _references("trial_media_state", "trial_id", "trial"),
    )
    op.create_table(
        "trial_media_object",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("type", sa.String(200), nullable=False),
        sa.Column("content_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("trial_id", "digest", name="pk_trial_media_object"),
        _references("trial_media_object", "trial_id", "trial"),
        _references("trial_media_object", "content_id", "content", on_delete=None),
    )
    op.create_index("ix_trial_media_object_content_id", "trial_media_object", ["content_id"])
    op.create_table(
        "trial_media_total",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("objects", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", name="pk_trial_media_total"),
        _references("trial_media_total", "trial_id", "trial"),
    )


def _artifacts() -> None:
    """Artifacts, their objects and their aliases."""
    op.create_table(
        "artifact",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=True),
        sa.Column("commit", sa.String(64), nullable=True),
        sa.Column("objects", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("editor_id", ID, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("trashed_us", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_artifact"),
        _references("artifact", "folder_id", "folder"),
        _references("artifact", "editor_id", "account", on_delete=None),
        sa.UniqueConstraint("folder_id", "number", name="uq_artifact_folder_id_number"),
        sa.UniqueConstraint("uid", name="uq_artifact_uid"),
    )
    op.create_index(
        "ix_artifact_trashed_us", "artifact", ["trashed_us"], sqlite_where=IN_TRASH, postgresql_where=IN_TRASH
    )
    op.create_table(
        "artifact_object",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("key", BY_CHARACTER, nullable=False),
        sa.Column("content_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("artifact_id", "key", name="pk_artifact_object"),
        _references("artifact_object", "artifact_id", "artifact"),
        _references("artifact_object", "content_id", "content", on_delete=None),
    )
    op.create_index("ix_artifact_object_content_id", "artifact_object", ["content_id"])
    op.create_table(
        "artifact_alias",
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("folder_id", "alias", name="pk_artifact_alias"),
        _references("artifact_alias", "folder_id", "folder"),
        _references("artifact_alias", "artifact_id", "artifact"),
    )
    op.create_index("ix_artifact_alias_artifact_id", "artifact_alias", ["artifact_id"])


def _trial_artifacts() -> None:
    """Which artifacts trials used and produced."""
    op.create_table(
        "trial_artifact",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("is_output", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "is_output", "uid", name="pk_trial_artifact"),
        _references("trial_artifact", "trial_id", "trial"),
    )
    op.create_index("ix_trial_artifact_uid", "trial_artifact", ["uid"])


def _artifact_uploads() -> None:
    """Objects of artifacts that arrive in parts."""
    op.create_table(
        "artifact_upload",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artifact_upload"),
        _references("artifact_upload", "artifact_id", "artifact"),
        sa.UniqueConstraint("uid", name="uq_artifact_upload_uid"),
    )
    op.create_index("ix_artifact_upload_artifact_id", "artifact_upload", ["artifact_id"])
    op.create_table(
        "artifact_part",
        sa.Column("upload_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("content_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_artifact_part"),
        _references("artifact_part", "upload_id", "artifact_upload"),
        _references("artifact_part", "content_id", "content", on_delete=None),
    )
    op.create_index("ix_artifact_part_content_id", "artifact_part", ["content_id"])
