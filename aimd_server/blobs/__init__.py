"""Stores large immutable objects in a local directory or in a bucket of any S3-compatible store.

Nothing outside this package knows which. Keys are made by the server, never from user text.
"""

from aimd_server.blobs.interface import BlobMissingError, BlobRow, Blobs
from aimd_server.blobs.opening import check_address, open_blobs, shown_address

__all__ = ["BlobMissingError", "BlobRow", "Blobs", "check_address", "open_blobs", "shown_address"]
