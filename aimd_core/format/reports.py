"""The note of a directory or of a folder: a report in Markdown, with views of trials embedded.

On a server it belongs to a folder, in a directory it is `.aimd/note.md`, which any editor may write.
"""

from __future__ import annotations

from pathlib import Path

from aimd_core.format.journal import read_regular
from aimd_core.format.saved_views import views_path

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
        DamagedError: It cannot be read, or is a link, which is not followed.
    """
    try:
        content = read_regular(note_path(directory), 4 * MAX_NOTE_CHARS)
    except FileNotFoundError:
        return ""
    return content.decode("utf-8", "replace")[:MAX_NOTE_CHARS]
