"""Where large immutable objects lie: a directory on local disk, or a bucket of any S3-compatible store.

Nothing outside this package knows which. A key is made by the server, never of what a user wrote.
"""

from aimd_server.blobs.interface import BlobMissingError, BlobRow, Blobs
from aimd_server.blobs.opening import check_address, open_blobs, shown_address

__all__ = ["BlobMissingError", "BlobRow", "Blobs", "check_address", "open_blobs", "shown_address"]
