"""The one shape in which an artifact is shown, whether it is in a directory or on a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aimd_core.format.model import ReferenceFacts, StoredObject

INPUT, OUTPUT = "input", "output"


class ArtifactFacts(NamedTuple):
    """What is shown of an artifact, here or on a server.

    Attributes:
        name: The name of its repo.
        type: The type of its repo.
        id: Its UUID.
        description: Possibly empty.
        commit: What its content is called on the server, or None.
        version: Which one of its repo it is on the server, or None.
        aliases: Its own names besides the version.
        created: When it was created, ISO 8601, or None.
        editor: Who uploaded it, or None.
        location: Its directory, or the path of its repo on the server.
        objects: Its objects; None if they were not asked for.
        references: URIs by key.
        remote: The servers that have it: `{host, path, version}` each.
        size_bytes: The size of all objects.
        object_count: The number of objects.
        damage: What is wrong with it, one sentence each.
        reference_facts: What is known of what references lead to, by key.
    """

    name: str
    type: str
    id: str
    description: str
    commit: str | None
    version: str | None
    aliases: list[str]
    created: str | None
    editor: str | None
    location: str
    objects: list[StoredObject] | None
    references: dict[str, str]
    remote: list[dict[str, object]]
    size_bytes: int
    object_count: int
    damage: list[str]
    reference_facts: Mapping[str, ReferenceFacts] = {}


class TrialArtifact(NamedTuple):
    """An artifact of a trial.

    Attributes:
        role: `input`, `output`, or `checkpoint`.
        id: Its UUID.
        facts: What is shown of it; None if it is not there, or may not be seen.
    """

    role: str
    id: str
    facts: ArtifactFacts | None
