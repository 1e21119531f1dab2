from __future__ import annotations

import errno
import os
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aimd_core.errors import DamagedError, DiskError, InvalidNameError, UsageError
from aimd_core.format.documents import read_mapping
from aimd_core.reading.documents import find_trials
from t9k import aimd
from tests.support import deployed
from tests.support.scripts import run_script

KEYS = [
    "kind",
    "metadata",
    "platform",
    "startTime",
    "endTime",
    "status",
    "inputArtifacts",
    "outputArtifacts",
    "_upload",
    "_git",
]


def metadata_of(trial: aimd.Trial) -> dict[str, object]:
    return read_mapping(trial.path / "metadata.yaml")


def upload_settings(trial: aimd.Trial) -> object:
    return metadata_of(trial)["_upload"]


def test_a_new_trial_lies_below_the_working_directory_under_its_alternative_name(work: Path) -> None:
    trial = aimd.create_trial(trial_name="cnn_keras")
    assert trial.path == work / ".aimd" / "trials" / trial.alternative_name
    assert sorted(os.listdir(trial.path)) == [
        "metadata.yaml",
        "metrics",
        "parameters.yaml",
        "process.json",
        "stdout.log",
    ]


def test_the_metadata_have_exactly_the_keys_of_the_format_in_its_order() -> None:
    metadata = metadata_of(aimd.create_trial(trial_name="a"))
    assert list(metadata) == KEYS
    assert list(metadata["metadata"]) == ["folder", "name", "editor", "id", "timestamp"]  # type: ignore[call-overload]
    assert list(metadata["platform"]) == ["hostname", "os", "python", "pypkgs", "framework"]  # type: ignore[call-overload]
    assert list(metadata["_upload"]) == [  # type: ignore[call-overload]
        "folder_id",
        "folder_path",
        "make_folder",
        "conflict_strategy",
    ]


def test_a_new_trial_is_initializing_and_has_neither_points_nor_parameters() -> None:
    trial = aimd.create_trial(trial_name="a")
    metadata = metadata_of(trial)
    assert (metadata["kind"], metadata["status"], metadata["endTime"]) == ("Trial", "Initializing", None)
    assert (metadata["inputArtifacts"], metadata["outputArtifacts"], metadata["_git"]) == ([], [], {})
    assert (trial.path / "metrics").read_bytes() == b""
    assert (trial.path / "parameters.yaml").read_bytes() == b"{}\n"


def test_the_id_is_a_uuid_that_is_new_for_each_trial() -> None:
    first, second = aimd.create_trial(trial_name="a"), aimd.create_trial(trial_name="a")
    assert uuid.UUID(first.id).version == uuid.UUID(second.id).version == 4
    assert first.id != second.id
    assert first.path != second.path


def test_times_are_iso_8601_in_utc() -> None:
    started = metadata_of(aimd.create_trial(trial_name="a"))["startTime"]
    assert isinstance(started, str)
    assert datetime.fromisoformat(started).utcoffset() == timedelta(0)


def test_settings_given_as_arguments_are_kept_for_the_upload() -> None:
    trial = aimd.create_trial(
        trial_name="a", folder_id="7", folder_path="x/y", make_folder=True, conflict_strategy="replace"
    )
    assert upload_settings(trial) == {
        "folder_id": "7",
        "folder_path": "x/y",
        "make_folder": True,
        "conflict_strategy": "replace",
    }


def test_settings_that_nobody_gave_have_the_deployed_defaults() -> None:
    assert upload_settings(aimd.create_trial(trial_name="a")) == {
        "folder_id": None,
        "folder_path": None,
        "make_folder": False,
        "conflict_strategy": "new",
    }


def test_first_parameters_are_on_disk_at_once() -> None:
    trial = aimd.create_trial(trial_name="a", trial_params={"lr": 0.1, "layers": (3, 4)})
    assert read_mapping(trial.path / "parameters.yaml") == {"lr": 0.1, "layers": [3, 4]}


@pytest.mark.parametrize("name", ["NO", "2024-01-01", "1e3", "null", "图像 分类", "a: b # c", "'", "🎉"])
def test_a_name_stays_what_it_is(name: str) -> None:
    trial = aimd.create_trial(trial_name=name)
    assert trial.name == name
    (found,) = find_trials(Path())
    assert found.name == name


@pytest.mark.parametrize("name", ["a/b", "../a", "a\0b", ""])
def test_a_name_that_cannot_be_a_directory_is_refused(name: str, work: Path) -> None:
    with pytest.raises(InvalidNameError) as caught:
        aimd.create_trial(trial_name=name)
    assert caught.value.facts["name"] == name
    assert list(work.iterdir()) == []


def test_without_a_name_the_error_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match="needs a name") as caught:
        aimd.create_trial()
    assert "trial_name=" in caught.value.advice


def test_an_unknown_conflict_strategy_is_refused() -> None:
    with pytest.raises(UsageError, match="skip, error, new, replace"):
        aimd.create_trial(trial_name="a", conflict_strategy="overwrite")


def test_parameters_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(UsageError, match="trial_params must be a mapping, not list"):
        aimd.create_trial(trial_name="a", trial_params=[1])  # type: ignore[arg-type]


def test_a_parameter_that_json_cannot_hold_is_refused_before_anything_is_made(work: Path) -> None:
    with pytest.raises(TypeError, match=r"'optim\.fn'"):
        aimd.create_trial(trial_name="a", trial_params={"optim": {"fn": print}})
    assert list(work.iterdir()) == []


def test_settings_come_from_a_yaml_file(work: Path) -> None:
    (work / "a.yaml").write_text(
        "trial_name: from_file\ntrial_params: {lr: 0.1}\nfolder_path: x/y\nmake_folder: true\nconflict_strategy: skip\n"
    )
    trial = aimd.create_trial(trial_path="a.yaml")
    assert (trial.name, trial.params.as_dict()) == ("from_file", {"lr": 0.1})
    assert upload_settings(trial) == {
        "folder_id": None,
        "folder_path": "x/y",
        "make_folder": True,
        "conflict_strategy": "skip",
    }


def test_an_argument_wins_over_the_file(work: Path) -> None:
    (work / "a.yaml").write_text("trial_name: from_file\ntrial_params: {lr: 0.1}\nmake_folder: true\n")
    trial = aimd.create_trial(trial_path="a.yaml", trial_name="given", trial_params={"lr": 1}, make_folder=False)
    assert (trial.name, trial.params.as_dict()) == ("given", {"lr": 1})
    assert upload_settings(trial)["make_folder"] is False  # type: ignore[index]


def test_a_folder_path_that_is_given_wins_over_a_folder_id_of_the_file(work: Path) -> None:
    (work / "a.yaml").write_text("trial_name: a\nfolder_id: '7'\n")
    trial = aimd.create_trial(trial_path="a.yaml", folder_path="x/y")
    assert (upload_settings(trial)["folder_id"], upload_settings(trial)["folder_path"]) == (  # type: ignore[index]
        None,
        "x/y",
    )


def test_settings_come_from_a_trial_directory_and_a_new_trial_is_made(work: Path) -> None:
    source = aimd.create_trial(trial_name="a", trial_params={"lr": 0.1}, folder_path="x/y", make_folder=True)
    before = (source.path / "metadata.yaml").read_bytes()
    trial = aimd.create_trial(trial_path=source.path)
    assert (trial.name, trial.params.as_dict(), upload_settings(trial)) == ("a", {"lr": 0.1}, upload_settings(source))
    assert trial.id != source.id
    assert (source.path / "metadata.yaml").read_bytes() == before


def test_settings_come_from_a_directory_of_the_deployed_sdk(work: Path) -> None:
    trials = deployed.write_working_directory(work)
    trial = aimd.create_trial(trial_path=trials / deployed.FINISHED)
    assert trial.name == "cnn_keras"
    assert trial.params["optimizer"] == {"name": "Adam", "betas": [0.9, 0.999]}
    assert list(metadata_of(trial)["_upload"]) == [  # type: ignore[call-overload]
        "folder_id",
        "folder_path",
        "make_folder",
        "conflict_strategy",
    ]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("trial_nam: a\n", UsageError, "unknown setting 'trial_nam'"),
        ("trial_name: NO\n", UsageError, "must be a string, not bool"),
        ("trial_name: 2024\n", UsageError, "must be a string, not int"),
        ("trial_name: a\nconflict_strategy: x\n", UsageError, "conflict_strategy 'x'"),
        ("trial_name: a\ntrial_params: x\n", UsageError, "must be a mapping"),
        ("trial_name: [\n", DamagedError, "not valid YAML"),
        ("- a\n", DamagedError, "not a mapping"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_the_fault(
    text: str, error: type[Exception], message: str, work: Path
) -> None:
    (work / "a.yaml").write_text(text)
    with pytest.raises(error, match=message):
        aimd.create_trial(trial_path="a.yaml")
    assert not (work / ".aimd").exists()


def test_a_trial_directory_that_is_damaged_gives_no_settings(work: Path) -> None:
    source = aimd.create_trial(trial_name="a")
    (source.path / "metadata.yaml").write_text("a: [\n")
    with pytest.raises(DamagedError, match=r"metadata\.yaml"):
        aimd.create_trial(trial_path=source.path)


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        UsageError, match="nowhere is neither a trial directory nor a file; to name the trial: trial_name='nowhere'"
    ):
        aimd.create_trial(trial_path="nowhere")


def test_a_disk_that_refuses_is_one_clear_error(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DiskError, match=r"cannot make a trial here \(No space left on device"):
        aimd.create_trial(trial_name="a")
    assert list((work / ".aimd" / "trials").iterdir()) == []


def test_sixty_four_processes_that_create_one_name_at_once_get_a_directory_each(work: Path) -> None:
    """All wait for the closing of one pipe, so that they create within the same second."""
    done = run_script(
        """
        import os
        from t9k import aimd
        aimd.create_trial
        start, gate = os.pipe()
        children = []
        for number in range(64):
            child = os.fork()
            if not child:
                os.close(gate)
                os.read(start, 1)
                trial = aimd.create_trial(trial_name="same", trial_params={"number": number})
                trial.log("train", {"number": number}, step=number)
                os._exit(0)
            children.append(child)
        os.close(gate)
        statuses = [os.waitpid(child, 0)[1] for child in children]
        print(statuses == [0] * 64)
        """,
        work,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
    trials = find_trials(work)
    assert len({trial.id for trial in trials}) == 64
    assert sorted(trial.parameters["number"] for trial in trials) == list(range(64))  # type: ignore[type-var]
    assert all(trial.totals.metrics["train.number"].last == trial.parameters["number"] for trial in trials)
