"""Uploads trial directories: verified, resumable and idempotent, even while the trial runs.

`connect` finds the server and its protocol, `upload_all` uploads many trials, and `aimd_core.upload.following` repeats
that while they run. See docs/concepts/upload.md.
"""

from aimd_core.upload.contents import Companions, Destination, Difference, Result, Uploaded
from aimd_core.upload.remote import Remote, connect, upload_all

__all__ = ["Companions", "Destination", "Difference", "Remote", "Result", "Uploaded", "connect", "upload_all"]
