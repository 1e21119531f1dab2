"""What each tracker itself says of its files is what comes in, for several of its releases.

The archives in tests/fixtures/importing were made by the real libraries: make_import_fixtures.py and
make_reader_tables.py in tests/support.
"""

import json
import os
import random
import re
import sqlite3
import tarfile
import time
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aimd_cli.importing.points import Point
from aimd_cli.importing.run import Ending, ImportedRun
from aimd_cli.importing.sources import SOURCES, recognised
from aimd_cli.importing.writing import Importer
from aimd_core.errors import AimdError
from aimd_core.format.journal import Damage
from aimd_core.format.model import strict_json
from aimd_core.reading.documents import Trial
from aimd_core.reading.series import records_of
from tests.support.home import Home
from tests.support.mutations import changed

ARCHIVES = sorted((Path(__file__).parent.parent / "fixtures" / "importing").glob("*.tar.gz"))
NAMES = [path.name.removesuffix(".tar.gz") for path in ARCHIVES]
TABLES = json.loads(ARCHIVES[0].with_name("tables.json").read_text())
STATES = {
    None: "Succeeded",
    "exception": "Failed",
    "exit": "Failed",
    "signal": "Interrupted",
    "unfinished": "Interrupted",
}


@pytest.fixture(params=ARCHIVES, ids=NAMES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "store" / request.param.name.removesuffix(".tar.gz")
    path.mkdir(parents=True)
    with tarfile.open(request.param) as packed:
        packed.extractall(path, filter="data")
    return path


def content_of(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def shown_points(run: ImportedRun) -> list[Point]:
    """Return the points of a run that are not superseded by a restart."""
    return [
        point
        for number, point in enumerate(run.points)
        if not any(number < count and point.step >= step for count, step in run.restarts)
    ]


def kinds_of(run: ImportedRun) -> Counter[str]:
    """Return how many records of each kind of media a run has."""
    return Counter(item.record.kind for item in run.media._items) if run.media else Counter()


def table_of(run: ImportedRun) -> dict[str, Any]:
    """Return a run in the form of `expected.json`."""
    points: dict[str, list[tuple[int, float]]] = {}
    for point in shown_points(run):
        if point.key.startswith("system/"):  # of the machine that made the archive
            continue
        points.setdefault(point.key, []).append((point.step, point.value))
    state = run.ending.status if run.ending.status != "Running" else "Interrupted"
    table = {
        "name": run.name,
        "params": dict(run.params),
        "points": points,
        "state": state,
        "left_out": dict(Counter(run.left_out) + kinds_of(run)),  # of what is not a number, nothing is lost
        "tags": sorted(run.labels.tags),
        "note": run.labels.note,
        "exit": run.ending.exit,
    }
    read: dict[str, Any] = json.loads(json.dumps(strict_json(table)))
    return read


def test_there_are_archives_of_three_releases_of_each() -> None:
    releases = Counter(re.sub(r"-?\d.*", "", name) for name in NAMES)
    for name in (
        "tensorboard",
        "wandb",
        "mlflow",
        "mlflow-sqlite",
        "trackio",
        "swanlab",
        "dvclive",
        "sacred",
        "clearml",
    ):
        assert releases[name] >= 3


def test_what_the_library_says_is_what_comes_in(archive: Path) -> None:
    expected = json.loads((archive / "expected.json").read_text())
    source = archive.name.rpartition("-")[0]
    (archive / "expected.json").rename(archive.parent.parent / "expected.json")
    before = content_of(archive.parent)
    assert recognised(archive) == source
    store = SOURCES[source].read(archive)  # type: ignore[index]
    runs = sorted(map(table_of, store), key=lambda run: (run["name"], str(run["params"])))
    expected.sort(key=lambda run: (run["name"] or "", str(run["params"])))
    assert store.faults == []
    assert len(runs) == len(expected)
    for run, table in zip(runs, expected, strict=True):
        shown = {key: run[key] for key in table}
        assert shown == {**table, "name": table["name"] or archive.name}
    assert content_of(archive.parent) == before


def test_each_becomes_an_ordinary_trial_once(archive: Path, home: Home) -> None:
    (archive / "expected.json").unlink()
    ran = home.aimd("trial", "import", archive)
    assert (ran.code, {row["outcome"] for row in ran.table}) == (0, {"imported"})
    assert home.aimd("trial", "verify").code == 0
    archive.rename(archive.with_name(f"moved-{archive.name}"))
    again = home.aimd("trial", "import", archive.with_name(f"moved-{archive.name}"))
    assert {row["outcome"] for row in again.table} == {"unchanged"}
    (row, *_) = ran.table
    (run, *_) = SOURCES[archive.name.rpartition("-")[0]].read(archive.with_name(f"moved-{archive.name}"))  # type: ignore[index]
    trial = Trial(home.work / ".aimd" / "trials" / row["name"])
    assert len(list(records_of(trial.path, Damage(), False))) == len(shown_points(run))


@pytest.mark.parametrize("kind", ["empty", "garbage", "torn", "link", "fifo", "deep"])
def test_each_file_that_is_bad_is_named_and_nothing_else_is_lost(archive: Path, kind: str, tmp_path: Path) -> None:
    """Each file in turn, so that every reader meets every kind of damage: an error, named faults, or nothing lost."""
    (archive / "expected.json").unlink()
    source = archive.name.rpartition("-")[0]
    secret = tmp_path / "secret"
    secret.write_text('{"s3cret": 1}')
    for file in sorted(path for path in archive.rglob("*") if path.is_file())[:12]:
        content = file.read_bytes()
        file.unlink()
        if kind == "link":
            file.symlink_to(secret)
        elif kind == "fifo":
            os.mkfifo(file)
        else:
            bad = {"empty": b"", "garbage": b"\xff\0no such file" * 99, "torn": content[: len(content) * 2 // 3]}
            file.write_bytes(bad.get(kind, b"[" * 100_000))
        try:
            store = SOURCES[source].read(archive)  # type: ignore[index]
            tables = [table_of(run) for run in store]
        except AimdError:
            tables = []
        assert "s3cret" not in json.dumps(tables)
        file.unlink()
        file.write_bytes(content)
    importer = Importer(tmp_path)
    assert [importer.write(run).outcome for run in SOURCES[source].read(archive)]  # type: ignore[index]


def import_changed(archive: Path, work: Path, tries: int, seed: int = 0) -> None:
    """Import an archive that is changed in another way each time."""
    chance, importer = random.Random(seed), Importer(work)
    source = SOURCES[archive.name.rpartition("-")[0]]  # type: ignore[index]
    for _ in range(tries):
        file = chance.choice(sorted(path for path in archive.rglob("*") if path.is_file()))
        content = file.read_bytes()
        file.write_bytes(changed(file, chance))
        try:
            for run in source.read(archive):
                try:
                    importer.write(run)
                except AimdError:
                    continue
        except AimdError:
            pass
        file.write_bytes(content)


def test_no_changed_value_or_byte_is_a_crash(archive: Path, tmp_path: Path) -> None:
    (archive / "expected.json").unlink()
    import_changed(archive, tmp_path / "work", 12)


def test_the_changes_find_a_reader_that_trusts_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "sacred-1"
    with tarfile.open(next(path for path in ARCHIVES if path.name.startswith("sacred-"))) as packed:
        packed.extractall(archive, filter="data")
    (archive / "expected.json").unlink()
    monkeypatch.setattr("aimd_cli.importing.sacred.utc_seconds", lambda time: datetime.fromisoformat(time).timestamp())
    with pytest.raises((TypeError, ValueError)):
        import_changed(archive, tmp_path / "work", 200)


def session(path: Path, **members: bytes) -> Path:
    """Make an archive of an offline session with other members than usual."""
    task = {"id": "offline-1", "name": "r", "project_name": "p"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("task.json", json.dumps(task))
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_nothing_of_a_zip_archive_is_unpacked(tmp_path: Path, home: Home) -> None:
    path = session(tmp_path / "offline-1.zip", **{"../../evil": b"x", "/etc/evil": b"x", "metrics.jsonl": b"[]\n"})
    ran = home.aimd("trial", "import", path)
    assert (ran.code, "2 x file" in ran.out) == (0, True)
    assert {path for path in tmp_path.rglob("*") if path.name == "evil"} == set()
    assert not Path("/etc/evil").exists()


def test_a_zip_bomb_and_odd_events_cost_neither_memory_nor_the_rest(tmp_path: Path) -> None:
    good = (
        b'[{"type": "training_stats_scalar", "metric": "a", "variant": "b", "iter": 1, "value": 2, "timestamp": 1e400}]'
    )
    bomb = good + b"\n" + b"[" * (200 << 20)
    store = SOURCES["clearml"].read(session(tmp_path / "offline-1.zip", **{"metrics.jsonl": bomb}))
    (run,) = store.runs
    assert [(point.key, point.step, point.value) for point in run.points] == [("a/b", 1, 2.0)]
    assert "skipped lines that are not events: 2" in str(store.faults[0].reason)
    bad = tmp_path / "offline-2.zip"
    bad.write_bytes((tmp_path / "offline-1.zip").read_bytes()[:500])
    assert "zip archive" in str(SOURCES["clearml"].read(bad).faults[0].reason)


def test_a_locked_database_is_named_and_not_waited_for_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimd_cli.importing.database._BUSY_S", 0.01)
    path = tmp_path / "fixture.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("CREATE TABLE metrics (run_name)")
    writer.execute("CREATE TABLE configs (run_name)")
    writer.execute("BEGIN EXCLUSIVE")
    (fault,) = SOURCES["trackio"].read(path).faults
    assert "locked" in str(fault.reason)
    writer.close()


def test_a_run_from_before_1970_keeps_its_times(tmp_path: Path) -> None:
    run = ImportedRun("old", "test:old", [Point("loss", 1, -1e9, 0.5)], ending=Ending(started_s=-2e9, ended_s=-1e9))
    importer = Importer(tmp_path)
    trial = Trial(importer.write(run).path)
    assert (trial.started, trial.ended) == ("1906-08-16T20:26:40.000000+00:00", "1938-04-24T22:13:20.000000+00:00")
    assert importer.write(run).outcome == "unchanged"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_as_the_library_that_wrote_it_reads_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")  # a time without a zone is UTC for everybody
    time.tzset()
    path = tmp_path / "run.csv"
    path.write_text(TABLES[name]["csv"])
    try:
        (run,) = SOURCES["csv"].read(path).runs
    finally:
        monkeypatch.undo()
        time.tzset()
    assert table_of(run)["points"] == TABLES[name]["points"]
    assert {point.time_s for point in run.points} == {1_700_000_000.25 + second for second in range(6)}
