from __future__ import annotations

import os
from pathlib import Path

import pytest

from aimd_core.errors import InvalidNameError
from aimd_core.format import model, process
from aimd_core.format.layout import is_trial_directory, last_write_s, new_trial_directory, signature_of
from aimd_core.reading.documents import Trial, find_trials
from tests.support.trials import TRIAL_ID, record, write_trial

BROKEN = "metadata: [\n"


def names(directory: Path) -> list[str]:
    return [trial.alternative_name for trial in find_trials(directory)]


def test_trials_are_found_from_the_directory_that_holds_dot_aimd_and_from_the_one_that_holds_them(
    tmp_path: Path,
) -> None:
    trials = tmp_path / ".aimd" / "trials"
    write_trial(trials)
    assert names(tmp_path) == names(trials) == ["cnn_keras_261123_150327_f9by70"]


def test_trials_are_listed_newest_first_whatever_their_names_are(tmp_path: Path) -> None:
    for name in (
        "a_261123_150327_aaaaaa",
        "z_251123_150327_zzzzzz",
        "m_b_261123_150328_aaaaaa",
        "a_261123_150327_b00000",
    ):
        write_trial(tmp_path, name)
    assert names(tmp_path) == [
        "m_b_261123_150328_aaaaaa",
        "a_261123_150327_aaaaaa",  # of the same second, by name
        "a_261123_150327_b00000",
        "z_251123_150327_zzzzzz",
    ]


def test_what_is_no_trial_is_not_listed(tmp_path: Path) -> None:
    write_trial(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "cnn_261123_150327_F9BY70").mkdir()
    (tmp_path / "file_261123_150327_f9by70").write_bytes(b"")
    assert names(tmp_path) == ["cnn_keras_261123_150327_f9by70"]


def test_a_directory_name_that_is_no_valid_text_hides_no_other_trial(tmp_path: Path) -> None:
    write_trial(tmp_path)
    os.mkdir(os.fsencode(tmp_path) + b"/\xff_261123_150326_f9by70")
    assert len(find_trials(tmp_path)) == 2


def test_looking_in_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_trials(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["cnn", "cnn_keras", "a b.c", "图像 分类", "_", "a_261123_150327_aaaaaa", "🎉"])
def test_a_new_directory_carries_the_name_the_time_and_a_suffix(name: str, tmp_path: Path) -> None:
    path = new_trial_directory(tmp_path, name)
    assert path.parent == tmp_path / ".aimd" / "trials"
    assert model.split_alternative_name(path.name)[0] == name
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", "a..b", "a\0b", "a\nb", "\x7f", "\ud800", "图" * 70])
def test_a_name_that_cannot_be_a_directory_is_refused_before_anything_is_made(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidNameError):
        new_trial_directory(tmp_path, name)
    assert not (tmp_path / ".aimd").exists()


def test_a_suffix_that_is_taken_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "261123_150327")
    drawn = iter([b"\0" * 6, b"\0" * 6, b"\1" * 6])
    monkeypatch.setattr("os.urandom", lambda size: next(drawn))
    first, second = new_trial_directory(tmp_path, "a"), new_trial_directory(tmp_path, "a")
    assert (first.name, second.name) == ("a_261123_150327_aaaaaa", "a_261123_150327_bbbbbb")


def test_when_no_suffix_is_free_the_disk_error_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "261123_150327")
    monkeypatch.setattr("os.urandom", lambda size: b"\0" * size)
    new_trial_directory(tmp_path, "a")
    with pytest.raises(FileExistsError):
        new_trial_directory(tmp_path, "a")


def test_a_directory_with_metadata_is_a_trial_whatever_its_name(tmp_path: Path) -> None:
    renamed = write_trial(tmp_path).rename(tmp_path / "best")
    assert is_trial_directory(renamed)
    assert not is_trial_directory(tmp_path)


def test_the_documents_of_a_trial_are_read_as_they_stand(tmp_path: Path) -> None:
    trial = Trial(write_trial(tmp_path, parameters="lr: 0.1\n", metrics=record(1)))
    assert (trial.name, trial.id, trial.status) == ("cnn_keras", TRIAL_ID, "Running")
    assert (trial.started, trial.ended) == ("2026-11-23T15:03:27.664883+00:00", None)
    assert trial.folder == "/image_classification/mnist"
    assert trial.parameters == {"lr": 0.1}
    assert trial.totals.records == 1
    assert trial.damage == []


def test_a_name_that_yaml_took_for_a_boolean_comes_from_the_directory(tmp_path: Path) -> None:
    trial = Trial(write_trial(tmp_path, "NO_261123_150327_f9by70", metadata="metadata: {name: NO}\n"))
    assert trial.name == "NO"


@pytest.mark.parametrize("metadata", [BROKEN, "", "- a\n", "metadata: 1\nstatus: {}\n", "status: Resting\n"])
def test_a_trial_with_damaged_metadata_still_has_a_name_and_a_state(metadata: str, tmp_path: Path) -> None:
    trial = Trial(write_trial(tmp_path, metadata=metadata))
    assert (trial.name, trial.id, trial.state.name) == ("cnn_keras", None, "Initializing")
    assert (trial.folder, trial.upload_settings, trial.started) == ("/default", {}, None)


def test_damage_is_told_once_for_each_document(tmp_path: Path) -> None:
    path = write_trial(tmp_path, metadata=BROKEN)
    (path / "parameters.yaml").unlink()
    (path / "metrics").unlink()
    (path / "metrics").mkdir()
    trial = Trial(path)
    for _ in range(2):
        assert (trial.metadata, trial.parameters, trial.totals.records) == ({}, {}, 0)
    assert [sentence.split(":")[0] for sentence in trial.damage] == [
        "metadata.yaml",
        "parameters.yaml is missing",
        "metrics",
    ]


def test_a_trial_of_a_process_that_is_gone_is_killed(tmp_path: Path) -> None:
    gone = {**process.capture(), "process_start": 1}
    assert Trial(write_trial(tmp_path, process=gone)).state.name == "Killed"


def test_a_directory_that_was_only_just_made_is_initializing_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "a_261123_150327_f9by70").mkdir()
    (trial,) = find_trials(tmp_path)
    assert trial.state.name == "Initializing"


def test_the_last_write_is_that_of_the_newest_file(tmp_path: Path) -> None:
    path = write_trial(tmp_path)
    for name, time_s in (("metadata.yaml", 1000), ("parameters.yaml", 1500), ("metrics", 3000), ("", 4000)):
        os.utime(path / name, (time_s, time_s))  # the directory is newer by a tag, say
    assert last_write_s(path, signature_of(path)) == 3000.0
