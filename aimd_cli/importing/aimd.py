"""Reads trial directories, this program's own and those of t9k 0.5.0, as runs: to copy them, or for other trackers.

Only the points that count are read. A trial keeps its id, so a copy that is uploaded is the same trial on a server.
"""

from __future__ import annotations

from pathlib import Path

from aimd_cli.importing.contents import number_of
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.run import Ending, ImportedRun, Store, metric_of
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.journal import Damage
from aimd_core.format.labels import Labels, read_labels
from aimd_core.format.layout import METADATA_FILE, OUTPUT_FILE, TRIALS_DIRECTORY
from aimd_core.format.model import RUNNING, STATUSES, is_alternative_name, standard_type
from aimd_core.format.values import step_of, time_of
from aimd_core.language import said
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import ending_of, seconds_of
from aimd_core.reading.media import counting_lines
from aimd_core.reading.series import records_of

_OTHER_TYPE = "metrics"


def read_trials(path: Path) -> Store:
    """Return the trials of a directory `.aimd`, of one that holds it, or the trial there.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    directories = [
        file.parent
        for file in listing.walk(root, lambda name: name == METADATA_FILE)
        if is_alternative_name(file.parent.name)
    ]
    if not directories and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no trials", path=path), hint=said("They are below {path}", path=TRIALS_DIRECTORY)
        )

    return Store.of_each(directories, _read_trial, listing)


def _read_trial(path: Path, store: Store) -> ImportedRun:
    trial, damage = Trial(path), Damage()
    run = run_of(trial, damage)
    for sentence in trial.damage:
        store.note(path, sentence)
    if damage:
        store.note(path, damage.sentence())
    return run


def run_of(trial: Trial, damage: Damage) -> ImportedRun:
    """Return a trial as a run.

    Args:
        trial: The trial.
        damage: Notes what was left out.

    Raises:
        DamagedError: Its journal is not a regular file.
    """
    points = PointColumns()
    left_out = {"stepless value": 0}
    for record in records_of(trial.path, damage):
        ((metrics_type, body),) = record.items()
        sequence = body["sequence"]
        step, epoch = step_of(sequence.get("step")), step_of(sequence.get("epoch"))
        time_s = time_of(sequence.get("timestamp"))
        for name, value in body["value"].items():
            number = number_of(value)
            if step is None or number is None:
                left_out["stepless value"] += 1
                continue
            key = key_of_metric(metrics_type, name)
            points.append(Point(key, step, time_s if time_s == time_s else None, number, epoch))
    media = MediaList()
    for kept in counting_lines(trial.path, damage):
        media.add_record(kept, trial.path)
    metadata = trial.metadata
    status = trial.status if trial.status in STATUSES else RUNNING
    upload = metadata.get("_upload")
    folder = upload.get("folder_path") if isinstance(upload, dict) else None
    output = trial.path / OUTPUT_FILE
    origin = metadata.get("_import")
    return ImportedRun(
        trial.name,
        f"aimd:{trial.path}",
        points,
        trial.parameters,
        Ending(status, ending_of(metadata), seconds_of(trial.started), seconds_of(trial.ended)),
        _labels(trial.path),
        {kind: count for kind, count in left_out.items() if count},
        folder=folder if isinstance(folder, str) and folder else None,
        origin={key: value for key, value in origin.items() if key not in ("key", "source", "name")}
        if isinstance(origin, dict)
        else {},
        key=f"aimd:{trial.id}",
        output=output if output.is_file() and not output.is_symlink() else None,
        identity=trial.id or None,
        media=media,
    )


def key_of_metric(metrics_type: str, name: str) -> str:
    """Return the name of a metric in other trackers, which `metric_of` takes apart again."""
    metrics_type = standard_type(metrics_type)
    if metrics_type == _OTHER_TYPE and metric_of(name) == (_OTHER_TYPE, name):
        return name
    return f"{metrics_type}/{name}"


def _labels(path: Path) -> Labels:
    try:
        return read_labels(path)
    except DamagedError:
        return Labels()
