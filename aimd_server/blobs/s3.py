"""Objects in a bucket of an S3-compatible store, through obstore. Credentials come from the AWS_* environment only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from aimd_server.blobs.interface import BlobMissingError, BlobRow, checked, checked_range
from aimd_server.errors import ObjectsUnavailableError

# A request waits for the store no longer than an aimd client waits for the server.
_TIMES: dict[str, Any] = {"connect_timeout": "5s", "timeout": "60s", "allow_http": True}
_AGAIN: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
_NEAR_BYTES = 64 << 10  # ranges closer together than this are fetched as one


class S3Blobs:
    """Objects in one bucket, all under one prefix.

    The bucket must exist. Any failure other than "no such object" counts as unavailable.
    """

    def __init__(self, bucket: str, prefix: str, public_endpoint: str | None = None, **config: str) -> None:
        """Prepare to use a bucket; nothing is asked of it yet.

        Args:
            bucket: Its name.
            prefix: Before all keys, or empty.
            public_endpoint: Where clients reach the store, or None if they do not.
            config: `region`, and `endpoint` unless it is that of AWS.
        """
        self._obstore: Any = import_module("obstore")
        options: dict[str, Any] = {"client_options": _TIMES, "retry_config": _AGAIN}
        options |= {"prefix": prefix} if prefix else {}
        self._store: Any = self._obstore.store.S3Store(bucket, **options, **config)
        self._public: Any = None  # only signs: a signature covers the host that it is for
        if public_endpoint is not None:
            self._public = self._obstore.store.S3Store(bucket, **options, **{**config, "endpoint": public_endpoint})

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store an object; see Blobs."""
        with self._as_ours():
            self._obstore.put(self._store, checked(key), data, use_multipart=False)

    def get(self, key: str) -> bytes:
        """Return an object's bytes; see Blobs."""
        with self._as_ours(key):
            return bytes(self._obstore.get(self._store, checked(key)).bytes())

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return a range of an object's bytes; see Blobs."""
        return self.get_ranges(key, [(start, end)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return several ranges of an object's bytes; see Blobs."""
        for start, end in ranges:
            checked_range(start, end)
        contents: dict[tuple[int, int], bytes] = {}
        with self._as_ours(checked(key)):
            if all(start == end for start, end in ranges):
                self._obstore.head(self._store, key)
            for group in _near(ranges):
                start, end = group[0][0], max(last for _, last in group)
                content = bytes(self._obstore.get_range(self._store, key, start=start, end=end))
                if len(content) < end - start:
                    raise BlobMissingError(f"{key} ends before byte {end}")
                contents |= {(a, b): content[a - start : b - start] for a, b in group}
        return [contents.get(part, b"") for part in ranges]

    def held(self, digests: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return nothing: all of it was stored; see Blobs."""
        return {}

    def signed(self, keys: Sequence[str], expires_s: int) -> list[str]:
        """Return an address for each object; see Blobs."""
        if self._public is None or not keys:
            return []
        with self._as_ours():
            paths = [checked(key) for key in keys]
            return list(self._obstore.sign(self._public, "GET", paths, timedelta(seconds=expires_s)))

    def delete(self, key: str) -> None:
        """Remove an object; see Blobs."""
        with self._as_ours():
            try:
                self._obstore.delete(self._store, checked(key))
            except FileNotFoundError as error:
                if _is_missing_bucket(error):
                    raise

    def keys(self, prefix: str = "") -> Iterator[BlobRow]:
        """Yield the objects; see Blobs."""
        with self._as_ours():
            for page in self._obstore.list(self._store, checked(prefix) if prefix else None):
                for row in page:
                    yield BlobRow(row["path"], row["size"], row["last_modified"])

    def check(self) -> None:
        """Check that the bucket can be read; see Blobs."""
        with self._as_ours():
            next(iter(self._obstore.list(self._store, chunk_size=1)), None)

    def close(self) -> None:
        """Do nothing: obstore has nothing to close."""

    @contextmanager
    def _as_ours(self, key: str | None = None) -> Iterator[None]:
        """Turn the store's errors into those of the interface; a missing object is an error only when it is read."""
        try:
            yield
        except FileNotFoundError as error:
            if key is None or _is_missing_bucket(error):
                raise ObjectsUnavailableError(f"the object store has no such bucket: {_first_line(error)}") from error
            raise BlobMissingError(f"there is no object {key}") from None
        except (OSError, self._obstore.exceptions.BaseError) as error:
            if key is not None and _is_beyond_the_end(error):
                raise BlobMissingError(f"{key} ends before the bytes that were asked for") from None
            if _is_missing_bucket(error):
                raise ObjectsUnavailableError(f"the object store has no such bucket: {_first_line(error)}") from error
            reason = f"the object store cannot be used: {_first_line(error)}"
            raise ObjectsUnavailableError(reason, _has_no_room(error)) from error


def _near(ranges: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return the non-empty ranges in groups that are fetched as one; obstore's own grouping panics at the end."""
    groups: list[list[tuple[int, int]]] = []
    reached = 0
    for start, end in sorted(part for part in ranges if part[0] < part[1]):
        if groups and start <= reached + _NEAR_BYTES:
            groups[-1].append((start, end))
        else:
            groups.append([(start, end)])
        reached = max(reached, end) if len(groups[-1]) > 1 else end
    return groups


def _is_missing_bucket(error: Exception) -> bool:
    return "NoSuchBucket" in str(error)


def _has_no_room(error: Exception) -> bool:
    """Whether the store has said so, each in its words: Ceph, MinIO, and those that answer 507."""
    told = str(error)
    codes = ("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage")
    return any(f"<Code>{code}</Code>" in told for code in codes) or "status code: 507 " in _first_line(error)


def _is_beyond_the_end(error: Exception) -> bool:
    """Whether the store has said so: 416 alone may be part of the key, or of the time that a failed request took."""
    return "status code: 416 " in _first_line(error) or "<Code>InvalidRange</Code>" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
