"""`aimd console`: a private server over local trials, in step with their files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimd_core.format.artifacts import change_artifact
from aimd_core.format.labels import add_tags, set_note
from aimd_core.format.saved_views import Baseline, SavedView, remove_view, save_view, set_baseline
from aimd_core.reading.documents import Trial
from aimd_core.renaming import rename_trial
from aimd_core.trash import remove, restore
from tests.support.home import Home
from tests.support.local_console import LocalConsole
from tests.support.parts import can_mount, require_part
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import clean_environment, start_python
from tests.support.trials import record, write_trial
from tests.support.warm import Script

Shown = dict[str, dict[str, Any]]


def new_trial(work: Path, number: int, **more: Any) -> tuple[Path, str]:
    """Write a trial that has ended and return its directory and id."""
    trial_id = str(uuid.UUID(int=number))
    facts: dict[str, Any] = {"status": "Succeeded", "metrics": record(1), "name": "cnn", **more}
    path = write_trial(work / ".aimd/trials", f"cnn_261123_15{number:04}_f9by70", trial_id=trial_id, **facts)
    return path, trial_id


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def shared_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalConsole]:
    """One over a directory in which every test records trials of its own."""
    directory = tmp_path_factory.mktemp("shown")
    with LocalConsole(directory, tmp_path_factory.mktemp("cache")) as console:
        console.sign_in()
        yield console


def tree_digest(place: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(place.rglob("*")):
        status = path.lstat()
        digest.update(f"{path} {status.st_mtime_ns} {status.st_mode}".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def test_it_shows_local_trials_and_leaves_the_files_alone(work: Path, cache_home: Path) -> None:
    _, first = new_trial(work, 1, parameters="lr: 0.1\n")
    new_trial(work, 2)
    before = tree_digest(work)
    with LocalConsole(work, cache_home) as console:
        assert console.address.startswith("http://127.0.0.1:")
        assert "/t9k/experiment/web/#/?token=" in console.address
        assert console.sign_in().json()["scope"] == "read"
        shown = console.wait_until(lambda trials: len(trials) == 2 and trials[first]["metrics"])
        assert shown[first]["folder"]["path"] == "/image_classification/mnist"
        assert shown[first]["parameters"] == {"lr": 0.1}
        assert shown[first]["metrics"]["train.loss"]["last"] == 0.5
        assert console.stop(signal.SIGINT) == 0
    assert "Showing 2 trials in" in console.stderr
    assert tree_digest(work) == before


def test_the_address_works_once_and_nothing_else_lets_in(work: Path, cache_home: Path) -> None:
    with LocalConsole(work, cache_home) as console:
        assert console.call("GET", "/trials").status_code == 401
        assert console.call("POST", "/session", json={"token": "x" * 43}).status_code == 401
        assert console.sign_in().status_code == 200
        assert console.call("GET", "/trials").status_code == 200
        with LocalConsole(work, cache_home) as other:
            assert other.call("POST", "/session", json={"token": console.token}).status_code == 401
        console.http.cookies.clear()
        assert console.sign_in().status_code == 401
        private = cache_home / "aimd" / "console"
        for path in private.rglob("*"):
            assert not path.stat().st_mode & 0o077, path


def test_no_process_shows_the_token_when_the_browser_is_opened(work: Path, cache_home: Path, tmp_path: Path) -> None:
    """What a process was started with can be read by every user of the machine."""
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(
        f'#!/bin/sh\ncp -p "${{1#file://}}" {seen}.html && echo "$1" > {seen}.new && mv {seen}.new {seen}\n'
    )
    browser.chmod(0o755)
    with LocalConsole(work, cache_home, opens=True, DISPLAY=":9", BROWSER=f"{browser} %s") as console:
        wait_until(seen.exists, "the browser is opened")
        opened = Path(seen.read_text().strip().removeprefix("file://"))
        assert console.token not in str(opened)
        assert opened.stat().st_mode & 0o777 == 0o600
        assert f"url={console.address}" in opened.with_name(opened.name).read_text()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert console.token.encode() not in path.read_bytes(), path
            except OSError:
                continue
        assert console.stop() == 0
        assert not opened.exists()


@pytest.mark.parametrize(
    "name", ["console of process \N{SUPERSCRIPT TWO}", "console of process ", "console of process x"]
)
def test_a_key_of_another_name_is_no_process(name: str) -> None:
    from aimd_server.local import _pid_of

    assert _pid_of(name) is None
    assert _pid_of("console of process 12") == 12


def test_a_key_of_a_console_that_has_ended_lets_nobody_in(work: Path, cache_home: Path) -> None:
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        cookie = dict(console.http.cookies)
    with LocalConsole(work, cache_home) as console:
        console.http.cookies.update(cookie)
        assert console.call("GET", "/trials").status_code == 401


def test_what_is_recorded_appears_while_it_is_shown(shared_console: LocalConsole) -> None:
    path, trial_id = new_trial(shared_console.directory, 11, status="Running", metrics=record(1))
    shared_console.wait_until(lambda trials: trials.get(trial_id, {}).get("metrics"))
    with (path / "metrics").open("ab") as journal:
        journal.write(record(2, 0.25))
    shared_console.wait_until(lambda trials: trials[trial_id]["metrics"]["train.loss"]["last"] == 0.25)
    _, second = new_trial(shared_console.directory, 12)
    shared_console.wait_until(lambda trials: second in trials)


def test_tags_note_name_removal_and_restoring_follow(shared_console: LocalConsole) -> None:
    path, trial_id = new_trial(shared_console.directory, 21)
    _, other_id = new_trial(shared_console.directory, 22)
    before = shared_console.wait_until(lambda trials: {trial_id, other_id} <= trials.keys())
    add_tags(path, ["baseline", "a"])
    set_note(path, "diverged")
    shared_console.wait_until(lambda t: (t[trial_id]["tags"], t[trial_id]["note"]) == (["baseline", "a"], "diverged"))
    path = rename_trial(Trial(path), "other")
    shown = shared_console.wait_until(lambda trials: trials.get(trial_id, {}).get("name") == "other")
    assert shown.keys() == before.keys()
    assert shown[trial_id]["alternative_name"] == path.name
    trashed = remove(Trial(path))
    shared_console.wait_until(lambda trials: trial_id not in trials)
    restore(trashed)
    shown = shared_console.wait_until(lambda trials: trial_id in trials and trials[trial_id]["tags"])
    assert shown[trial_id]["note"] == "diverged"


def test_a_journal_that_was_written_anew_is_shown_anew(shared_console: LocalConsole) -> None:
    path, trial_id = new_trial(shared_console.directory, 31, metrics=record(1) + record(2))
    shared_console.wait_until(lambda trials: trials.get(trial_id, {}).get("metrics"))
    (path / "metrics").write_bytes(record(1, 7.0))
    shared_console.wait_until(lambda t: t.get(trial_id, {}).get("metrics", {}).get("train.loss", {}).get("last") == 7.0)


def test_a_trial_whose_process_is_gone_is_killed(shared_console: LocalConsole) -> None:
    script = "from t9k import aimd; t = aimd.create_trial(trial_name='x'); "
    script += "t.log('train', {'loss': 1}, step=1, epoch=1); print(t.id, flush=True); input()"
    directory = shared_console.directory
    environment = {**shared_console.environment, "AIMD_CAPTURE_SYSTEM": "0", "HOME": str(directory)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=directory, env=environment, text=True, **pipes
    ) as training:
        assert training.stdout is not None
        trial_id = training.stdout.readline().strip()
        shared_console.wait_until(lambda trials: trials.get(trial_id, {}).get("state") == "Running")
        training.kill()
    shared_console.wait_until(lambda trials: trials[trial_id]["state"] == "Killed")


def test_it_only_shows_and_says_so_to_who_would_change_something(shared_console: LocalConsole) -> None:
    _, trial_id = new_trial(shared_console.directory, 41)
    shared_console.wait_until(lambda trials: trial_id in trials)
    for method, path, body in [
        ("PATCH", f"/trials/{trial_id}", {"note": "x"}),
        ("DELETE", f"/trials/{trial_id}", None),
        ("POST", "/folders", {"path": "x"}),
    ]:
        answer = shared_console.call(method, path, json=body)
        assert answer.status_code == 403
        assert "reading only" in answer.text
    assert trial_id in shared_console.trials()


def test_two_consoles_show_the_same_directory_and_one_takes_over(work: Path, cache_home: Path) -> None:
    _, first = new_trial(work, 1)
    with LocalConsole(work, cache_home) as one:
        one.sign_in()
        one.wait_until(lambda trials: first in trials)
        with LocalConsole(work, cache_home) as two:
            two.sign_in()
            two.wait_until(lambda trials: first in trials)
            assert one.stop() == 0
            _, second = new_trial(work, 2)
            two.wait_until(lambda trials: set(trials) == {first, second})


@pytest.mark.parametrize("harm", ["deleted", "damaged", "forgotten"])
def test_a_cache_that_is_lost_is_made_again(work: Path, cache_home: Path, harm: str) -> None:
    _, first = new_trial(work, 1)
    for _ in range(2):
        with LocalConsole(work, cache_home) as console:
            console.sign_in()
            console.wait_until(lambda trials: set(trials) == {first})
        (cache,) = (cache_home / "aimd" / "console").iterdir()
        if harm == "deleted":
            shutil.rmtree(cache)
        elif harm == "damaged":
            (cache / "aimd.db").write_bytes(b"no database at all" * 1000)
            (cache / "mirrored.json").write_text("{")
        else:
            (cache / "mirrored.json").unlink(missing_ok=True)


def test_what_changed_while_nobody_watched_is_followed_at_the_next_start(work: Path, cache_home: Path) -> None:
    gone, first = new_trial(work, 1)
    path, second = new_trial(work, 2)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: set(trials) == {first, second})
    shutil.rmtree(gone)
    with (path / "metrics").open("ab") as journal:
        journal.write(record(2, 0.125))
    rename_trial(Trial(path), "renamed")
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        shown = console.wait_until(lambda t: set(t) == {second} and t[second]["metrics"]["train.loss"]["last"] == 0.125)
        assert shown[second]["name"] == "renamed"


def test_a_damaged_trial_is_named_and_hides_no_other(work: Path, cache_home: Path) -> None:
    new_trial(work, 1, metadata="][")
    _, second = new_trial(work, 2)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: set(trials) == {second})
        _, third = new_trial(work, 3)
        console.wait_until(lambda trials: set(trials) == {second, third})  # it has looked once more
    assert console.stderr.count("cnn_261123_150001_f9by70 is not shown") == 1


def test_a_directory_without_trials_says_how_to_record_one(work: Path, cache_home: Path) -> None:
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        assert console.trials() == {}
        _, first = new_trial(work, 1)
        console.wait_until(lambda trials: set(trials) == {first})
    assert "aimd.create_trial" in console.stderr


def test_a_full_disk_is_said_once_and_the_trials_are_as_they_were(work: Path, cache_home: Path) -> None:
    require_part("mounting in a name space", can_mount())
    for number in range(1, 41):
        new_trial(work, number, metrics=record(1) * 40, parameters=f"text: {'x' * 80_000}\n")
    before = tree_digest(work)
    cache_home.mkdir()
    with LocalConsole(work, cache_home, f"mount -t tmpfs -o size=2m tmpfs {cache_home}") as console:
        console.sign_in()
        console.wait_for_words("cannot show anything new right now")
        time.sleep(3)
        assert console.stop() == 0
    assert console.stderr.count("disk is full") == 1  # in the server's log
    assert console.stderr.count("no room left") == console.stderr.count("trying again. Is there space in") == 1
    assert "Traceback" not in console.stderr
    assert tree_digest(work) == before


def test_a_disk_that_is_full_from_the_start_is_an_error(work: Path, cache_home: Path) -> None:
    require_part("mounting in a name space", can_mount())
    cache_home.mkdir()
    mount = f"mount -t tmpfs -o size=64k tmpfs {cache_home}"
    words = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, "-m", "aimd_cli", "console"]
    done = subprocess.run([*words, str(work)], env={**os.environ}, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 7
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_caches_that_nobody_has_used_for_long_go_away(work: Path, cache_home: Path) -> None:
    old, recent = cache_home / "aimd/console/old", cache_home / "aimd/console/recent"
    for place in (old, recent):
        place.mkdir(parents=True)
        (place / "aimd.db").touch()
    for path in (old / "aimd.db", old):
        os.utime(path, (1e9, 1e9))
    with LocalConsole(work, cache_home):
        assert not old.exists()
        assert recent.exists()


def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(work: Path, cache_home: Path) -> None:
    _, first = new_trial(work, 1)
    nowhere = "http://127.0.0.1:9"
    with LocalConsole(work, cache_home, http_proxy=nowhere, HTTPS_PROXY=nowhere, ALL_PROXY=nowhere) as console:
        console.sign_in()
        console.wait_until(lambda trials: first in trials)


def test_nothing_is_left_running_when_it_is_killed(work: Path, cache_home: Path) -> None:
    _, first = new_trial(work, 1)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: first in trials)
        children = console.children()
        assert children
        console.stop(signal.SIGKILL)
    wait_until(lambda: not any(map(_command, children)), "they have ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_any_signal_stops_it_in_order_whatever_is_open(work: Path, cache_home: Path, number: signal.Signals) -> None:
    _, first = new_trial(work, 1)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: first in trials)
        children = console.children()
        host, port = console.origin.removeprefix("http://").split(":")
        with (
            console.http.stream(
                "GET", f"{console.origin}/t9k/experiment/server/apis/v2/events?folder_id=root"
            ) as events,
            socket.create_connection((host, int(port))) as half_way,
        ):
            assert events.status_code == 200
            half_way.sendall(b"GET / HTTP/1.1\r\nHost: x")
            assert console.stop(number) == 0
    with socket.create_server((host, int(port))):
        pass  # the port is free
    assert not any(map(_command, children))
    assert console.stderr.splitlines()[-1] == "Stopped. The trials are unchanged."
    assert "cannot show anything new" not in console.stderr


MOMENTS = ["aimd_server.local:_make_keys", "aimd_server.launch:_listen", "aimd_server.launch:_spare_collector"]
MOMENTS += ["uvicorn:Server.run"]
_SIGNALLED = """
import importlib, os, signal, sys
module, _, path = {moment!r}.partition(":")
*owner, name = path.split(".")
place = importlib.import_module(module)
place = getattr(place, owner[0]) if owner else place
before = getattr(place, name)
def signalled(*facts, **more):
    os.kill(os.getpid(), signal.{number})
    return before(*facts, **more)
setattr(place, name, signalled)
from aimd_cli.__main__ import start
start()
"""


@pytest.mark.parametrize(
    ("moment", "number"), list(zip(MOMENTS, ("SIGINT", "SIGTERM", "SIGHUP", "SIGINT"), strict=True))
)
def test_a_signal_while_it_starts_ends_it_at_once(work: Path, cache_home: Path, moment: str, number: str) -> None:
    program = _SIGNALLED.format(moment=moment, number=number)
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(cache_home)}
    words = ["console", str(work), "--no-open"]
    said = work.parent / "said"
    with said.open("w") as stderr:
        process = start_python(Script(program, os.getcwd(), words, environment), stderr, [])
        code = process.wait(PATIENCE_S)
    assert process.stdout is not None
    process.stdout.close()
    assert (code, said.read_text().splitlines()[-1:]) == (0, ["Stopped. The trials are unchanged."])
    assert "Traceback" not in said.read_text()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for one that only waits to be buried
    except OSError:
        return b""


def test_what_keeps_it_in_step_is_started_again_when_it_dies(work: Path, cache_home: Path) -> None:
    _, first = new_trial(work, 1)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: first in trials)
        for child in console.children():
            os.kill(child, signal.SIGKILL)
        _, second = new_trial(work, 2)
        console.wait_until(lambda trials: second in trials)
    assert "restarting it" in console.stderr


def test_the_address_as_json_and_a_port_that_is_taken(home: Home, cache_home: Path) -> None:
    words = [sys.executable, "-m", "aimd_cli", "console", "--no-open", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        assert (document["schema"], document["directory"]) == ("aimd/1", str(home.work))
        assert Path(document["data"]).is_dir()
        port = document["address"].split("/")[2].rpartition(":")[2]
        taken = home.aimd("console", "--no-open", "--port", port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert taken.code == 1
    assert f"port {port} on 127.0.0.1 is in use" in taken.err


def test_a_directory_that_is_not_there(home: Home) -> None:
    ran = home.aimd("console", "nowhere")
    assert ran.code == 3
    assert f"there is no directory {home.work / 'nowhere'}" in ran.err


def test_without_the_server_it_says_how_to_install_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aimd_server.local", None)
    ran = home.aimd("console")
    assert ran.code == 1
    assert "pip install 'aimd-cli[server]'" in ran.err


_ARTIFACT = """
from t9k import aimd
artifact = aimd.create_artifact("digits_model", "model", "of the sweep", aliases=["best"])
artifact.add_file("big.bin", "model.pt")
print(artifact.id, flush=True)
"""


def make_artifact(work: Path) -> str:
    """Make an artifact with a file that is too large for a pack, and return its id."""
    (work / "big.bin").write_bytes(bytes(range(256)) * 40_000)
    done = subprocess.run([sys.executable, "-c", _ARTIFACT], cwd=work, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def artifact_of(console: LocalConsole, artifact_id: str) -> dict[str, Any] | None:
    answer = console.call("GET", f"/artifacts/{artifact_id}")
    return answer.json() if answer.status_code == 200 else None


def test_artifacts_are_shown_as_they_are_now_and_their_bytes_are_not_copied(work: Path, cache_home: Path) -> None:
    artifact_id = make_artifact(work)
    new_trial(work, 1)
    content = (work / "big.bin").read_bytes()
    before = tree_digest(work)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        wait_until(lambda: (artifact_of(console, artifact_id) or {}).get("aliases") == ["best"], "the artifact")
        wait_until(
            lambda: (
                console.call("GET", f"/artifacts/{artifact_id}/content", params={"key": "model.pt"}).content == content
            ),
            "its bytes",
        )
        assert tree_digest(work) == before
        whole = artifact_of(console, artifact_id)
        assert whole is not None
        assert whole["version"] is None  # only a server gives one
        in_cache = sum(
            path.stat().st_size for path in cache_home.rglob("*") if path.is_file() and "blobs" in path.parts
        )
        assert in_cache < len(content) / 10
        change_artifact(_directory_of(work, artifact_id), lambda document: {**document, "aliases": ["chosen"]})
        wait_until(lambda: (artifact_of(console, artifact_id) or {}).get("aliases") == ["chosen"], "the new alias")
        second = make_artifact(work)
        wait_until(lambda: artifact_of(console, second) is not None, "another artifact")
        shutil.rmtree(_directory_of(work, second))
        wait_until(lambda: artifact_of(console, second) is None, "its end")
    shutil.rmtree(_directory_of(work, artifact_id))
    with LocalConsole(work, cache_home) as console:  # what went while nobody watched is gone, too
        console.sign_in()
        wait_until(lambda: artifact_of(console, artifact_id) is None, "its end")
        third = make_artifact(work)
        wait_until(lambda: artifact_of(console, third) is not None, "another artifact")


def test_an_artifact_that_cannot_be_read_is_named_and_hides_no_trial(work: Path, cache_home: Path) -> None:
    artifact_id = make_artifact(work)
    (_directory_of(work, artifact_id) / "metadata.yaml").write_text("{")
    _, trial_id = new_trial(work, 1)
    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        console.wait_until(lambda trials: trial_id in trials)
        console.wait_for_words(artifact_id)


def _directory_of(work: Path, artifact_id: str) -> Path:
    return next(path for path in (work / ".aimd/artifacts").rglob(artifact_id))


def test_saved_views_and_the_baseline_of_the_directory_are_shown_and_follow_it(work: Path, cache_home: Path) -> None:
    path, trial_id = new_trial(work, 1)
    save_view(work, "night", SavedView(query="val.acc > 0.9", sort="-val.acc"))
    set_baseline(work, Baseline(trial_id, path.name))

    def shown(console: LocalConsole) -> dict[str, Any]:
        return {row["name"]: row["view"] for row in console.call("GET", "/folders/root/views").json()["views"]}

    with LocalConsole(work, cache_home) as console:
        console.sign_in()
        wait_until(lambda: shown(console) == {"night": {"query": "val.acc > 0.9", "sort": "-val.acc"}}, "the view")
        baseline = "/folders/root/baseline"
        wait_until(lambda: console.call("GET", baseline).json()["baseline"], "the baseline")
        assert console.call("GET", baseline).json()["baseline"]["trial"] == trial_id
        save_view(work, "day", SavedView(query="params.lr < 1"))
        remove_view(work, "night")
        set_baseline(work, None)
        wait_until(lambda: shown(console) == {"day": {"query": "params.lr < 1"}}, "the other view")
        wait_until(lambda: console.call("GET", baseline).json()["baseline"] is None, "no baseline")
        note = "/folders/root/note"
        (work / ".aimd/note.md").write_text("# Night\n\n```view day\n```\n")
        wait_until(lambda: console.call("GET", note).json()["note"].startswith("# Night"), "the report")
        report = console.call("GET", "/folders/root/report").text
        assert "<h2>Night</h2>" in report
        assert "href=" not in report  # no link of a private server lives longer than it
        (work / ".aimd/note.md").unlink()
        wait_until(lambda: console.call("GET", note).json()["note"] == "", "no report")
        (work / ".aimd/views.yaml").write_text("{")
        console.wait_for_words("views.yaml")
        assert set(shown(console)) == {"day"}  # what cannot be read takes nothing away
