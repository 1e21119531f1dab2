"""The tables, for SQLite and PostgreSQL alike.

Times are integer microseconds UTC. Documents are strict JSON text. No column has a server default, all constraints are
named, and ids have 64 bits (SQLite's INTEGER): anything else fails in one of the two engines.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    TypeDecorator,
    UniqueConstraint,
    text,
    types,
)


class _Words(TypeDecorator[str]):
    """Text that PostgreSQL accepts: NUL becomes U+FFFD, on both engines alike."""

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text to store and to compare."""
        return value.replace("\0", NUL_AS) if value and "\0" in value else value


class Text(_Words):
    """Text of any length."""

    impl = types.Text
    cache_ok = True


class String(_Words):
    """Text of a bounded length."""

    impl = types.String
    cache_ok = True


NUL_AS = "\ufffd"
HEAD = "0004"  # the newest revision in migrations/versions, known without importing Alembic

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")

ByCharacter = Text().with_variant(Text(collation="C"), "postgresql")  # ordered by character, as Python does

# One row: a random id of the data, which changes when a backup is restored; see stores.epochs.
epoch = Table("epoch", metadata, Column("id", Id, primary_key=True), Column("uid", String(36), nullable=False))

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("admin_us", BigInteger, nullable=True),
    Column("disabled_us", BigInteger, nullable=True),
    UniqueConstraint("name"),
)

# `scope`: read, write or upload.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("name", Text, nullable=True),
    Column("scope", String(16), nullable=False),
    Column("expires_us", BigInteger, nullable=True),
    Column("revoked_us", BigInteger, nullable=True),
    UniqueConstraint("hash"),
)

# A browser's session, from a key or a public link, with which it ends.
session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("key_id", Id, ForeignKey("api_key.id", ondelete="CASCADE"), nullable=True),
    Column("share_id", Id, ForeignKey("share.id", ondelete="CASCADE"), nullable=True),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    UniqueConstraint("hash"),
    Index(None, "key_id"),
    Index(None, "share_id"),
    Index(None, "expires_us"),
)

# For PostgreSQL, too: see stores.postgres. Said here, it would load that engine's part of SQLAlchemy in every server.
_IN_TRASH: Any = {"sqlite_where": text("trashed_us IS NOT NULL")}

# Every account has one folder without a parent, the root of its tree, with path "/". In the trash, `trashed_us` is set
# in the whole subtree, whose paths begin without a slash so that they do not collide, and `trashed_name` is the name of
# what was deleted itself. Its own name then contains a slash.
folder = Table(
    "folder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("owner_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("type", String(16), nullable=False),
    Column("config", Text, nullable=True),
    Column("editor_id", Id, ForeignKey("account.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("trashed_us", BigInteger, nullable=True),
    Column("trashed_name", Text, nullable=True),
    UniqueConstraint("uid"),
    UniqueConstraint("owner_id", "path"),
    UniqueConstraint("parent_id", "name"),
    Index(None, "trashed_us", **_IN_TRASH),
)

trial = Table(
    "trial",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("owner_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("alternative_name", Text, nullable=True),
    Column("status", Text, nullable=True),
    Column("state", Text, nullable=True),
    Column("started", Text, nullable=True),
    Column("ended", Text, nullable=True),
    Column("ending", Text, nullable=True),
    Column("last_write", Text, nullable=True),  # sent for a trial that did not end regularly
    Column("heard_us", BigInteger, nullable=False),
    Column("sort_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("editor_id", Id, ForeignKey("account.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("tags", Text, nullable=True),
    Column("note", Text, nullable=True),
    Column("trashed_us", BigInteger, nullable=True),
    Column("trashed_name", Text, nullable=True),
    UniqueConstraint("uid"),
    UniqueConstraint("folder_id", "name"),
    Index(None, "owner_id", "sort_us", "id"),
    Index(None, "folder_id", "sort_us", "id"),
    Index(None, "trashed_us", **_IN_TRASH),
)

# How many bytes a folder with everything below may hold: see stores.quotas.
quota = Table(
    "quota",
    metadata,
    Column("id", Id, primary_key=True),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("size", BigInteger, nullable=False),
    UniqueConstraint("folder_id"),
)

# A folder that is also shown in another one; it grants nothing.
shortcut = Table(
    "shortcut",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("target_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("editor", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("uid"),
    UniqueConstraint("folder_id", "target_id"),
    Index(None, "target_id"),
)

_EVERYBODY: Any = {"sqlite_where": text("account_id IS NULL")}

# A saved view of a folder: whose it is, or everybody's who may see the folder if that is NULL. `document` is what
# aimd_core.format.saved_views describes.
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Id, primary_key=True),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=True),
    Column("name", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    UniqueConstraint("folder_id", "account_id", "name"),
    Index("uq_saved_view_everybody", "folder_id", "name", unique=True, **_EVERYBODY),
    Index(None, "account_id"),
)

# The trial that the others of a folder are measured against.
baseline = Table(
    "baseline",
    metadata,
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("editor", Text, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "trial_id"),
)

# The note of a folder, in Markdown: what a report is.
folder_note = Table(
    "folder_note",
    metadata,
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    Column("note", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
)

# Short addresses of what the console shows; `uid` follows from the folder and the address.
short_address = Table(
    "short_address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(32), nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id", ondelete="SET NULL"), nullable=True),
    Column("address", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("uid"),
    Index(None, "folder_id"),
    Index(None, "account_id"),
)

# Users who are granted roles together.
team = Table(
    "team",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("name"),
)

team_member = Table(
    "team_member",
    metadata,
    Column("team_id", Id, ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "account_id"),
)

# A role on a folder and everything below, or on a trial, for an account, a team, or anyone who has a link's key.
share = Table(
    "share",
    metadata,
    Column("id", Id, primary_key=True),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=True),
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), nullable=True),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=True),
    Column("team_id", Id, ForeignKey("team.id", ondelete="CASCADE"), nullable=True),
    Column("link_hash", String(64), nullable=True),
    Column("role", String(16), nullable=False),
    Column("expires_us", BigInteger, nullable=True),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("folder_id", "account_id"),
    UniqueConstraint("folder_id", "team_id"),
    UniqueConstraint("trial_id", "account_id"),
    UniqueConstraint("trial_id", "team_id"),
    UniqueConstraint("link_hash"),
    Index(None, "account_id"),
    Index(None, "team_id"),
)

# Who did what to what, by name and UUID, so that it outlives both.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "at_us"),
)

# A file that only grows. `lines` is how many complete lines `metrics` has. `chunk_offset` is where its tail begins,
# after `chunk_lines` lines, which are in chunks. The totals include what is before `folded_offset`: complete lines, and
# whole records after them. `stale_us` is since when they lack some, or do not follow what `segments` says.
# `rest_digest` is the SHA-256, in hexadecimal, of what follows the last complete block, if `rest_offset` is the end.
journal = Table(
    "journal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("file", String(64), nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("chunk_offset", BigInteger, nullable=False),
    Column("chunk_lines", BigInteger, nullable=False),
    Column("folded_offset", BigInteger, nullable=False),
    Column("stale_us", BigInteger, nullable=True),
    Column("rest_offset", BigInteger, nullable=True),
    Column("rest_digest", String(64), nullable=True),
    UniqueConstraint("trial_id", "file"),
    Index(None, "stale_us"),
)

# SHA-256 of each complete block of aimd_core.format.digest.BLOCK_BYTES.
journal_block = Table(
    "journal_block",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
)

# How many newlines precede the end of each block of stores.line_counts.BLOCK_BYTES, of those that were counted: the
# first ones.
journal_lines = Table(
    "journal_lines",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("lines", BigInteger, nullable=False),
)

# The bytes, one row per append. `codec`: 0 unchanged, 1 zlib.
journal_tail = Table(
    "journal_tail",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("codec", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Lines that were in the tail. `codec`: 0 the recipe to render them from columns, 1 the compressed lines.
journal_chunk = Table(
    "journal_chunk",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("codec", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# A small file that is replaced whole. `size`: bytes before compression; `digest`: docs/reference/http-api.md, in hex.
trial_document = Table(
    "trial_document",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("file", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("codec", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
)

# The totals of a metrics type: a JSON mapping of metric names to the totals of services.series.totals. `rows` of its
# points are in chunks.
series = Table(
    "series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("type", Text, nullable=False),
    Column("live", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    UniqueConstraint("trial_id", "type"),
)

# What lists select and sort trials by, so that they need not read documents. Parameters, flattened, as written; `kind`,
# `num` and `text` are the rank of `aimd_core.query.rank_of`, `type` one of n, s, b, j (number, string, boolean, JSON),
# `mark` distinguishes texts. Labels, such as a trial's name and state, are further rows with the keys
# `stores.indexes.LABEL_KEYS`. Metrics are those of `series.live`; `last` is NULL for NaN.
trial_param = Table(
    "trial_param",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("folder_id", Id, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("num", Double, nullable=False),
    Column("text", ByCharacter, nullable=False),
    Column("type", String(1), nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("sort_us", BigInteger, nullable=False),
    Index("ix_trial_param_order", "folder_id", "key", "kind", "num", "text", "sort_us", "trial_id"),
)

trial_metric = Table(
    "trial_metric",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("folder_id", Id, nullable=False),
    Column("last", Double, nullable=True),
    Column("min", Double, nullable=True),
    Column("max", Double, nullable=True),
    Column("mean", Double, nullable=True),
    Column("count", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=True),
    Column("min_step", BigInteger, nullable=True),
    Column("max_step", BigInteger, nullable=True),
    Column("nan_since", BigInteger, nullable=True),
    Column("sort_us", BigInteger, nullable=False),
    Column("position", Integer, nullable=True),  # NULL of rows that are older than it
    Index("ix_trial_metric_last", "folder_id", "key", "last", "sort_us", "trial_id"),
    Index("ix_trial_metric_min", "folder_id", "key", "min", "sort_us", "trial_id"),
    Index("ix_trial_metric_max", "folder_id", "key", "max", "sort_us", "trial_id"),
)

# A column of at most 4,096 points of a series, from its row `first` on. `kind`: 0 a metric, 1 step, 2 epoch, 3 time.
# Of its numbers: how many are finite, the first, and of the finite ones the least, the greatest and the sum. `rollup`:
# the same of each 64, floats as they are. `places`: which rows have the metric, None for all.
# The large columns are last, so that reading the others does not read them.
series_chunk = Table(
    "series_chunk",
    metadata,
    Column("series_id", Id, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("finite", Integer, nullable=False),
    Column("head", Double, nullable=True),
    Column("lo", Double, nullable=True),
    Column("hi", Double, nullable=True),
    Column("total", Double, nullable=True),
    Column("places", LargeBinary, nullable=True),
    Column("rollup", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# An object with bytes of rows of journal_chunk and series_chunk, which refer to it: see stores.sealed. Without a
# journal it is being sealed, or its trial is gone: after a while it is removed. Other databases' objects never are.
sealed_object = Table(
    "sealed_object",
    metadata,
    Column("id", Id, primary_key=True),
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="SET NULL"), nullable=True, index=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("sealed_us", BigInteger, nullable=False),
)

# Journals with chunks that are not in an object yet, and about how many bytes.
unsealed = Table(
    "unsealed",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    Column("size", BigInteger, nullable=False),
)

# Bytes by their SHA-256, in hexadecimal, no matter who sent them. Rights are those of what refers to them: nobody gets
# bytes for knowing a digest. See services.contents.
content = Table(
    "content",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    UniqueConstraint("digest"),
)

# An object with bytes of contents, announced before it is stored. Without a part that refers to it, it is removed
# after a while.
content_object = Table(
    "content_object",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    UniqueConstraint("key"),
    Index(None, "made_us"),
)

# The bytes of a content from `offset` on: those of an object from `start` on, or, in a backup, `data`.
content_part = Table(
    "content_part",
    metadata,
    Column("content_id", Id, ForeignKey("content.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("object_id", Id, ForeignKey("content_object.id"), nullable=True),
    Column("start", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=True),
    Index(None, "object_id"),
)

# Bytes that an account is sending: `next_offset` of `size` have arrived. They count for the folder that they are for.
content_upload = Table(
    "content_upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="SET NULL"), nullable=True),
    UniqueConstraint("account_id", "digest"),
    Index(None, "updated_us"),
    Index(None, "folder_id"),
)

content_upload_part = Table(
    "content_upload_part",
    metadata,
    Column("upload_id", Id, ForeignKey("content_upload.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("object_id", Id, ForeignKey("content_object.id"), nullable=False),
    Index(None, "object_id"),
)

# An account has sent all bytes of a content, and may refer to it until then. Until something does, it counts for the
# folder that it is for.
content_proof = Table(
    "content_proof",
    metadata,
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("content_id", Id, ForeignKey("content.id", ondelete="CASCADE"), primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="SET NULL"), nullable=True),
    Index(None, "content_id"),
    Index(None, "until_us"),
    Index(None, "folder_id"),
)

# The files of a trial, by their path below its `files/`.
trial_file = Table(
    "trial_file",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("path", ByCharacter, primary_key=True),
    Column("content_id", Id, ForeignKey("content.id"), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "content_id"),
)

# Their number, bytes and digest (aimd_core.objects.tree.digest_of_tree) together, for trials that have any.
trial_tree = Table(
    "trial_tree",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("files", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
)

# The records of a trial's `media` that count, as `services.media_index` reads them: `offset` is where the line begins,
# `number` which of its key and step it is, `document` what it says.
trial_media = Table(
    "trial_media",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("key", ByCharacter, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_trial_media_order", "trial_id", "key", "step", "number"),
)

# How far that is: up to which byte of `media`, by which bytes of `segments`, and how many records that made.
trial_media_state = Table(
    "trial_media_state",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, nullable=False),
    Column("segments_offset", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
)

# The bytes that media refer to. `type`: their MIME type as the first record says, empty before there is one.
# `content_id`: the content, NULL before it was sent for this trial.
trial_media_object = Table(
    "trial_media_object",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("type", String(200), nullable=False),
    Column("content_id", Id, ForeignKey("content.id"), nullable=True),
    Index(None, "content_id"),
)

# How many of these contents a trial has, and how many bytes they have together.
trial_media_total = Table(
    "trial_media_total",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("objects", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
)

# One artifact of a repo, which is a folder of type "artifact"; rights are those of the folder. `document` is what the
# client sent. It is final once it has a `number`, which is its version, and a `commit`: docs/reference/http-api.md.
artifact = Table(
    "artifact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
    Column("document", Text, nullable=False),
    Column("number", BigInteger, nullable=True),
    Column("commit", String(64), nullable=True),
    Column("objects", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("editor_id", Id, ForeignKey("account.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("trashed_us", BigInteger, nullable=True),
    UniqueConstraint("uid"),
    UniqueConstraint("folder_id", "number"),
    Index(None, "trashed_us", **_IN_TRASH),
)

# The objects of an artifact by their keys. References are those in the object `references.json`.
artifact_object = Table(
    "artifact_object",
    metadata,
    Column("artifact_id", Id, ForeignKey("artifact.id", ondelete="CASCADE"), primary_key=True),
    Column("key", ByCharacter, primary_key=True),
    Column("content_id", Id, ForeignKey("content.id"), nullable=False),
    Index(None, "content_id"),
)

# A name of an artifact within its repo, besides its version; it may be moved to another one.
artifact_alias = Table(
    "artifact_alias",
    metadata,
    Column("folder_id", Id, ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("artifact_id", Id, ForeignKey("artifact.id", ondelete="CASCADE"), nullable=False),
    Index(None, "artifact_id"),
)

# Which artifacts a trial used and produced, as its document says: by UUID, because they may come later, or never.
trial_artifact = Table(
    "trial_artifact",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("is_output", Integer, primary_key=True, autoincrement=False),
    Column("uid", String(36), primary_key=True),
    Index(None, "uid"),
)

# An object that arrives in numbered parts, in any order, as version 1 of the protocol has it; each is a content.
artifact_upload = Table(
    "artifact_upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("artifact_id", Id, ForeignKey("artifact.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    UniqueConstraint("uid"),
    Index(None, "artifact_id"),
)

artifact_part = Table(
    "artifact_part",
    metadata,
    Column("upload_id", Id, ForeignKey("artifact_upload.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("content_id", Id, ForeignKey("content.id"), nullable=False),
    Index(None, "content_id"),
)
