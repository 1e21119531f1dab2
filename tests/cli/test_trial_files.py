"""The files of a trial: saved or put there, uploaded, listed, downloaded, checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aimd_core.config import resolve_credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, Result, upload_all
from aimd_core.upload.following import Follower
from aimd_core.upload.remote import CurrentRemote
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.v1_server import DeployedTestServer


@pytest.fixture
def trial(home: Home) -> aimd.Trial:
    made = aimd.create_trial(trial_name="cnn", capture_output=False)
    made.log("train", {"loss": 0.5}, step=1)
    (home.work / "model.bin").write_bytes(os.urandom(700_000))
    (home.work / "config.yaml").write_text("lr: 0.1\n")
    made.save("model.bin", "weights/model.bin")
    made.save("config.yaml")
    by_hand = made.path / "files" / "notes" / "文件 1.txt"
    by_hand.parent.mkdir()
    by_hand.write_text("put there by hand")
    (made.path / "files" / "empty").write_bytes(b"")
    made.finish()
    return made


def contents(directory: Path) -> dict[str, bytes]:
    """Return all bytes of a trial's directory, but for what this host remembers of it."""
    files = [path for path in directory.rglob("*") if path.is_file() and path.name != ".digests"]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def download(home: Home, trial: aimd.Trial, to: str = "elsewhere") -> Path:
    ran = home.aimd("trial", "download", trial.id, "--to", to)
    assert ran.code == 0, ran.err
    return home.work / to / ".aimd" / "trials" / trial.alternative_name


def test_a_download_gives_back_every_byte_of_the_directory(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    ran = home.aimd("trial", "upload", "cnn")
    assert (ran.code, ran.table[0]["outcome"], ran.table[0]["files"]) == (0, "created", "4")
    back = download(home, trial)
    assert contents(back) == contents(trial.path)
    assert "weights/model.bin" in "".join(contents(back))
    again = home.aimd("trial", "upload", "cnn")
    assert (again.table[0]["outcome"], again.table[0]["sent_bytes"]) == ("unchanged", "0")
    checked = home.aimd("trial", "upload", "cnn", "--check")
    assert (checked.code, {row["outcome"] for row in checked.table}) == (0, {"same"})
    assert home.aimd("trial", "verify", "-p", back).code == 0


def test_a_download_that_was_cut_off_goes_on_where_it_ended(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    partial = home.work / "elsewhere" / ".aimd" / "trials" / f".{trial.id}.partial" / "files"
    (partial / "weights").mkdir(parents=True)
    whole = (trial.path / "files" / "weights" / "model.bin").read_bytes()
    (partial / "weights" / "model.bin").write_bytes(whole[:500_000])
    (partial / "config.yaml").write_text("lr: 0.9\n")  # other bytes of the same size
    (partial / "was there before").write_text("gone on the server")
    ran = home.aimd("trial", "download", trial.id, "--to", "elsewhere", "--json")
    back = home.work / "elsewhere" / ".aimd" / "trials" / trial.alternative_name
    assert contents(back) == contents(trial.path)
    assert ran.json["summary"]["received_bytes"] < 220_000


def test_only_what_changed_is_sent_and_read_again(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    (trial.path / "files" / "notes" / "文件 1.txt").write_text("changed")
    (trial.path / "files" / "new").write_text("new one")
    planned = home.aimd("trial", "upload", "cnn", "--dry-run")
    assert (planned.table[0]["files"], planned.table[0]["remaining_bytes"]) == ("2", "14")
    check = home.aimd("trial", "upload", "cnn", "--check")
    assert check.code == 1
    assert {row["file"] for row in check.table} == {"files/notes/文件 1.txt", "files/new"}
    ran = home.aimd("trial", "upload", "cnn")
    assert (ran.table[0]["outcome"], ran.table[0]["files"], ran.table[0]["sent_bytes"]) == ("updated", "2", "14")
    assert contents(download(home, trial)) == contents(trial.path)


def test_what_is_gone_here_stays_there_unless_overwritten(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    (trial.path / "files" / "config.yaml").unlink()
    ran = home.aimd("trial", "upload", "cnn")
    assert ran.code == 0
    assert "gone here and kept on the server: 1 file" in ran.table[0]["note"]
    assert (download(home, trial) / "files" / "config.yaml").exists()
    check = home.aimd("trial", "upload", "cnn", "--check")
    assert (check.code, [row["note"] for row in check.table]) == (1, ["is gone here"])
    assert "--overwrite" in check.err
    assert home.aimd("trial", "upload", "cnn", "--overwrite").code == 0
    assert not (download(home, trial, "third") / "files" / "config.yaml").exists()


def test_a_directory_in_place_of_a_file_comes_back_too(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    (trial.path / "files" / "config.yaml").unlink()
    (trial.path / "files" / "config.yaml" / "sub").mkdir(parents=True)
    (trial.path / "files" / "config.yaml" / "sub" / "a").write_text("a")
    ran = home.aimd("trial", "upload", "cnn")
    assert (ran.code, ran.table[0]["outcome"]) == (0, "updated")
    assert "kept on the server" not in ran.table[0]["note"]
    assert contents(download(home, trial)) == contents(trial.path)


def test_what_cannot_be_sent_is_named_and_the_rest_is_there(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    files = trial.path / "files"
    (files / "link").symlink_to("/etc/passwd")
    os.mkfifo(files / "pipe")
    Path(os.fsdecode(os.fsencode(files) + b"/\xff\xfe")).write_text("not UTF-8")
    (files / "line\nbreak").write_text("x")
    (files / ("n" * 255)).write_text("the longest name")
    (files / "Case").write_text("1")
    (files / "case").write_text("2")
    ran = home.aimd("trial", "upload", "cnn", "--json")
    assert ran.code == 8
    refused = {row["what"]: row["reason"] for row in ran.json["uploads"][0]["unsent"]}
    assert refused == {
        "files/link": "is a link, which is not followed",
        "files/pipe": "is not a regular file",
        "files/\\xff\\xfe": "its name cannot be used: it is not valid Unicode",
        "files/line\nbreak": "its name cannot be used: it contains a control character or an invisible one",
    }
    listed = home.aimd("trial", "files", "cnn", "--remote", "--json").json["files"]
    assert {"n" * 255, "Case", "case", "empty"} <= {row["path"] for row in listed}
    check = home.aimd("trial", "upload", "cnn", "--check")
    assert (check.code, len(check.table)) == (1, 4)


def test_files_are_listed_here_and_there_alike(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    here = home.aimd("trial", "files", "cnn")
    assert [row["path"] for row in here.table] == ["config.yaml", "empty", "notes/文件 1.txt", "weights/model.bin"]
    assert [row["size_bytes"] for row in here.table] == ["8", "0", "17", "700000"]
    there = home.aimd("trial", "files", "cnn", "--remote")
    assert there.out == here.out
    assert (
        home.aimd("trial", "files", "cnn", "--json").json
        == home.aimd("trial", "files", trial.id, "--remote", "--json").json
    )


def test_describe_says_how_many_files_there_are(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    for options in ((), ("--remote",)):
        assert home.aimd("trial", "describe", "cnn", "--json", *options).json["trials"][0]["files"] == {
            "count": 4,
            "size_bytes": 700_025,
        }


def test_patterns_of_aimdignore_are_left_out(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    (home.work / ".aimdignore").write_text("*.bin\nnotes/\n")
    ran = home.aimd("trial", "upload", "cnn")
    assert (ran.code, ran.table[0]["files"]) == (0, "2")
    assert "left out by .aimdignore: 2 files" in ran.table[0]["note"]
    listed = home.aimd("trial", "files", "cnn", "--remote").table
    assert [row["path"] for row in listed] == ["config.yaml", "empty"]


def test_anything_else_in_the_directory_is_named(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    (trial.path / "stray.txt").write_text("not below files/")
    ran = home.aimd("trial", "upload", "cnn")
    assert "stray.txt" in ran.table[0]["note"]
    assert "files" not in ran.table[0]["note"].replace("other files", "")
    assert "stray.txt" in home.aimd("trial", "upload", "cnn", "--check").table[0]["note"]


def test_a_flipped_bit_in_a_kept_file_is_damage(home: Home, trial: aimd.Trial) -> None:
    path = trial.path / "files" / "weights" / "model.bin"
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[300_000] ^= 16
    path.chmod(0o644)
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    ran = home.aimd("trial", "verify", "cnn", "--json")
    assert ran.code == 6
    (damaged,) = [file for file in ran.json["trials"][0]["files"] if file["faults"]]
    assert (damaged["file"], damaged["faults"]) == (
        "files/weights/model.bin",
        ["does not match its digest"],
    )


def test_the_memory_of_digests_may_be_lost(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    home.aimd("trial", "upload", "cnn")
    memory = trial.path / ".digests"
    for content in (b"", b"[1\n", b"\xff" * 50, memory.read_bytes()[:-20]):
        memory.write_bytes(content)
        assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "unchanged"
    memory.unlink()
    assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "unchanged"


def test_a_copy_of_the_directory_has_its_files(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    copied = home.work / "backup" / trial.alternative_name
    shutil.copytree(trial.path, copied)
    shutil.rmtree(home.work / ".aimd")
    assert home.aimd("trial", "upload", "-p", copied).table[0]["files"] == "4"
    assert contents(download(home, trial)) == contents(copied)
    assert Trial(copied).name == "cnn"


def test_a_file_that_comes_while_trials_are_followed_is_sent(home: Home, signed_in: Account, trial: aimd.Trial) -> None:
    credentials = resolve_credentials()

    def upload(trials: Sequence[Trial]) -> Iterator[Result]:
        return upload_all(lambda: CurrentRemote(credentials), trials, Destination())

    follower = Follower(lambda: [Trial(trial.path)], upload)
    assert [result.uploaded.outcome for result in follower.round() if result.uploaded] == ["created"]
    assert list(follower.round()) == []
    (trial.path / "files" / "notes" / "later.txt").write_text("saved later")
    assert [result.uploaded.sent_files for result in follower.round() if result.uploaded] == [1]
    assert list(follower.round()) == []


def test_a_version_1_server_takes_no_files_and_the_upload_says_so(home: Home, trial: aimd.Trial) -> None:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        ran = home.aimd("trial", "upload", "cnn")
    assert (ran.code, ran.table[0]["outcome"]) == (0, "created")
    assert ran.table[0]["note"] == "not uploaded: 4 files in files/, which version 1 does not take"
