"""Upload of trial directories that can be trusted: verified, resumable, idempotent, also while the trial runs.

`connect` finds the server and its protocol; `upload_all` brings many trials there; `aimd_core.upload.following` keeps
at it while they run. Described for people in docs/guides/uploading.md.
"""

from aimd_core.upload.outcome import Destination, Difference, Result, Uploaded
from aimd_core.upload.parallel import upload_all
from aimd_core.upload.remote import Remote, connect
from aimd_core.upload.sending import damage_sentence

__all__ = ["Destination", "Difference", "Remote", "Result", "Uploaded", "connect", "damage_sentence", "upload_all"]
