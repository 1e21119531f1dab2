import json
import subprocess
import sys
import threading

import pytest

from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.format.labels import MAX_NOTE_CHARS, MAX_TAG_CHARS, Labels, add_tags, read_labels, set_note
from aimd_core.format.layout import LABELS_FILE
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


def record(name: str = "cnn") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    return trial


def test_tags_are_added_once_and_taken_away(home: Home) -> None:
    trial = record()
    assert home.aimd("trial", "tag", "cnn", "baseline", "论文").table[0]["detail"] == "baseline 论文"
    assert home.aimd("trial", "tag", "cnn", "baseline").table[0]["outcome"] == "unchanged"
    assert read_labels(trial.path) == Labels(("baseline", "论文"), "")
    assert home.aimd("trial", "tag", "cnn", "--remove", "baseline").code == 0
    assert read_labels(trial.path).tags == ("论文",)


def test_several_trials_are_tagged_at_once_by_option_or_stdin(home: Home) -> None:
    first, second = record("a"), record("b")
    assert home.aimd("trial", "tag", "-n", "a", "-n", "b", "one", "two").code == 0
    ran = home.aimd_process("trial", "tag", "-", "three", stdin=home.aimd("trial", "ls", "-q").out)
    assert ran.code == 0
    for trial in (first, second):
        assert read_labels(trial.path).tags == ("one", "two", "three")


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "a\tb", "\x1b[2J", "x" * 65, 'q"'])
def test_a_tag_that_is_no_word_is_refused_and_nothing_changes(home: Home, tag: str) -> None:
    trial = record()
    ran = home.aimd("trial", "tag", "cnn", "good", tag)
    assert ran.code == 2
    assert "\x1b" not in ran.err
    assert not (trial.path / LABELS_FILE).exists()


def test_naming_no_tag_is_a_usage_error(home: Home) -> None:
    record()
    assert home.aimd("trial", "tag", "cnn").code == 2
    assert home.aimd("trial", "tag").code == 2


def test_a_note_is_set_printed_replaced_from_stdin_and_taken_away(home: Home) -> None:
    trial = record()
    assert home.aimd("trial", "note", "cnn", "diverged: 'NO'").code == 0
    assert home.aimd("trial", "note", "cnn").out == "diverged: 'NO'\n"
    assert home.aimd_process("trial", "note", "cnn", "-", stdin="two\nlines \x1b[2J\n").code == 0
    assert home.aimd("trial", "note", "cnn").out == "two\nlines \\x1b[2J\n"
    assert home.aimd("trial", "note", "cnn", "").code == 0
    ran = home.aimd("trial", "note", "cnn")
    assert (ran.out, ran.err) == ("", f"{trial.alternative_name} has no note\n")


def test_labels_written_by_hand_are_taken_as_text(home: Home) -> None:
    trial = record()
    (trial.path / LABELS_FILE).write_text("tags: [v1, 2, 2024-01-01]\nnote: 5\n")
    assert read_labels(trial.path) == Labels(("v1", "2", "2024-01-01"), "")


def test_damaged_labels_are_reported_and_not_replaced(home: Home) -> None:
    trial = record()
    (trial.path / LABELS_FILE).write_text("{ not yaml")
    assert home.aimd("trial", "tag", "cnn", "x").code == 6
    assert (trial.path / LABELS_FILE).read_text() == "{ not yaml"
    assert home.aimd("trial", "ls").code == 0


def test_two_writers_at_once_lose_nothing_of_each_other(home: Home) -> None:
    trial = record()
    threads = [threading.Thread(target=add_tags, args=(trial.path, [f"t{number}"])) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_labels(trial.path).tags) == {f"t{number}" for number in range(16)}


def test_a_note_and_tags_do_not_disturb_each_other(home: Home) -> None:
    trial = record()
    set_note(trial.path, "note")
    add_tags(trial.path, ["tag"])
    assert read_labels(trial.path) == Labels(("tag",), "note")


def test_a_renamed_trial_keeps_its_id_date_suffix_and_points(home: Home) -> None:
    trial = record()
    ran = home.aimd("trial", "rename", "cnn", "基线")
    assert ran.code == 0
    renamed = trial.path.with_name(trial.alternative_name.replace("cnn", "基线"))
    assert ran.table[0]["detail"] == renamed.name
    assert not trial.path.exists()
    (listed,) = home.aimd("trial", "ls", "--json").json["trials"]
    assert (listed["name"], listed["id"], listed["metrics"]["train.loss"]["count"]) == ("基线", trial.id, 1)


def test_a_running_trial_is_neither_renamed_nor_removed(home: Home) -> None:
    code = (
        "import sys; from t9k import aimd; t = aimd.create_trial(trial_name='r'); t.log('a', {'b': 1}, 1)\n"
        "print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        training.stdout.readline()
        for words in (("rename", "r", "s"), ("rm", "r", "--yes")):
            ran = home.aimd("trial", *words)
            assert ran.code == 1
            assert "is Running" in ran.err
            assert "aimd trial wait" in ran.err
        assert len(home.aimd("trial", "ls").table) == 1


@pytest.mark.parametrize("name", ["a/b", "..", "", "x\ny", "y" * 201])
def test_a_name_that_no_directory_can_have_is_refused(home: Home, name: str) -> None:
    trial = record()
    assert home.aimd("trial", "rename", "cnn", name).code == 2
    assert trial.path.exists()


def test_a_rename_overwrites_nothing_and_leaves_the_metadata_as_it_was(home: Home) -> None:
    trial = record()
    metadata = (trial.path / "metadata.yaml").read_bytes()
    other = trial.path.with_name(trial.alternative_name.replace("cnn", "other"))
    other.mkdir()
    (other / "file").write_text("kept")
    ran = home.aimd("trial", "rename", trial.alternative_name, "other")
    assert ran.code == 1
    assert "nothing was overwritten" in ran.err
    assert (trial.path / "metadata.yaml").read_bytes() == metadata
    assert (other / "file").read_text() == "kept"


def test_tags_and_notes_are_the_same_on_the_server(home: Home, signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="labelled")
    trial.finish()

    def remote(code: int = 0) -> tuple[list[str], str]:
        assert home.aimd("trial", "upload", "-d", ".").code == code
        (row,) = home.aimd("trial", "ls", "--remote", "--json").json["trials"]
        return row["tags"], row["note"]

    assert remote() == ([], "")
    home.aimd("trial", "tag", "labelled", "base", "v2")
    home.aimd("trial", "note", "labelled", "a note")
    assert remote() == (["base", "v2"], "a note")
    with Server(Credentials(signed_in.url, signed_in.key, {})) as server:  # somebody changes them in the console
        server.call(None, "PATCH", f"/trials/{trial.id}", document={"tags": ["seen"], "note": "good"})
    assert remote() == (["seen"], "good")
    longest = "标" * MAX_TAG_CHARS
    home.aimd("trial", "tag", "labelled", longest)
    assert remote() == (["base", "v2", longest], "a note")
    (trial.path / "labels.yaml").write_text("tags: [ok, 'a,b', 7, '']\nnote: [no, text]\n")
    assert remote(code=8) == (["ok", "7"], "")
    (trial.path / "labels.yaml").write_text(json.dumps({"tags": ["two words"], "note": "n" * (MAX_NOTE_CHARS + 1)}))
    assert remote(code=8) == (["two words"], "n" * MAX_NOTE_CHARS)
    assert "the server refuses the note beyond 65,536 characters" in home.aimd("trial", "upload", "labelled").err
    (trial.path / "labels.yaml").unlink()
    assert remote() == ([], "")
    (trial.path / "labels.yaml").write_text("tags: [damaged\n")
    assert remote(code=8) == ([], "")
