"""Every command takes trials wherever they lie, and prints the same: one matrix of commands and sources."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import pytest

from aimd_core.client.v2 import Server, pack
from aimd_core.config import Credentials
from aimd_core.errors import NotFoundError
from aimd_core.sources.handles import LineRequest, facts_of
from aimd_core.sources.naming import TrialFinder
from t9k import aimd
from tests.cli.test_trial_media import PNG
from tests.conftest import Account
from tests.server.api import new_id, wish
from tests.support.home import Home, Ran
from tests.support.trials import TRIAL_ID
from tests.support.v1_server import DeployedTestServer

ALIKE = {
    "describe": ["describe"],
    "describe everything": ["describe", "-a"],
    "describe as JSON": ["describe", "--json"],
    "plot": ["plot"],
    "plot two metrics": ["plot", "-m", "val.acc", "-m", "train.loss", "--smooth", "0.6"],
    "plot epochs as JSON": ["plot", "-m", "val.acc", "--x", "epoch", "--json"],
    "plot time": ["plot", "-m", "train.loss", "--x", "time"],
    "plot by another metric": ["plot", "-m", "val.acc", "--x", "train.loss"],
    "plot a histogram": ["plot", "--hist", "train.loss"],
    "plot a heat map": ["plot", "--heatmap", "*.*"],
    "plot against each other": ["plot", "--scatter", "val.acc", "train.loss", "--json"],
    "plot all segments": ["plot", "-m", "train.loss", "--all-segments"],
    "logs": ["logs"],
    "tail of logs": ["logs", "--tail", "2"],
    "follow logs": ["logs", "-f"],
    "logs as JSON": ["logs", "--json"],
    "export": ["export"],
    "export wide": ["export", "--wide", "--format", "jsonl"],
    "export all segments": ["export", "--all-segments", "-m", "train.loss"],
    "export media": ["export", "--media"],
    "files": ["files"],
    "files as JSON": ["files", "--json"],
    "media": ["media"],
    "media as JSON": ["media", "--json"],
    "a table": ["media", "TRIAL", "rows", "--sort=-a"],
    "a text": ["media", "TRIAL", "notes"],
    "a picture as JSON": ["media", "TRIAL", "faces", "--json"],
    "wait": ["wait"],
    "wait until": ["wait", "--until", "train.loss < 1"],
    "verify": ["verify"],
    "verify as JSON": ["verify", "--json"],
}
SEVERAL = {
    "compare": ["compare"],
    "compare everything as JSON": ["compare", "--all", "--json"],
    "compare groups": ["compare", "--group-by", "params.optim.lr", "--format", "csv"],
    "plot": ["plot", "-m", "train.loss"],
    "compare by a metric": ["compare", "-m", "test.zeta", "--format", "md"],
    "plot parallel": ["plot", "--parallel", "-m", "val.acc"],
    "plot as JSON": ["plot", "-m", "train.grad", "--json"],
    "check": ["check"],
    "check as JSON": ["check", "--json"],
    "export": ["export", "-m", "val.acc"],
}


@pytest.fixture
def trials(home: Home, signed_in: Account) -> list[str]:
    """Three trials in the working directory, uploaded, of which one went back and printed something."""
    names = []
    for number, accuracy in enumerate((0.7, 0.9, 0.8)):
        with aimd.create_trial(
            trial_name=f"run{number}",
            folder_path="vision/resnet",
            make_folder=True,
            trial_params={"optim": {"lr": 0.1 / (number + 1), "betas": [0.9, 0.99]}, "batch": 32},
        ) as trial:  # nothing is recorded in the order of the alphabet, and types take turns
            for step in range(20):
                trial.log("train", {"loss": 2.0 / (step + 1), "grad": step / 7}, step=step, epoch=step // 5)
                if step % 5 == 4:
                    trial.log("test", {"zeta": step * 1.5, "ece": 0.1}, step=step, epoch=step // 5)
                    trial.log("train", {"clipped": step}, step=step, epoch=step // 5)
            trial.log("val", {"loss": 1.0 - accuracy, "acc": accuracy}, step=19, epoch=3)
            trial.log_text("notes", f"text of {number}", step=3)
            trial.log_table("rows", [{"z": number, "a": 0.5}, {"z": 2, "a": 1.5}], step=4)
            trial.log_image("faces", PNG, step=5)
            (trial.path / "files").mkdir(exist_ok=True)
            (trial.path / "files" / "out.txt").write_text("kept")
            (trial.path / "files" / "again.csv").write_text("a,b\n")
        (trial.path / "stdout.log").write_text("".join(f"line {line} \x1b[1mof\x1b[0m {number}\n" for line in range(9)))
        names.append(trial.alternative_name)
    back = aimd.load_trial(trial_name="run1", from_step=10)
    for step in range(10, 15):
        back.log("train", {"loss": 0.5 / (step + 1)}, step=step, epoch=step // 5)
    back.log("val", {"acc": 0.9}, step=14, epoch=2)
    back.finish()
    (back.path / "git.diff").write_text("+one\n-two\n")
    assert home.aimd("trial", "tag", "run1", "zeta", "alpha").code == 0
    assert home.aimd("trial", "note", "run1", "went back").code == 0
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 0, ran.err
    return names


def _of(words: list[str], name: str) -> list[str]:
    """Return the words of a command with the name of a trial in its place, or at their end."""
    return [name if word == "TRIAL" else word for word in words] if "TRIAL" in words else [*words, name]


def _placeless(ran: Ran, home: Home) -> tuple[int, str]:
    """Return what was printed without where the trials lie."""
    text = re.sub(r"remote:/vision/resnet/run\d", "PLACE", ran.out)
    text = re.sub(r"(uploaded\.\S+\t\S+|\"at\":) .*", r"\1 WHEN", text)  # each side's own clock
    text = re.sub(re.escape(str(home.work)) + r"/\.aimd/trials/run\d_\d+_\d+_[a-z0-9]+", "PLACE", text)
    return ran.code, text


@pytest.mark.usefixtures("trials")
def test_a_command_prints_the_same_of_a_trial_here_and_on_a_server(home: Home) -> None:
    for words in ALIKE.values():
        here, there = (home.aimd("trial", *_of(words, name)) for name in ("run1", "remote:/vision/resnet/run1"))
        assert here.out, (words, here.err)
        assert _placeless(there, home) == _placeless(here, home), (words, there.err)
        assert there.err == here.err, words


@pytest.mark.usefixtures("trials")
def test_a_command_prints_the_same_of_several_trials_in_any_mixture_of_sources(home: Home) -> None:
    for words in SEVERAL.values():
        end = ["val.acc >= best(all) - 0.05"] if words[0] == "check" else []
        here = home.aimd("trial", *words, "run0", "run1", "run2", *end)
        there = home.aimd("trial", *words, "--remote", "run0", "run1", "run2", *end)
        mixed = home.aimd("trial", *words, "run0", "remote:run1", "run2", *end)
        assert here.out, (words, here.err)
        for other in (there, mixed):
            assert _placeless(other, home) == _placeless(here, home), (words, other.err)
            assert other.err == here.err, words


LISTS = {
    "ls": [],
    "ls in detail": ["-d"],
    "ls of some": ["run1", "val.acc > 0.5", "--sort=-val.acc"],
    "ls of columns": ["--columns", "name,params.optim.lr,train.grad.max,tags"],
    "ls with more columns": ["--columns", "+test.ece"],
    "ls of what differs": ["--only-changed"],
    "ls by state": ["--only", "succeeded", "-L", "2"],
    "ls in groups": ["--group-by", "params.batch"],
    "ls as CSV": ["--format", "csv"],
    "ls as Markdown": ["--format", "md"],
    "ls as JSON": ["--json"],
}


@pytest.mark.usefixtures("trials")
def test_a_list_is_the_same_of_a_directory_and_of_a_folder(home: Home) -> None:
    for words in LISTS.values():
        here, there = (home.aimd("trial", "ls", place, *words) for place in (".", "remote:/vision/resnet"))
        assert here.out, (words, here.err)
        assert _placeless(there, home) == _placeless(here, home), (words, there.err)
        assert there.err == here.err, words


@pytest.mark.usefixtures("trials")
def test_a_trial_and_its_copy_on_a_server_are_told_apart_by_their_places(home: Home) -> None:
    compared = home.aimd("trial", "compare", "run0", "remote:run0")
    (places,) = [line.split("\t") for line in compared.out.splitlines() if line.startswith("place\t")]
    assert places[2] == "remote:/vision/resnet/run0"
    plotted = home.aimd("trial", "plot", "run0", "remote:run0", "-m", "train.loss")
    assert [f"{place}: train.loss" in plotted.out for place in places[1:]] == [True, True]


WRONG = {
    "a short name that no server has": ("elsewhere:/vision/run0", 3, "aimd login -H URL --as NAME"),
    "a name that several have": ("remote:run", 2, "remote:/vision/resnet/run0"),
    "a name that none has": ("remote:/vision/nothing", 3, "/vision on http"),
    "a folder that is not there": ("remote:/nowhere/run0", 3, "aimd folder tree"),
    "an id that is not there": (f"remote:{TRIAL_ID}", 3, TRIAL_ID),
    "no way to choose": ("@newest", 2, "@latest"),
    "nothing that runs": ("@running", 3, "is Running"),
    "nothing that failed": ("remote:@failed", 3, "is Failed"),
    "a metric that none has": ("remote:@best(val.f1)", 3, "val.acc"),
    "a metric of unknown direction": ("@best(val.size)", 2, "@best(val.size:max)"),
    "no metric": ("@best(params.lr)", 2, "@best(val.acc)"),
}


@pytest.mark.usefixtures("trials")
def test_a_name_that_means_nothing_is_an_error_that_says_what_to_do(home: Home) -> None:
    for what, (name, code, advice) in WRONG.items():
        ran = home.aimd("trial", "describe", name)
        assert (ran.code, ran.out) == (code, ""), what
        assert advice in ran.err, what


@pytest.mark.parametrize("source", [[], ["--remote"]])
def test_trials_are_chosen_by_what_is_known_of_them(home: Home, trials: list[str], source: list[str]) -> None:
    def chosen(*names: str) -> list[str]:
        ran = home.aimd("trial", "describe", *source, *names, "--json")
        assert ran.code == 0, ran.err
        return [trial["alternative_name"] for trial in ran.json["trials"]]

    assert chosen("@latest") == [trials[2]]
    assert chosen("@latest(2)") == [trials[2], trials[1]]
    assert chosen("@best(val.acc)") == chosen("@best:val.acc.max") == [trials[1]]
    assert chosen("@best(train.loss)") == [trials[1]]  # less is better
    assert chosen("@best(train.loss:max)") == [trials[2]] or chosen("@best(train.loss:max)") == [trials[0]]
    assert chosen("@best(-val.acc)") == chosen("@best(val.acc:min)") == [trials[0]]
    assert chosen("run1", trials[1], "@best(val.acc)") == [trials[1]]
    assert chosen("@succeeded") == [trials[2], trials[1], trials[0]]
    with aimd.create_trial(trial_name="now") as running:
        if source:
            assert home.aimd("trial", "upload", "now", "-P", "vision", "-m").code == 0
        assert chosen("@running") == [running.alternative_name]


def test_a_folder_of_a_server_is_a_place_like_a_directory(home: Home, trials: list[str], signed_in: Account) -> None:
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    assert home.aimd("config", "hosts").table == [
        {"host": signed_in.url, "active": "true", "has_key": "true", "name": "team"}
    ]
    here = home.aimd("trial", "export", "-d", ".")
    for words in (["-d", "team:/vision"], ["team:/vision/"], ["-d", "/vision/resnet", "--remote"], ["team:"]):
        assert home.aimd("trial", "export", *words).out == here.out, words
    (run1,) = home.aimd("trial", "describe", "run1", "-d", "team:/vision", "--json").json["trials"]
    assert run1["place"] == "team:/vision/resnet/run1"
    assert {row["name"] for row in home.aimd("trial", "ls", "team:/vision").table} == set(trials)
    assert home.aimd("trial", "ls", "team:", "run1", "-q").out.strip() == run1["id"]
    there = home.aimd("trial", "download", "team:/vision/", "--to", "copy")
    assert [row["outcome"] for row in there.table] == ["downloaded"] * 3
    assert home.aimd("logout", "team", "-H").code == 0
    assert home.aimd("trial", "describe", "team:run1").code in (2, 3)


def test_a_folder_of_a_server_is_never_taken_for_a_path_on_this_disk(
    home: Home, trials: list[str], signed_in: Account
) -> None:
    asked: list[Path] = []
    with TrialFinder(stores=lambda path: asked.append(path)) as finder:
        with pytest.raises(NotFoundError):
            finder.named("./absent")
        assert asked == [Path()]  # a path on this disk is looked at
        (named,) = finder.named("remote:/run1")
        assert named.address == "remote:/vision/resnet/run1"
    with TrialFinder("remote:/vision", stores=lambda path: asked.append(path)) as finder:
        (named,) = finder.named("resnet/run1")
        assert named.address == "remote:/vision/resnet/run1"
    assert asked == [Path()]


def test_a_trial_in_the_trash_of_a_server_is_named_with_its_folder(
    home: Home, trials: list[str], signed_in: Account
) -> None:
    for name in ("remote:/vision/resnet/run1", "remote:/vision/run1", "remote:/run1"):
        assert home.aimd("trial", "rm", name, "-y").code == 0
        assert home.aimd("trial", "restore", "remote:/elsewhere/run1").code == 3
        (row,) = home.aimd("trial", "restore", name).table
        assert (row["outcome"], row["detail"]) == ("restored", "remote:/vision/resnet/run1")


def test_a_trial_that_is_not_here_but_was_listed_on_the_server_is_told(home: Home, trials: list[str]) -> None:
    assert home.aimd("trial", "rm", "run0", "-y").code == 0
    assert home.aimd("trial", "ls", "--remote").code == 0
    ran = home.aimd("trial", "plot", "run0")
    assert (ran.code, "remote:/vision/resnet/run0" in ran.err) == (3, True)


def test_servers_that_cannot_be_asked_have_their_exit_codes(home: Home, account: Account) -> None:
    assert home.aimd("trial", "describe", "--remote", "x").code == 4
    home.write_config(f"aimd_host: http://127.0.0.1:9/away\napi_key: {account.key}\n")
    assert home.aimd("trial", "plot", "remote:x").code == 5
    home.write_config(f"aimd_host: {account.url}\napi_key: {TRIAL_ID}\n")
    assert home.aimd("trial", "logs", "remote:x").code == 4
    with DeployedTestServer() as old:
        home.write_config(f"aimd_host: {old.url}\napi_key: {old.key}\n")
        ran = home.aimd("trial", "export", "--remote", "x")
    assert (ran.code, "version 1" in ran.err) == (1, True)


def test_output_of_a_running_trial_is_followed_on_a_server_until_it_ends(home: Home, signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="now", capture_output=False)
    output = trial.path / "stdout.log"

    def upload() -> None:
        assert home.aimd("trial", "upload", "now", "-P", "/", "-m").code == 0

    output.write_text("one\ntw")
    upload()
    with TrialFinder() as finder:
        (followed,) = finder.named("remote:now")
        lines = followed.follow_output()
        assert [next(lines), next(lines)] == ["one", None]
        with output.open("a") as file:
            file.write("o\nthree")
        upload()
        assert [next(lines), next(lines)] == ["two", None]
        trial.finish()
        upload()
        assert list(lines) == ["three"]
        assert list(followed.follow_output(1)) == ["three"]


def test_a_trial_of_a_client_of_version_1_is_read_without_the_name_of_its_directory(
    home: Home, signed_in: Account
) -> None:
    trial_id = new_id()
    line = b'{"train": {"value": {"loss": 0.5}, "sequence": {"epoch": 1, "step": 1, "timestamp": "x"}}}\n'
    with Server(Credentials(signed_in.url, signed_in.key, {})) as server:
        server.put_trial(trial_id, wish("old", alternative_name=None))
        server.append(trial_id, "metrics", 0, pack(line))
    ran = home.aimd("trial", "export", "remote:old")
    assert ran.out.split() == ["trial,metric,step,epoch,timestamp,value", "old,train.loss,1,1,x,0.5"]
    assert home.aimd("trial", "plot", "remote:old", "--all-segments").code == 0
    assert home.aimd("trial", "check", "remote:old", "train.loss <= best(all)").code == 0
    assert home.aimd("trial", "check", "-d", "remote:/", "old", "train.loss <= best(all)").code == 0
    with TrialFinder() as finder, Server(Credentials(signed_in.url, signed_in.key, {})) as server:
        (trial,) = finder.named("remote:old")
        assert (trial.directory() / "metrics").read_bytes() == line
        server.append(trial_id, "metrics", len(line), pack(line))
        assert (trial.directory() / "metrics").read_bytes() == line + line


def test_many_ids_are_asked_for_together(
    home: Home, trials: list[str], signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = home.aimd("trial", "ls", "--remote", "-q").out.split()
    asked: list[str] = []
    send = Server.send

    def seen(self: Server, method: str, path: str, **how: Any) -> Any:
        asked.append(path)
        return send(self, method, path, **how)

    monkeypatch.setattr(Server, "send", seen)
    assert home.aimd("trial", "compare", "--remote", *ids).code == 0
    assert [path.rpartition("/")[2] for path in asked] == ["batch", "baseline"]


CHANGES = {
    "tag": (["tag", "run0", "b", "a"], ["tag", "run0", "--remove", "b"]),
    "note": (["note", "run0", "看\nhere"], ["note", "run0"]),
    "as JSON": (["tag", "run1", "b", "--json"], ["note", "run1", "n", "--json"], ["note", "run1", "--json"]),
    "remove and restore": (["rm", "run0", "--yes"], ["restore", "run0"]),
}


@pytest.mark.usefixtures("trials")
def test_a_trial_is_changed_the_same_way_here_and_on_a_server(home: Home) -> None:
    for steps in CHANGES.values():
        for command, name, *more in steps:
            here = home.aimd("trial", command, name, *more)
            there = home.aimd("trial", command, "--remote", name, *more)
            assert here.code == 0, here.err
            assert (there.code, there.err) == (0, ""), command
            if command in ("rm", "restore"):  # whose detail is where it is now
                assert [row["outcome"] for row in there.table] == [row["outcome"] for row in here.table]
            else:
                assert there.out == here.out
    assert home.aimd("trial", "describe", "remote:run0", "--json").json["trials"][0]["tags"] == ["a"]


def test_a_trial_on_a_server_is_renamed_and_moved_by_what_each_command_prints(home: Home, trials: list[str]) -> None:
    renamed = home.aimd("trial", "rename", "remote:/vision/resnet/run0", "first")
    assert renamed.table == [{"name": trials[0], "outcome": "renamed", "detail": "remote:/vision/resnet/first"}]
    moved = home.aimd("trial", "mv", renamed.table[0]["detail"], "remote:/best", "-m")
    assert [row["detail"] for row in moved.table] == ["remote:/best/first"]
    assert home.aimd("trial", "mv", "--remote", "run1", "/nowhere").code == 3
    taken = home.aimd("trial", "rename", "remote:run1", "run2")
    assert (taken.code, "run2" in taken.err) == (1, True)
    wrong = home.aimd("trial", "mv", "run1", "remote:/best")
    assert (wrong.code, "aimd trial upload" in wrong.err) == (2, True)
    other = home.aimd("trial", "mv", "remote:run1", "elsewhere:/best")
    assert other.code == 2


def test_a_trial_here_is_moved_to_another_working_directory_and_never_over_another(
    home: Home, trials: list[str]
) -> None:
    assert home.aimd("trial", "mv", "run0", "there").code == 3
    moved = home.aimd("trial", "mv", "run0", "run1", "there", "-m")
    there = home.work / "there" / ".aimd" / "trials"
    assert [row["detail"] for row in moved.table] == [str(there / name) for name in trials[:2]]
    assert home.aimd("trial", "describe", moved.table[0]["detail"]).code == 0
    (home.work / "inner").mkdir()
    os.chdir("inner")
    back = home.aimd("trial", "mv", "../there/.aimd/trials/" + trials[1], "../there/../beside", "-m")
    assert [row["detail"] for row in back.table] == [str(home.work / "beside" / ".aimd" / "trials" / trials[1])]
    os.chdir(home.work)
    (home.work / ".aimd" / "trials" / trials[0]).mkdir()
    (there / trials[2]).mkdir()
    (there / trials[2] / "file").touch()
    taken = home.aimd("trial", "mv", "run2", "there")
    assert (taken.code, "already exists" in taken.err) == (1, True)


def test_everything_that_lists_show_is_taken_by_restore(home: Home, trials: list[str]) -> None:
    for place in ([], ["--remote"]):
        assert home.aimd("trial", "rm", "run0", "run1", "run2", "-y", *place).code == 0
        rows = home.aimd("trial", "trash", "ls", *place).table
        assert {row["name"] for row in rows} == set(trials)
        by_id, by_prefix, by_name = (next(row for row in rows if row["name"] == name) for name in trials)
        origin = by_name["origin"] if place else by_name["name"]
        done = home.aimd("trial", "restore", by_id["id"][:8], by_prefix["name"][:5], origin, *place)
        assert [row["outcome"] for row in done.table] == ["restored"] * 3
        gone = home.aimd("trial", "restore", "run0", *place)
        assert (gone.code, "trash" in gone.err) == (3, True)
    refused = home.aimd("trial", "rm", "remote:run0", "-y")
    assert refused.code == 0
    assert home.aimd("trial", "trash", "empty", "-d", "remote:", "-y").code == 2


def test_the_trash_of_a_server_is_listed_and_named_by_its_place(
    home: Home, trials: list[str], signed_in: Account
) -> None:
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    assert home.aimd("trial", "rm", "run0", "-y").code == home.aimd("trial", "rm", "team:run1", "-y").code == 0
    for place, name in ((".", trials[0]), ("team:", trials[1]), ("team:/", trials[1])):
        for words in ([place], ["-d", place]):
            assert [row["name"] for row in home.aimd("trial", "trash", "ls", *words).table] == [name]
    assert home.aimd("trial", "trash", "ls", ".", "-d", ".").code == 2
    assert [row["name"] for row in home.aimd("trial", "trash", "ls", "team:/vision/").table] == [trials[1]]
    assert home.aimd("trial", "trash", "ls", "team:/visio").table == []  # not what only begins so
    for command in (["ls"], ["empty", "-y"]):
        missing = home.aimd("trial", "trash", *command, "nowhere")
        assert (missing.code, "there is no directory" in missing.err) == (3, True), missing.err
    for words, listing in (
        (["nope"], "aimd trial trash ls\n"),
        (["nope", "-d", "."], "aimd trial trash ls .\n"),
        (["team:nope"], "aimd trial trash ls team:\n"),
    ):
        ran = home.aimd("trial", "restore", *words)
        assert (ran.code, ran.err.endswith(listing)) == (3, True), ran.err
    ran = home.aimd("trial", "describe", "team:nope")
    assert (ran.code, ran.err.endswith("aimd trial ls team:\n")) == (3, True), ran.err


def test_a_directory_with_a_slash_at_its_end_is_all_trials_in_it(home: Home, trials: list[str]) -> None:
    for words in (["./"], [".aimd/trials/"], ["remote:/vision/"]):
        described = home.aimd("trial", "describe", *words, "--json").json["trials"]
        assert sorted(row["alternative_name"] for row in described) == sorted(trials), words
    (only,) = home.aimd("trial", "describe", f".aimd/trials/{trials[0]}/", "--json").json["trials"]
    assert only["alternative_name"] == trials[0]


def test_a_trial_that_is_called_like_no_selector_is_named_so(home: Home, trials: list[str]) -> None:
    for name in ("@best", "@latest"):
        aimd.create_trial(trial_name=name, folder_path="vision", make_folder=True).finish()
    assert home.aimd("trial", "upload", "@best").code == 0
    for named in ("@best", "remote:@best", "remote:/vision/@best"):
        (row,) = home.aimd("trial", "describe", named, "--json").json["trials"]
        assert row["name"] == "@best"
    assert home.aimd("trial", "describe", "@newest").code == 2
    (row,) = home.aimd("trial", "describe", "@latest", "--json").json["trials"]
    assert row["name"] == "@latest"  # it began last, so both mean the same


def test_python_reads_trials_here_and_on_a_server_alike(home: Home, trials: list[str], signed_in: Account) -> None:
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    here = aimd.search_trials("val.acc > 0.75", sort="-val.acc")
    assert [trial["alternative_name"] for trial in here] == [trials[1], trials[2]]
    for place in ({"remote": True}, {"path": "team:/vision"}, {"path": "/vision", "remote": True}):
        there = aimd.search_trials("val.acc > 0.75", sort="-val.acc", **place)
        assert [trial | {"path": ""} for trial in there] == [trial | {"path": ""} for trial in here]
    assert len(aimd.search_trials(remote=True, limit=1)) == 1
    assert aimd.search_trials(remote=True, limit=0) == []
    with aimd.find_trial(here[0]["path"]) as local, aimd.find_trial(there[0]["path"]) as distant:
        assert (local.name, local.alternative_name) == (distant.name, distant.alternative_name) == ("run1", trials[1])
        assert local.facts() | {"path": ""} == distant.facts() | {"path": ""} == here[0] | {"path": ""}
        for how in ({}, {"names": "val"}, {"all_segments": True}):
            assert local.history(**how) == distant.history(**how)
        courses = facts_of([local._handle, distant._handle])
        assert dict(courses[0].trends) == dict(courses[1].trends)
        assert local.output() == distant.output()
        assert local.output(2) == distant.output(2)
        copy = distant.directory()
        assert {file.name for file in copy.iterdir()} >= {"metadata.yaml", "metrics", "git.diff"}
    assert not copy.exists()
    with pytest.raises(NotFoundError):
        aimd.find_trial("team:nothing")


def test_a_long_metric_on_a_server_is_drawn_from_every_point_or_says_that_it_is_not(
    home: Home, signed_in: Account
) -> None:
    with aimd.create_trial(trial_name="long") as trial:
        trial.log("train", {"loss": 9.0}, step=0)
    point = '{"train": {"value": {"loss": %r}, "sequence": {"epoch": %d, "step": %d, "timestamp": "%s"}}}\n'
    with (trial.path / "metrics").open("a") as journal:
        for step in range(1, 12_000):  # epochs are shared by many points, of which some are not finite
            value = float("nan") if step % 7 == 0 else (step * 7919 % 1009) / 100
            line = point % (value, step // 3, step, "2026-11-23T15:03:27.946397+00:00")
            journal.write(line.replace("nan", "NaN"))
    assert home.aimd("trial", "upload", "long", "-P", "/", "-m").code == 0
    for words in (
        ["plot", "--json"],
        ["plot"],
        ["plot", "--x", "epoch", "--json"],
        ["plot", "--smooth", "0.9", "--json"],
    ):
        here, there = home.aimd("trial", *words, "long"), home.aimd("trial", *words, "remote:long")
        assert (there.code, there.out, there.err) == (here.code, here.out, here.err), words
    with TrialFinder() as finder:
        (trial,) = finder.named("remote:long")
        (((line,),),) = trial.source.lines([trial], LineRequest(["train.loss"], exact_points=11_000))
    assert "only the extremes of 10,000 intervals" in line.damage
    assert (min(filter(math.isfinite, line.points.values)), line.last) == (0.0, 11_999 * 7919 % 1009 / 100)
