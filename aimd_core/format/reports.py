"""The note of a directory or of a folder: a report in Markdown, with views of trials embedded.

On a server it belongs to a folder, in a directory it is `.aimd/note.md`, which any editor may write.
"""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DiskError
from aimd_core.format.saved_views import views_path
from aimd_core.language import said

NOTE_FILE = "note.md"
MAX_NOTE_CHARS = 64 << 10


def note_path(directory: Path) -> Path:
    """Return where the note of a directory is kept: next to its views.

    Args:
        directory: A working directory, its `.aimd`, or the trials in that.
    """
    return views_path(directory).with_name(NOTE_FILE)


def read_note(directory: Path) -> str:
    """Return the note of a directory, empty if it has none.

    Raises:
        DiskError: It cannot be read.
    """
    path = note_path(directory)
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise DiskError(path=path, reason=said("cannot be read ({strerror})", strerror=error.strerror)) from error
    return text[:MAX_NOTE_CHARS]
