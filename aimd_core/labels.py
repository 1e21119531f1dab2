"""A trial's labels: tags and a note, in the optional file `labels.yaml` of its directory.

```yaml
tags: [baseline, debug]
note: "learning rate too high"
```
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

LABELS_FILE = "labels.yaml"


class Labels(NamedTuple):
    """What a person says about a trial.

    Attributes:
        tags: Each once, in the order in which they were given.
        note: One remark, or empty.
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def read_labels(path: Path) -> Labels:
    """Return the labels of the trial in directory `path`; a trial without the file has none.

    Raises:
        DamagedError: The file is there but is no YAML mapping.
    """
    from aimd_core.documents import read_mapping  # YAML costs start-up, and a warm list reads no document

    try:
        document = read_mapping(path / LABELS_FILE)
    except FileNotFoundError:
        return Labels()
    return labels_of(document)


def labels_of(document: dict[str, object]) -> Labels:
    """Return the labels in what `labels.yaml` holds; what is none, such as a nested tag, is left out."""
    tags, note = document.get("tags"), document.get("note")
    listed = tags if isinstance(tags, list) else [tags]
    shown = [str(tag) for tag in listed if isinstance(tag, (str, int, float)) and not isinstance(tag, bool)]
    return Labels(tuple(dict.fromkeys(filter(None, shown))), note if isinstance(note, str) else "")
