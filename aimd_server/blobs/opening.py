"""Which place an address means: none is the data directory, `s3://bucket/prefix?endpoint=...&region=...` a bucket."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aimd_core.errors import MissingExtraError, UsageError
from aimd_core.language import said
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.blobs.interface import Blobs

FOLDER = "blobs"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_OPTIONS = ("endpoint", "region")
_ENDPOINT = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")


def open_blobs(address: str | None, data_dir: Path, public_endpoint: str | None = None) -> Blobs:
    """Return the place for objects that an address means; nothing is asked of it yet.

    Args:
        address: That of a bucket, or None for the data directory.
        data_dir: The data directory.
        public_endpoint: Where clients reach the object store, or None if they do not.

    Raises:
        UsageError: The address is malformed, or there is an endpoint without a bucket.
        MissingExtraError: What an S3 store needs is not installed.
    """
    if address is None and public_endpoint is not None:
        raise _refused(said("blobs_public_endpoint is set, and blobs is not"))
    if address is None:
        return DiskBlobs(data_dir / FOLDER)
    bucket, prefix, config = _parsed(address)
    from aimd_server.blobs.s3 import S3Blobs

    try:
        return S3Blobs(bucket, prefix, public_endpoint, **config)
    except ImportError:
        raise MissingExtraError(library="obstore", extra="s3") from None


def check_address(address: str) -> None:
    """Refuse anything but the address of a bucket.

    Raises:
        UsageError: It is malformed.
    """
    _parsed(address)


def is_endpoint(text: str) -> bool:
    """Tell whether a text is an http:// or https:// address without a key."""
    return _ENDPOINT.fullmatch(text) is not None


def shown_address(address: str | None) -> str:
    """Return an address for people; there is nothing secret in one that `check_address` took."""
    return FOLDER if address is None else address


def _parsed(address: str) -> tuple[str, str, dict[str, str]]:
    parts = urlsplit(address)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    options = parse_qs(parts.query, keep_blank_values=True)
    if "@" in bucket:
        raise _refused(
            said("the object store address holds a key"),
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment instead",
        )
    if parts.scheme != "s3" or not _BUCKET.fullmatch(bucket) or (prefix and not _PREFIX.fullmatch(prefix)):
        raise _refused(said("the object store address does not look like s3://BUCKET/PREFIX"))
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown or any(len(values) != 1 or not values[0] for values in options.values()):
        raise _refused(
            said("the object store address has options other than {names}, or one twice", names=", ".join(_OPTIONS))
        )
    config = {name: values[0] for name, values in options.items()}
    if "endpoint" in config and not is_endpoint(config["endpoint"]):
        raise _refused(said("the object store address has an endpoint that is not an http:// or https:// address"))
    return bucket, prefix, {"region": "us-east-1", **config}


def _refused(message: str, hint: str = "For example: s3://bucket/aimd?endpoint=https://s3.example.org") -> UsageError:
    return UsageError(message=message, hint=hint)
