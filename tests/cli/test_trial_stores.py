"""Stores of other trackers are read in place, by the same commands and with the same output as after an import."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from aimd_cli.commands.trial.live import StoreSources
from aimd_cli.importing.in_place import trials_of
from aimd_core.errors import ReadOnlyStoreError
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Terminal

FIXTURES = Path(__file__).parent.parent / "fixtures" / "importing"
NEWEST = {
    "clearml": "clearml-2.1.12",
    "dvclive": "dvclive-3.49.1",
    "mlflow": "mlflow-3.17.2",
    "mlflow database": "mlflow-sqlite3.17.2",
    "neptune": "neptune-0.1.0",
    "sacred": "sacred-0.8.7",
    "swanlab": "swanlab-0.10.3",
    "tensorboard": "tensorboard-2.21.0",
    "trackio": "trackio-0.43.0",
    "wandb": "wandb-0.31.0",
}
COMMANDS = {
    "ls": ["ls", "{}"],
    "describe": ["describe", "-d", "{}"],
    "plot": ["plot", "-d", "{}", "-m", "train.loss", "--json"],
    "export": ["export", "-d", "{}"],
    "check": ["check", "-d", "{}", "train.loss < 1"],
    "logs": ["logs", "-d", "{}", "@latest"],
    "verify": ["verify", "-d", "{}"],
}
SEVERAL = {"compare": ["compare", "-d", "{}", "--format", "csv"]}
CHANGES = {
    "tag": ["tag", "-d", "{}", "@latest", "x"],
    "note": ["note", "-d", "{}", "@latest", "x"],
    "rename": ["rename", "-d", "{}", "@latest", "x"],
    "rm": ["rm", "-d", "{}", "@latest", "--yes"],
    "mv": ["mv", "-d", "{}", "@latest", "elsewhere", "-m"],
    "upload": ["upload", "-d", "{}"],
    "baseline": ["baseline", "@latest", "-d", "{}"],
    "views rm": ["views", "rm", "x", "-d", "{}"],
    "views save": ["views", "save", "x", "resnet", "-d", "{}"],
}


def unpacked(name: str, directory: Path) -> Path:
    directory.mkdir()
    with tarfile.open(FIXTURES / f"{name}.tar.gz") as packed:
        packed.extractall(directory, filter="data")
    return directory


def content_of(directory: Path) -> dict[str, tuple[bytes, int]]:
    files = [file for file in directory.rglob("*") if file.is_file()]
    return {str(file.relative_to(directory)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


@pytest.mark.parametrize("tracker", NEWEST)
def test_each_command_prints_the_same_in_place_as_after_an_import(home: Home, tracker: str) -> None:
    store = unpacked(NEWEST[tracker], home.work / "store")
    before = content_of(store)
    shown = {name: _shown(home, words, store) for name, words in {**COMMANDS, **SEVERAL}.items()}
    assert home.aimd("trial", "import", str(store)).code == 0
    for name, words in {**COMMANDS, **SEVERAL}.items():
        assert shown[name] == _shown(home, words, Path(".")), name
    assert shown["ls"][1].count("\n") > 1
    assert content_of(store) == before


def _shown(home: Home, words: list[str], place: Path) -> tuple[int, str]:
    """Return what a command printed, without ids and without where the trials are."""
    ran = home.aimd("trial", *(word.format(place) for word in words))
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", ran.out)
    text = re.sub(r"(\tmetadata\.yaml\t)\d+", r"\1", text)  # which has the id and the folder of the copy
    text = re.sub(rf"{re.escape(str(home.work))}/(store|\.aimd/trials)/", "PLACE/", text)
    return ran.code, text


def test_what_would_change_a_store_is_refused_and_names_the_import(home: Home) -> None:
    store = unpacked(NEWEST["mlflow"], home.work / "store")
    before = content_of(store)
    for name, words in CHANGES.items():
        ran = home.aimd("trial", *(word.format(store) for word in words))
        assert (ran.code, f"aimd trial import {store}" in ran.err) == (2, True), (name, ran.err)
    assert home.aimd("trial", "trash", "ls", "-d", str(store)).code == 0
    assert content_of(store) == before


def test_the_live_screen_shows_a_store_and_what_it_gains_and_changes_nothing(home: Home) -> None:
    store = unpacked(NEWEST["mlflow"], home.work / "store")
    before = content_of(store)
    trials = trials_of(store)
    assert trials is not None
    sources = StoreSources(store, trials)
    rows = sources.look(False).rows
    assert [row.alternative_name for row in rows] == home.aimd("trial", "ls", str(store), "-q").out.split()
    assert len(sources.curve(rows[0], "train.loss", "step")) == rows[0].number("train.loss", "count")
    for change in (
        lambda: sources.tag(rows[0], ["x"], False),
        lambda: sources.remove(rows[0]),
        lambda: sources.set_baseline(rows[0]),
    ):
        with pytest.raises(ReadOnlyStoreError):
            change()
    assert content_of(store) == before
    shutil.rmtree(_run_of(next(store.rglob("loss"))))
    assert len(sources.look(False).rows) == len(rows) - 1


def test_the_live_screen_opens_a_store_by_its_path(home: Home) -> None:
    store = unpacked(NEWEST["mlflow database"], home.work / "store")
    (database,) = store.rglob("*.db")
    names = home.aimd("trial", "ls", str(store), "-q").out.split()
    terminal = Terminal(100, 30, home.work, str(database), HOME=str(home.path), XDG_CACHE_HOME=str(home.path / "cache"))
    try:
        terminal.sees(f"{len(names)} trials", database.name)
        terminal.send("q")
        terminal.sees("ended with 0")
    finally:
        terminal.close()
    (home.work / "notes.txt").write_text("x")
    shown = home.aimd_terminal("trial", "top", "notes.txt")
    assert "there is no directory" in " ".join(shown.split())
    assert "Traceback" not in shown


def test_a_store_is_named_by_its_path_and_a_run_by_the_path_with_its_name(home: Home) -> None:
    store = unpacked(NEWEST["mlflow database"], home.work / "store")
    names = home.aimd("trial", "ls", str(store), "-q").out.split()
    assert len(names) > 1
    (database,) = store.rglob("*.db")
    assert home.aimd("trial", "ls", str(database), "-q").out.split() == names
    assert (
        home.aimd("trial", "describe", f"{store}/{names[0]}", "--json").json["trials"][0]["alternative_name"]
        == names[0]
    )
    assert len(home.aimd("trial", "describe", f"{store}/", "--json").json["trials"]) == len(names)
    assert home.aimd("trial", "describe", f"{store}/nope").code == 3
    assert len(home.aimd("trial", "describe", "store", "--json").json["trials"]) == len(names)  # without ./ before it
    aimd.create_trial(trial_name="store").finish()
    assert len(home.aimd("trial", "describe", "store", "--json").json["trials"]) == 1  # a trial's name comes first
    assert home.aimd("trial", "ls", str(store), "state = Failed", "-q").out.split() != names


def test_what_a_store_gains_and_loses_shows_at_the_next_command(home: Home) -> None:
    store = unpacked(NEWEST["mlflow"], home.work / "store")
    names = home.aimd("trial", "ls", str(store), "-q").out.split()
    loss = next(path for path in store.rglob("loss") if "resnet" in (_run_of(path) / "meta.yaml").read_text())
    with loss.open("a") as file:
        file.write("1700000099000 0.0078125 999\n")
    rows = home.aimd("trial", "ls", str(store), "--json").json["trials"]
    assert 999 in [row["metrics"].get("train.loss", {}).get("last_step") for row in rows]
    loss.write_text("1700000000000 4.5 1\n")  # which is not what it was with something behind it
    rows = home.aimd("trial", "ls", str(store), "--json").json["trials"]
    assert 4.5 in [row["metrics"].get("train.loss", {}).get("last") for row in rows]
    shutil.rmtree(_run_of(loss))
    assert len(home.aimd("trial", "ls", str(store), "-q").out.split()) == len(names) - 1


def _run_of(path: Path) -> Path:
    """Return the directory of the run that a file of MLflow belongs to."""
    return next(parent for parent in path.parents if (parent / "meta.yaml").exists())


def test_a_run_of_tensorboard_that_is_named_like_a_trial_is_read_as_a_run(home: Home) -> None:
    log = unpacked(NEWEST["tensorboard"], home.work / "packed")
    (events, *_) = sorted(log.rglob("*tfevents*"))
    run = home.work / "tb" / "cnn_keras_261123_194041_5t0edj"
    run.mkdir(parents=True)
    shutil.copy(events, run)
    (row,) = home.aimd("trial", "ls", "tb").table
    assert row["state"] != "Initializing"
    assert set(row) > {"folder", "tags"}


def test_a_directory_that_is_no_store_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr("aimd_cli.importing.in_place._signature", lambda path: seen.append(path) or "")
    (tmp_path / "notes.txt").write_text("no runs\n")
    assert (trials_of(tmp_path), seen) == (None, [])


def test_a_directory_of_several_trackers_and_one_of_none_say_so(home: Home) -> None:
    (home.work / "both").mkdir()
    unpacked(NEWEST["wandb"], home.work / "both" / "a")
    unpacked(NEWEST["dvclive"], home.work / "both" / "b")
    ran = home.aimd("trial", "ls", str(home.work / "both"))
    assert (ran.code, "Name a directory or a file of one of them" in ran.err) == (2, True)
    (home.work / "none").mkdir()
    assert home.aimd("trial", "ls", str(home.work / "none")).code in (0, 3)
    assert "another tracker" not in home.aimd("trial", "describe", "-d", str(home.work / "none")).err
