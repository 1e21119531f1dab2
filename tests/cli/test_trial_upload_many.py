"""Many trials: at once, checked, followed, relayed, downloaded again, and to a server of version 1."""

import json
import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aimd_core.client.protocols import cache_path
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import NotAServerError
from aimd_core.upload.downloading import download_trial
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.proxy import Proxy
from tests.support.server import RunningServer


def record(name: str = "cnn", points: int = 3) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, folder_path="image/mnist", make_folder=True)
    trial.params.update({"lr": 0.1})
    for step in range(points):
        trial.log("train", {"loss": 1.0 / (step + 1)}, step=step)
    return trial


def same_bytes(here: Path, there: Path) -> bool:
    names = {path.name for path in here.iterdir()}
    return names == {path.name for path in there.iterdir()} and all(
        (here / name).read_bytes() == (there / name).read_bytes() for name in names
    )


@pytest.fixture
def proxy(home: Home, running_server: RunningServer, account: Account) -> Iterator[Proxy]:
    with Proxy(running_server.port) as made:
        home.write_config(f"aimd_host: {made.url}\napi_key: {account.key}\n")
        yield made


def test_many_trials_go_at_once_and_a_repeat_asks_once_for_all(home: Home, proxy: Proxy) -> None:
    for number in range(12):
        record(f"t{number}").finish()
    assert {row["outcome"] for row in home.aimd("trial", "upload", "-d", ".", "-j", "3").table} == {"created"}
    proxy.plan("", -1)
    ran = home.aimd("trial", "upload", "-d", ".", "-j", "1")
    assert {row["outcome"] for row in ran.table} == {"unchanged"}
    assert proxy.requests == ["POST /t9k/experiment/server/apis/v2/trials/known HTTP/1.1"]


@pytest.mark.parametrize("file", ["metadata.yaml", "parameters.yaml", "metrics", "labels.yaml", "process.json"])
def test_any_changed_file_is_noticed_and_sent(home: Home, signed_in: Account, file: str) -> None:
    trials = [record("a"), record("b")]
    for trial in trials:
        trial.finish()
    home.aimd("trial", "upload", "-d", ".")
    with (trials[0].path / file).open("ab") as opened:
        opened.write(b"\n" if file != "labels.yaml" else b"tags: [x]\n")
    assert home.aimd("trial", "upload", "-d", ".", "--check").code == 1
    outcomes = {row["remote_name"]: row["outcome"] for row in home.aimd("trial", "upload", "-d", ".").table}
    assert outcomes == {"a": "updated", "b": "unchanged"}
    assert home.aimd("trial", "upload", "-d", ".", "--check").code == 0


def test_what_failed_is_said_and_the_table_can_be_piped_back(home: Home, signed_in: Account) -> None:
    record("good").finish()
    bad = record("bad")
    bad.finish()
    whole = (bad.path / "metadata.yaml").read_text()
    (bad.path / "metadata.yaml").write_text("{ not yaml")
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    (bad.path / "metadata.yaml").write_text(whole)
    again = home.aimd_process("trial", "upload", "-", stdin=ran.out)
    assert again.code == 0
    assert {row["name"][:3]: row["outcome"] for row in again.table} == {"goo": "unchanged", "bad": "created"}


def test_a_dry_run_says_what_the_upload_then_does_and_changes_nothing(home: Home, signed_in: Account) -> None:
    first, second = record("same"), record("same")
    first.finish()
    second.finish()  # so that nothing more is written to its stdout.log
    home.aimd("trial", "upload", "-p", first.path)
    before = home.aimd("trial", "ls", "--remote", "--json").out
    for words in (["-c", "new"], ["-c", "skip"], ["-P", "other/place", "-m"], ["-P", "nowhere", "-m", "-c", "replace"]):
        planned = home.aimd("trial", "upload", "-p", second.path, "--dry-run", *words).table[0]
        assert home.aimd("trial", "ls", "--remote", "--json").out == before
        assert int(planned["remaining_bytes"]) >= (second.path / "metrics").stat().st_size or "skip" in words
    assert home.aimd("trial", "upload", "-p", second.path, "--dry-run", "-c", "error").code == 1
    planned = home.aimd("trial", "upload", "-p", second.path, "--dry-run").table[0]
    done = home.aimd("trial", "upload", "-p", second.path).table[0]
    shown = ("outcome", "remote_name", "folder")
    assert [planned[key] for key in shown] == [done[key] for key in shown]
    assert planned["remaining_bytes"] == done["sent_bytes"]


def test_a_dry_run_promises_no_bytes_that_the_server_does_not_take(
    home: Home, signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = record()
    Path("kept.bin").write_bytes(bytes(70_000))
    trial.save("kept.bin")
    trial.log_text("notes", "a long text " * 9_000, step=1)
    trial.finish()
    info = Server.info
    without = {"contents", "media"}
    with monkeypatch.context() as patch:
        patch.setattr(
            Server, "info", lambda self: {**(told := info(self)), "features": [*{*told["features"]} - without]}
        )
        planned = home.aimd("trial", "upload", "cnn", "--dry-run")
        done = home.aimd("trial", "upload", "cnn")
    assert int(planned.table[0]["remaining_bytes"]) < 60_000
    assert planned.table[0]["remaining_bytes"] == done.table[0]["sent_bytes"]
    for ran in (planned, done):
        assert "the server does not take files" in ran.err
        assert "the server does not take media" in ran.err
    planned = home.aimd("trial", "upload", "cnn", "--dry-run")
    assert int(planned.table[0]["remaining_bytes"]) > 170_000
    assert home.aimd("trial", "upload", "cnn").table[0]["sent_bytes"] == planned.table[0]["remaining_bytes"]


def test_a_check_finds_every_difference_and_changes_nothing(home: Home, proxy: Proxy) -> None:
    trial = record()
    trial.finish()
    assert home.aimd("trial", "upload", "cnn", "--check").code == 1
    home.aimd("trial", "upload", "cnn")
    ran = home.aimd("trial", "upload", "cnn", "--check", "--json")
    assert (ran.code, ran.json["checks"][0]["outcome"]) == (0, "same")
    trial.path.joinpath("metrics").write_bytes(b"X")
    proxy.plan("", -1)
    ran = home.aimd("trial", "upload", "cnn", "--check")
    assert ran.code == 1
    assert [(row["file"], row["note"]) for row in ran.table] == [("metrics", "is shorter than what the server has")]
    assert all(line.startswith("GET ") or "?dry_run=1 " in line for line in proxy.requests), proxy.requests


def test_following_survives_a_restart_of_the_server_and_notices_new_trials(home: Home, tmp_path: Path) -> None:
    with RunningServer(tmp_path / "own") as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.new_user('lin')}\n")
        first = record("first")
        words = [sys.executable, "-m", "aimd_cli", "trial", "upload", "-d", ".", "--follow"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
            server.kill()
            second = record("second")
            first.log("train", {"loss": 0.5}, step=10)
            server.start()
            first.log("train", {"loss": 0.25}, step=11)
            time.sleep(0.5)
            assert following.poll() is None
            first.finish()
            second.finish()
            out, err = following.communicate(timeout=PATIENCE_S)
        assert following.returncode == 0, err
        assert out.count("\n") == 3
        assert home.aimd("trial", "upload", "-d", ".", "--check").code == 0


def test_ctrl_c_ends_an_upload_that_waits_for_the_server_and_says_how_to_go_on(home: Home, proxy: Proxy) -> None:
    trials = [record(f"t{number}") for number in range(3)]
    reached, has_ended = threading.Event(), threading.Event()
    proxy.on_request = lambda _: (reached.set(), has_ended.wait(PATIENCE_S))  # a server that does not answer
    words = [sys.executable, "-m", "aimd_cli", "trial", "upload", "-d", "."]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as uploading:
        if not reached.wait(PATIENCE_S):
            uploading.kill()
        uploading.send_signal(signal.SIGINT)
        _, err = uploading.communicate(timeout=PATIENCE_S)
        has_ended.set()
    assert uploading.returncode == 130
    assert err == f"Stopped. 0 of {len(trials)} sent; run again to continue.\n"


def test_a_download_is_the_directory_that_was_uploaded(home: Home, signed_in: Account) -> None:
    trial = record(points=200)
    trial.finish()
    (trial.path / "stdout.log").write_bytes(b"epoch 1\r\n\xff")
    (trial.path / "git.diff").write_bytes(b"-a\n+b\n" * 100_000)
    home.aimd("trial", "upload", "cnn")
    ran = home.aimd("trial", "download", "cnn", "--to", "elsewhere")
    assert ran.code == 0
    assert same_bytes(trial.path, Path(ran.table[0]["path"]))
    again = home.aimd("trial", "download", trial.id, "--to", "elsewhere")
    assert again.code == 1
    assert "nothing was overwritten" in again.err
    assert home.aimd("trial", "download", "nothing").code == 3


def test_a_download_takes_the_id_as_the_list_of_a_server_shows_it(home: Home, signed_in: Account) -> None:
    trial = record(points=2)
    trial.finish()
    home.aimd("trial", "upload", "cnn")
    ran = home.aimd("trial", "download", trial.id[:8], "--to", "elsewhere")
    assert (ran.code, ran.err.splitlines()[-1].startswith("1 downloaded")) == (0, True), ran.err
    assert same_bytes(trial.path, Path(ran.table[0]["path"]))


def test_a_download_that_was_cut_off_goes_on_and_is_absent_until_it_is_whole(home: Home, proxy: Proxy) -> None:
    trial = record(points=2000)
    trial.finish()
    home.aimd("trial", "upload", "cnn")
    trials = Path("to/.aimd/trials")
    proxy.plan("", -1)
    assert home.aimd("trial", "download", trial.id, "--to", "clean").code == 0
    count = len(proxy.requests)
    for at in range(count):
        proxy.plan("cut length", at)
        home.aimd("trial", "download", trial.id, "--to", "to")
        visible = [path for path in trials.iterdir() if not path.name.startswith(".")] if trials.exists() else []
        assert all(same_bytes(trial.path, path) for path in visible)
        if not visible:
            assert home.aimd("trial", "download", trial.id, "--to", "to").code == 0
        assert same_bytes(trial.path, trials / trial.path.name)
        shutil.rmtree("to")


def test_a_name_that_leads_elsewhere_is_not_followed(home: Home, signed_in: Account) -> None:
    trial = record()
    trial.finish()
    home.aimd("trial", "upload", "cnn")
    headers = {"Authorization": f"Bearer {signed_in.key}"}
    body = {"name": "cnn", "alternative_name": "/../../../x_261123_150327_f9by70", "metadata": {"status": "Running"}}
    answer = httpx.put(f"{signed_in.url}/apis/v2/trials/{trial.id}", json=body, headers=headers, verify=False)
    with Server(Credentials(signed_in.url, signed_in.key, {})) as server:
        if answer.status_code == 200:
            with pytest.raises(NotAServerError):
                download_trial(server, trial.id, Path("deep/er"))
        else:
            assert answer.status_code == 422
    assert not list(Path().rglob("x_*"))


def test_a_relay_finds_the_trials_of_a_tree_and_follows_no_link(home: Home, signed_in: Account) -> None:
    made = record("outside")
    made.finish()
    for name in ("a", "a/b"):
        shutil.copytree(home.work / ".aimd", home.work / "tree" / name / ".aimd")
        (path,) = (home.work / "tree" / name / ".aimd/trials").iterdir()
        metadata = path / "metadata.yaml"
        metadata.write_text(metadata.read_text().replace(made.id, f"{made.id[:-4]}{len(name):04x}"))
    (home.work / "tree/link").symlink_to(home.work)
    ran = home.aimd("relay", "tree", "--once")
    assert ran.code == 0
    assert [row["outcome"] for row in ran.table] == ["created", "created"]
    assert home.aimd("relay", "nowhere").code == 3


def test_a_server_of_version_1_gets_the_points_once_and_is_remembered(
    home: Home, proxy: Proxy, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.hides_v2 = True
    caplog.set_level(logging.DEBUG)
    trial = record(points=30)
    trial.log("train", {"loss": float("nan"), "acc": 0.5}, step=30)
    trial.finish()
    row = home.aimd("trial", "upload", "cnn").table[0]
    assert (row["outcome"], row["note"][:6]) == ("created", "1 valu")
    assert json.loads(cache_path().read_text())[proxy.url][0] == 1
    assert home.aimd("trial", "upload", "cnn", "--check").code == 0
    assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "unchanged"
    points = httpx.get(f"{account.url}/apis/v1/trials/{trial.id}/metrics?apikey={account.key}", verify=False).json()
    assert [point["sequence"]["step"] for point in points["train"]] == list(range(31))
    assert points["train"][30]["value"] == {"acc": 0.5}
    asked = [line for line in proxy.requests if "/apis/v2" in line]
    assert len(asked) == 1
    assert account.key not in asked[0]
    assert home.aimd("trial", "download", "cnn", "--to", "x").code == 1
    assert account.key not in caplog.text.replace(f"GET {account.url}", "")


@pytest.mark.parametrize(
    ("strategy", "code", "names"), [("new", 0, 2), ("skip", 0, 1), ("error", 1, 1), ("replace", 0, 1)]
)
def test_conflicts_at_a_server_of_version_1_end_as_at_ours(
    home: Home, proxy: Proxy, account: Account, strategy: str, code: int, names: int
) -> None:
    proxy.hides_v2 = True
    first, second = record(), record(points=5)
    assert home.aimd("trial", "upload", "-p", first.path).code == 0
    assert home.aimd("trial", "upload", "-p", second.path, "-c", strategy).code == code
    headers = {"Authorization": f"Bearer {account.key}"}
    listed = httpx.get(f"{account.url}/apis/v2/trials", headers=headers, verify=False).json()["trials"]
    assert len(listed) == names
    assert (second.id in {row["id"] for row in listed}) == (strategy in ("new", "replace"))


def test_a_host_that_is_neither_gets_no_key(home: Home, proxy: Proxy, account: Account) -> None:
    record().finish()
    proxy.plan("html 200", 1)
    proxy.hides_v2 = True
    ran = home.aimd("trial", "upload", "cnn")
    assert ran.code == 5
    assert not any(account.key in line for line in proxy.requests)
    assert not cache_path().exists()
