"""Notes which artifacts a trial used and produced, as its document says, so that lineage can be asked for."""

from __future__ import annotations

import json

from aimd_core.format.model import INPUT_ARTIFACTS, OUTPUT_ARTIFACTS
from aimd_core.reading.lineage import artifacts_in
from aimd_server.services import names
from aimd_server.stores import lineage
from aimd_server.stores.database import Connection

MAX_IDS = 10_000  # of artifacts in a trial's document that count


def note(connection: Connection, trial_id: int, document: str, is_new: bool = False) -> None:
    """Note the artifacts that a trial's document, JSON text, names."""
    has_any = f'"{INPUT_ARTIFACTS}"' in document or f'"{OUTPUT_ARTIFACTS}"' in document
    whole = json.loads(document) if has_any else {}
    inputs, outputs = ([uid for uid in ids if names.is_uuid(uid)][:MAX_IDS] for ids in artifacts_in(whole))
    lineage.put(connection, trial_id, inputs, outputs, is_new)
