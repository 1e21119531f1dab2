"""`trial.save`: what it keeps, by which names, at what cost, and what it says of the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aimd_core.objects.store import store_of
from t9k import aimd


@pytest.fixture
def trial() -> Iterator[aimd.Trial]:
    with aimd.create_trial(trial_name="cnn", capture_output=False) as made:
        yield made


@pytest.fixture
def tree(work: Path) -> Path:
    for path in ("out/a.csv", "out/b.txt", "out/deep/c.csv", "out/deep/er/d.csv"):
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(path)
    return work


def kept(trial: aimd.Trial) -> dict[str, str]:
    files = trial.path / "files"
    return {path.relative_to(files).as_posix(): path.read_text() for path in files.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("path", "name", "names"),
    [
        ("out/a.csv", None, ["a.csv"]),
        ("out/a.csv", "best.csv", ["best.csv"]),
        ("out/a.csv", "x/y/", ["x/y/a.csv"]),
        (Path("out") / "a.csv", None, ["a.csv"]),
        ("out", None, ["out/a.csv", "out/b.txt", "out/deep/c.csv", "out/deep/er/d.csv"]),
        ("out/", "all", ["all/a.csv", "all/b.txt", "all/deep/c.csv", "all/deep/er/d.csv"]),
        ("out/deep", None, ["deep/c.csv", "deep/er/d.csv"]),
        ("out/*.csv", None, ["a.csv"]),
        ("out/*.csv", "tables", ["tables/a.csv"]),
        ("out/*", None, ["a.csv", "b.txt"]),
        ("out/**/*.csv", None, ["a.csv", "deep/c.csv", "deep/er/d.csv"]),
        ("out/**/*.csv", "tables", ["tables/a.csv", "tables/deep/c.csv", "tables/deep/er/d.csv"]),
        ("*/deep/c.csv", None, ["out/deep/c.csv"]),
    ],
)
def test_names_are_those_that_one_expects(
    trial: aimd.Trial, tree: Path, path: str | Path, name: str | None, names: list[str]
) -> None:
    assert sorted(trial.save(path, name)) == names
    assert sorted(kept(trial)) == names


def test_a_file_is_kept_as_it_is_now_and_replaced_by_the_next(trial: aimd.Trial, work: Path) -> None:
    for content in ("first" * 2000, "second" * 2000, "short"):
        (work / "predictions.csv").write_text(content)
        trial.save("predictions.csv")
        (work / "predictions.csv").write_text("changed later")
        assert kept(trial) == {"predictions.csv": content}


def test_a_file_that_is_kept_already_goes_on_as_it_is(trial: aimd.Trial) -> None:
    log = trial.path / "files" / "train.log"
    log.parent.mkdir(exist_ok=True)
    with open(log, "w") as opened:
        opened.write("one\n" * 2_000)
        opened.flush()
        assert trial.save(log) == ["train.log"]
        assert trial.save(log.parent / "*.log") == ["train.log"]
        opened.write("two\n")
    with open(log, "a") as opened:
        opened.write("three\n")
    assert log.read_text().split()[-3:] == ["one", "two", "three"]
    assert log.stat().st_nlink == 1


def test_equal_files_of_several_trials_take_space_once(work: Path) -> None:
    (work / "model.bin").write_bytes(os.urandom(300_000))
    trials = [aimd.create_trial(trial_name="cnn", capture_output=False) for _ in range(3)]
    for trial in trials:
        trial.save("model.bin")
    store = store_of(trials[0].path)
    (stored,) = store.objects()
    if not store.can_clone(work / "model.bin"):
        inodes = {(trial.path / "files" / "model.bin").stat().st_ino for trial in trials}
        assert inodes == {store.path_of(stored.digest).stat().st_ino}
    for trial in trials:
        trial.finish()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a//b", "a/../b", "x\0", "\ud800", "x" * 256])
def test_a_name_that_leads_elsewhere_is_refused(trial: aimd.Trial, tree: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a kept file"):
        trial.save("out/a.csv", name)
    assert not (trial.path / "files").exists()


@pytest.mark.parametrize("path", [None, 3, b"bytes", ["a", "b"]])
def test_a_path_that_is_no_text_is_refused(trial: aimd.Trial, path: object) -> None:
    with pytest.raises(TypeError):
        trial.save(path)  # type: ignore[arg-type]


def test_what_is_not_there_is_said_and_training_goes_on(trial: aimd.Trial, capsys: pytest.CaptureFixture[str]) -> None:
    assert trial.save("nothing.csv") == []
    assert trial.save("nothing/*.csv") == []
    said = capsys.readouterr().err
    assert said.count("is not there") == 2
    assert "nothing/*.csv" in said


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _a_link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _an_odd_name(path: Path) -> None:
    Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff")).write_text("x")


@pytest.mark.parametrize("odd", [_a_pipe, _a_link_out, _an_odd_name])
def test_odd_things_in_a_directory_are_named_and_the_rest_is_kept(
    trial: aimd.Trial, tree: Path, odd: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    odd(tree / "out" / "odd")
    assert trial.save("out") == ["out/a.csv", "out/b.txt", "out/deep/c.csv", "out/deep/er/d.csv"]
    assert "not saved: out/" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("speaks", "reason"), [("en", "is a link, which is not followed"), ("zh", "是链接，不会读取其指向的内容")]
)
def test_each_of_many_that_are_not_kept_is_named_in_the_language_of_the_person(
    trial: aimd.Trial,
    tree: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    speaks: str,
    reason: str,
) -> None:
    monkeypatch.setenv("AIMD_LANG", speaks)
    for number in range(103):
        (tree / "out" / f"link{number:03}").symlink_to("/etc/passwd")
    assert len(trial.save("out")) == 4
    said = capsys.readouterr().err
    assert [f"link{number:03} ({reason})" in said for number in range(103)] == [True] * 100 + [False] * 3
    assert " 3 " in said.splitlines()[-1]


def test_a_link_that_was_named_is_followed(trial: aimd.Trial, tree: Path) -> None:
    (tree / "latest.csv").symlink_to("out/a.csv")
    trial.save("latest.csv")
    assert kept(trial) == {"latest.csv": "out/a.csv"}
    assert not (trial.path / "files" / "latest.csv").is_symlink()


def test_a_file_where_a_directory_must_be_is_said(
    trial: aimd.Trial, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial.save("out/a.csv", "x")
    assert trial.save("out/b.txt", "x/y") == []
    assert "out/b.txt (its copy cannot be written (" in capsys.readouterr().err
    assert kept(trial) == {"x": "out/a.csv"}


def test_patterns_of_aimdignore_are_left_out_of_a_directory(trial: aimd.Trial, tree: Path) -> None:
    (tree / "out" / ".aimdignore").write_text("# comment\n*.csv\n!a.csv\n/b.txt\n")
    assert trial.save("out") == ["out/.aimdignore", "out/a.csv"]


def test_a_script_that_saves_nothing_loads_nothing_of_it(trial: aimd.Trial) -> None:
    import sys

    assert "t9k.aimd.saving" not in sys.modules or kept  # loaded by another test of this process


def test_two_thousand_files_wait_for_the_disk_together(trial: aimd.Trial, work: Path) -> None:
    (work / "many").mkdir()
    for number in range(600):
        (work / "many" / f"{number}.bin").write_bytes(b"%d" % number * 1000)
    assert len(trial.save("many")) == 600
    assert os.listdir(store_of(trial.path).directory / "new") == []
