"""The labels of a trial: tags and a note, in the optional file `labels.yaml` of its directory.

A reader sees the old labels or the new ones, and simultaneous writers lose nothing of each other's. Labels are never
needed to read a trial, and other programs need not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DiskError, UsageError
from aimd_core.format.layout import LABELS_FILE
from aimd_core.format.values import name_fault
from aimd_core.language import said

MAX_TAGS, MAX_TAG_CHARS = 64, 64  # of a trial on a server
MAX_NOTE_CHARS = 64 << 10  # likewise


class Labels(NamedTuple):
    """The labels of a trial.

    Attributes:
        tags: Tags, each once, in the order in which they were given.
        note: A note of any length, or empty.
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def tag_fault(tag: str) -> str | None:
    """Return why a tag cannot be used, or None."""
    if not tag:
        return "it is empty"
    if any(character.isspace() or character in ",'\"" or not character.isprintable() for character in tag):
        return "it contains a space, a comma, a quote or a control character"
    if tag.startswith("-"):
        return "it starts with '-'"
    if len(tag) > MAX_TAG_CHARS:
        return said("it is longer than {limit} characters", limit=MAX_TAG_CHARS)
    return None


def shown_labels(labels: Labels) -> tuple[Labels, list[str]]:
    """Return the labels that a server shows of a trial, and what it leaves out, in words.

    A file that was edited by hand may hold others. It is uploaded and downloaded as it is.
    """
    tags = [tag for tag in dict.fromkeys(labels.tags) if is_shown_tag(tag)]
    others = [tag for tag in labels.tags if tag not in tags] + tags[MAX_TAGS:]
    left_out: list[str] = [said("tag {tag!r}", tag=tag) for tag in others]
    if len(labels.note) > MAX_NOTE_CHARS:
        left_out.append(said("the note beyond {limit:,} characters", limit=MAX_NOTE_CHARS))
    return Labels(tuple(tags[:MAX_TAGS]), labels.note[:MAX_NOTE_CHARS]), left_out


def is_shown_tag(text: str) -> bool:
    """Tell whether a server shows a text as a tag; lists separate tags with commas."""
    return name_fault(text.replace("/", "-")) is None and len(text) <= MAX_TAG_CHARS and "," not in text


def check_tags(tags: list[str]) -> None:
    """Refuse tags that cannot be used.

    Raises:
        UsageError: One of them cannot.
    """
    for tag in tags:
        fault = tag_fault(tag)
        if fault:
            raise UsageError(
                message=said("tag {tag!r} cannot be used: {fault}", tag=tag, fault=fault),
                hint="For example: baseline, lr-sweep, v2",
            )


def read_labels(path: Path) -> Labels:
    """Return the labels of a trial directory, empty if it has no `labels.yaml`.

    Values edited by hand are taken as text; a part of the wrong shape counts as missing.

    Raises:
        DamagedError: The file exists but is not a YAML mapping.
    """
    from aimd_core.format.documents import read_mapping  # YAML is slow to load

    try:
        document = read_mapping(path / LABELS_FILE)
    except FileNotFoundError:
        return Labels()
    return labels_of(document)


def labels_of(document: dict[str, object]) -> Labels:
    """Return the labels in the content of `labels.yaml`, without invalid ones, such as a nested tag."""
    tags, note = document.get("tags"), document.get("note")
    listed = tags if isinstance(tags, list) else [tags]
    shown = [str(tag) for tag in listed if isinstance(tag, (str, int, float)) and not isinstance(tag, bool)]
    return Labels(tuple(dict.fromkeys(filter(None, shown))), note if isinstance(note, str) else "")


def add_tags(path: Path, tags: list[str]) -> Labels:
    """Add tags to a trial and return its labels; existing tags keep their place.

    Raises:
        UsageError: A tag cannot be used; nothing was changed.
        DamagedError: The labels cannot be read, so they are not replaced.
        DiskError: The disk refused.
    """
    check_tags(tags)
    with _changing(path):
        labels = read_labels(path)
        return _write(path, labels, labels._replace(tags=tuple(dict.fromkeys([*labels.tags, *tags]))))


def remove_tags(path: Path, tags: list[str]) -> Labels:
    """Remove tags from a trial, if it has them, and return its labels. Errors as `add_tags`."""
    with _changing(path):
        labels = read_labels(path)
        return _write(path, labels, labels._replace(tags=tuple(tag for tag in labels.tags if tag not in tags)))


def set_note(path: Path, note: str) -> Labels:
    """Replace the note of a trial, or remove it if empty, and return its labels. Errors as `add_tags`."""
    with _changing(path):
        labels = read_labels(path)
        return _write(path, labels, labels._replace(note=note))


def _write(path: Path, before: Labels, labels: Labels) -> Labels:
    if labels != before:
        from aimd_core.format.documents import write_mapping

        write_mapping(path / LABELS_FILE, {"tags": list(labels.tags), "note": labels.note})
    return labels


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """Let one writer at a time change the labels of a directory, and turn disk errors into DiskError."""
    from aimd_core.format.locking import locked  # reading labels does not need it

    try:
        with locked(path):
            yield
    except OSError as error:
        raise DiskError(
            path=path / LABELS_FILE, reason=said("cannot be written ({strerror})", strerror=error.strerror)
        ) from error
