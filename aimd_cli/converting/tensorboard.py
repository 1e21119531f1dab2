"""Writes a run as TensorBoard event files: scalars, hyperparameters, media, and how the session ended.

A metric whose values need more than the 32 bits of a classic scalar is written as tensors of 64. What TensorBoard has
no place for, such as the folder and which parameters are whole numbers, is in a value that only the import reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from aimd_cli.converting.media import seconds_of
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.run import ImportedRun
from aimd_core.format.event_files import (
    FILE_MARK,
    event_record,
    fits_single,
    histogram_value,
    media_value,
    scalar_value,
    session_end_value,
    session_start_value,
    summary_event,
    text_value,
    trial_value,
    version_event,
)
from aimd_core.format.media import TEXT, MediaRecord
from aimd_core.format.model import FAILED, SUCCEEDED, flatten

_STATUSES = {SUCCEEDED: 1, FAILED: 2}  # of the hparams plugin; without one it is unknown
_MOST_BYTES = 64 << 20  # of what one record shows; TensorBoard keeps all of it in memory


def write_tensorboard(run: ImportedRun, directory: Path, run_id: str, left_out: Counter[str]) -> None:
    """Write the event file of a run into its directory, under a name that no other run's file has.

    Args:
        run: The run.
        directory: Where to.
        run_id: What makes the name of the file different.
        left_out: Counts media that TensorBoard does not show, by kind.
    """
    times = [time_s for point in run.points if (time_s := point.time_s) is not None]
    started_s = run.ending.started_s or min(times, default=0.0)
    ended_s = run.ending.ended_s or max(times, default=started_s)
    wide = {point.key for point in run.points if not fits_single(point.value)}
    with (directory / f"{FILE_MARK}{int(started_s)}.aimd.{run_id}").open("xb") as file:
        file.write(event_record(version_event(started_s)))
        session = session_start_value(flatten(dict(run.params)), started_s)
        file.write(event_record(summary_event(started_s, 0, session)))
        file.write(event_record(summary_event(started_s, 0, trial_value(_facts(run)))))
        for point in run.points:
            time_s = ended_s if point.time_s is None else point.time_s
            value = scalar_value(point.key, point.value, point.key in wide)
            file.write(event_record(summary_event(time_s, point.step, value)))
        for record, value in _media_values(run.media or MediaList(), left_out):
            file.write(event_record(summary_event(seconds_of(record.timestamp, ended_s), record.step, value)))
        ending = session_end_value(_STATUSES.get(run.ending.status), ended_s)
        file.write(event_record(summary_event(ended_s, 0, ending)))


def _facts(run: ImportedRun) -> dict[str, object]:
    labels = {"tags": list(run.labels.tags), "note": run.labels.note}
    return {"name": run.name, "folder": run.folder, **labels, "params": dict(run.params)}


def _media_values(media: MediaList, left_out: Counter[str]) -> Iterator[tuple[MediaRecord, bytes]]:
    """Yield the records that TensorBoard shows; several of a key and a step are numbered, as its own writers do."""
    counts = Counter((record.key, record.step) for record in media.records())
    numbers: Counter[tuple[str, int]] = Counter()
    for record, form, content in media.contents():
        at = record.key, record.step
        tag = record.key if counts[at] == 1 else f"{record.key}/{numbers[at]}"
        numbers[at] += 1
        value = _media_value(tag, record, form, content)
        if value is None:
            left_out[record.kind] += 1
        else:
            yield record, value


def _media_value(tag: str, record: MediaRecord, form: str, content: bytes | None) -> bytes | None:
    if record.histogram is not None:
        return histogram_value(tag, record.histogram.edges, record.histogram.counts)
    if record.kind == TEXT and record.text is not None:
        return text_value(tag, record.text)
    if content is None or len(content) > _MOST_BYTES:
        return None
    if record.kind == TEXT:
        return text_value(tag, content.decode("utf-8", "replace"))
    return media_value(tag, record.kind, form, record.facts, content)
