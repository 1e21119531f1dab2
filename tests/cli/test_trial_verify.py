import json
import os
from pathlib import Path

import pytest

from t9k import aimd
from tests.support.home import Home


def record(name: str = "cnn") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, trial_params={"lr": 0.1})
    for step in range(1, 6):
        trial.log("train", {"loss": 1 / step}, step=step)
    trial.finish()
    return trial


def faults(home: Home, name: str = "cnn") -> dict[str, list[str]]:
    ran = home.aimd("trial", "verify", name, "--json")
    (trial,) = ran.json["trials"]
    found = {file["file"]: file["faults"] for file in trial["files"] if file["faults"]}
    assert trial["damaged"] is bool(found)
    assert ran.code == (6 if found else 0)
    return found


def state_of(path: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir() if file.is_file()}


def test_an_intact_trial_is_read_whole_and_not_changed(home: Home) -> None:
    trial = record()
    before = state_of(trial.path)
    ran = home.aimd("trial", "verify")
    assert ran.code == 0
    assert {row["file"]: row["size_bytes"] for row in ran.table} == {k: str(len(v)) for k, (v, _) in before.items()}
    assert next(row["records"] for row in ran.table if row["file"] == "metrics") == "5"
    assert state_of(trial.path) == before


def test_damaged_lines_are_named_by_number_in_a_sentence_and_exit_6(home: Home) -> None:
    trial = record()
    journal = trial.path / "metrics"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[1] = b"\0" * 20 + b"\n"
    lines[3] = b'{"train": {"value": {"loss": "high"}, "sequence": {"step": 4}}}\n'
    journal.write_bytes(b"".join(lines) + b'{"train": {"va')
    found = faults(home)["metrics"]
    assert found == [
        "damaged: line 2",
        "record without step or numbers: line 4",
        "line 6 is half-written (14 bytes at the end)",
    ]
    ran = home.aimd("trial", "verify")
    assert "1 of 1 trials are damaged" in ran.err
    shown = home.aimd_terminal("trial", "verify", columns=200, NO_COLOR="1")
    assert f"{journal}: damaged: line 2" in shown


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("metadata.yaml", b"{ not yaml", "not valid YAML"),
        ("metadata.yaml", b"kind: Trial\n", "metadata"),
        ("metadata.yaml", b"metadata: {id: x, name: y}\nstatus: Dancing\nstartTime: soon\n", "Dancing"),
        ("parameters.yaml", b"- 1\n", "not a mapping"),
        ("process.json", b"{", "line 1 is not valid JSON"),
        ("labels.yaml", b"tags: [", "not valid YAML"),
        ("stdout.log", b"fine\n\0\0\nfine\n", "NUL bytes in line 2"),
    ],
)
def test_damage_of_every_file_is_found(home: Home, file: str, content: bytes, said: str) -> None:
    trial = record()
    (trial.path / file).write_bytes(content)
    found = faults(home)
    assert list(found) == [file]
    assert any(said in fault for fault in found[file])


def test_missing_documents_are_damage_and_a_missing_output_is_not(home: Home) -> None:
    trial = record()
    (trial.path / "parameters.yaml").unlink()
    assert faults(home) == {"parameters.yaml": ["is missing"]}


def test_a_directory_in_the_place_of_a_file_is_damage(home: Home) -> None:
    trial = record()
    (trial.path / "metrics").unlink()
    (trial.path / "metrics").mkdir()
    assert faults(home) == {"metrics": ["is not a plain file"]}


def test_one_bad_file_hides_no_other_and_one_trial_no_other(home: Home) -> None:
    bad, good = record("bad"), record("good")
    (bad.path / "metadata.yaml").write_bytes(b"{")
    (bad.path / "metrics").write_bytes(b"x\n")
    ran = home.aimd("trial", "verify", "--json")
    by_name = {trial["name"]: trial for trial in ran.json["trials"]}
    assert ran.code == 6
    assert not by_name[good.alternative_name]["damaged"]
    damaged = [file["file"] for file in by_name[bad.alternative_name]["files"] if file["faults"]]
    assert damaged == ["metadata.yaml", "metrics"]


def test_links_pipes_and_leftovers_are_told_and_never_followed(home: Home) -> None:
    trial = record()
    (trial.path / "link").symlink_to("/etc/passwd")
    (trial.path / "metadata.yaml.1-ab.partial").write_bytes(b"")
    ran = home.aimd("trial", "verify", "--json")
    (found,) = ran.json["trials"]
    assert ran.code == 0
    assert len(found["notes"]) == 2
    os.mkfifo(trial.path / "pipe")
    assert faults(home) == {"pipe": ["is not a plain file"]}


def test_a_running_trial_may_be_in_the_middle_of_a_line(home: Home) -> None:
    trial = aimd.create_trial(trial_name="cnn")
    trial.log("train", {"loss": 1.0}, step=1)
    with (trial.path / "metrics").open("ab") as journal:
        journal.write(b'{"train"')
    assert faults(home) == {}
    trial.finish()
    assert list(faults(home)) == ["metrics"]


def test_every_flipped_structural_byte_is_found(home: Home) -> None:
    trial = record()
    journal = trial.path / "metrics"
    intact = journal.read_bytes()
    line_length = intact.index(b"\n")
    for position in range(line_length):
        if intact[position : position + 1] in b'{}":,':
            journal.write_bytes(intact[:position] + b"\x01" + intact[position + 1 :])
            assert "line 1" in json.dumps(faults(home)["metrics"]), position
