"""Small contents that come many at once: whatever breaks, in the end all bytes are right, and nothing comes twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aimd_core.client import batches as remote_batches
from aimd_core.client.batches import read_batch
from aimd_core.client.connection import Connection
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import AimdError, NotAServerError
from aimd_core.objects.store import store_of
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, files
from aimd_core.upload.artifacts import bring_artifact, download_objects, upload_artifact_at
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from aimd_core.upload.downloading import download_trial
from aimd_core.upload.remote import CurrentRemote
from t9k import aimd
from tests.faults.uploads import QUICK
from tests.support.proxy import Proxy
from tests.support.server import RunningServer, clean_environment

SPOILED = "spoiled"  # what the planted server does not send as it is
_SPOILING = f"""
from aimd_server.services import content_batches, contents
both = %r
def spoiling(read):
    def spoiled(*arguments):
        return read(*arguments).replace(b"{SPOILED}", b"{SPOILED[::-1]}")
    return spoiled
content_batches.read = spoiling(content_batches.read)
if both:
    contents.read = spoiling(contents.read)
"""
_OLD = """
from aimd_server.routes import v2
from aimd_server.services.request_errors import RefusalError
from aimd_server.services import content_batches
v2.FEATURES = tuple(feature for feature in v2.FEATURES if feature != "content_batches")
def refused(*_):
    raise RefusalError("not_found", "no such route")
content_batches.of_files = content_batches.of_media = content_batches.of_objects = refused
"""


def contents() -> dict[str, bytes]:
    """Return small contents by name: tiny ones, equal ones, some of several blocks, and one that may be spoiled."""
    mark = os.urandom(8)
    made = {f"d{number % 3}/{number:03}": mark + b"%d " % number * (5 + number * 40) for number in range(40)}
    return {**made, "empty": b"", "d1/spoiled": mark + SPOILED.encode() * 900, "twice": made["d2/020"]}


class Kind(NamedTuple):
    """How contents of a kind are made and uploaded below a directory, and fetched below another."""

    name: str
    upload: Callable[[Credentials, Path, dict[str, bytes]], str]
    fetch: Callable[[Credentials, str, Path], None]
    read: Callable[[Path], dict[str, bytes]]


def _trial(directory: Path) -> aimd.Trial:
    return aimd.create_trial(trial_name="t", capture_output=False, capture_git=False, dir=directory)


def _uploaded(credentials: Credentials, trial: aimd.Trial) -> str:
    trial.finish()
    with CurrentRemote(credentials, QUICK) as remote:
        remote.upload(Trial(trial.path), Destination())
    return str(trial.id)


def _upload_files(credentials: Credentials, directory: Path, contents: dict[str, bytes]) -> str:
    trial = _trial(directory)
    for name, content in contents.items():
        path = trial.path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return _uploaded(credentials, trial)


def _upload_media(credentials: Credentials, directory: Path, contents: dict[str, bytes]) -> str:
    trial = _trial(directory)
    for content in contents.values():
        trial.log_html("page", content or b"-", 1)
    return _uploaded(credentials, trial)


def _fetch_trial(credentials: Credentials, uid: str, directory: Path) -> None:
    with Server(credentials, QUICK) as server:
        download_trial(server, uid, directory)


def _files_below(directory: Path) -> dict[str, bytes]:
    (home,) = directory.glob(".aimd/trials/*/files")
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def _media_below(directory: Path) -> dict[str, bytes]:
    (trial,) = directory.glob(".aimd/trials/*")
    lines = [json.loads(line) for line in (trial / "media").read_bytes().splitlines()]
    return {line["digest"]: store_of(trial).read(line["digest"]) for line in lines}


def _upload_artifact(credentials: Credentials, directory: Path, contents: dict[str, bytes]) -> str:
    artifact = aimd.create_artifact("many", "model", dir=directory)
    for name, content in contents.items():
        source = directory / "source" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        artifact.add_file(source, name)
    with CurrentArtifactRemote(Server(credentials, QUICK)) as remote:
        upload_artifact_at(remote, StoredArtifact(artifact.path), Destination())
    return artifact.id


def _fetch_artifact(credentials: Credentials, uid: str, directory: Path) -> None:
    with CurrentArtifactRemote(Server(credentials, QUICK)) as remote:
        path = bring_artifact(remote, remote.find(uid), directory)
        download_objects(remote, StoredArtifact(path))


def _objects_below(directory: Path) -> dict[str, bytes]:
    (home,) = directory.glob(".aimd/artifacts/many/*/objects")
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


FILES = Kind("files", _upload_files, _fetch_trial, _files_below)
MEDIA = Kind("media", _upload_media, _fetch_trial, _media_below)
OBJECTS = Kind("objects", _upload_artifact, _fetch_artifact, _objects_below)
KINDS = pytest.mark.parametrize("kind", [FILES, MEDIA, OBJECTS], ids=lambda kind: str(kind.name))


def expected(kind: Kind, contents: dict[str, bytes]) -> dict[str, bytes]:
    if kind is MEDIA:
        return {hashlib.sha256(content or b"-").hexdigest(): content or b"-" for content in contents.values()}
    return contents


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a download have several batches."""
    monkeypatch.setattr(files, "BODY_FILES", 12)
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")


@pytest.fixture
def proxy(running_server: RunningServer) -> Iterator[Proxy]:
    with Proxy(running_server.port) as made:
        yield made


def credentials_at(url: str, server: RunningServer) -> Credentials:
    return Credentials(url, server.new_user(f"user-{os.urandom(6).hex()}"), {})


def at_proxy(credentials: Credentials, proxy: Proxy) -> Credentials:
    return Credentials(proxy.url, credentials.api_key, {})


def alone(proxy: Proxy) -> list[str]:
    """Return the requests for one content."""
    return [line for line in proxy.requests if "/content?" in line]


def together(proxy: Proxy) -> list[str]:
    return [line for line in proxy.requests if line.startswith("POST") and "/contents" in line]


@KINDS
def test_small_contents_come_in_few_requests(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, kind: Kind
) -> None:
    user, made = credentials_at(running_server.url, running_server), contents()
    uid = kind.upload(user, tmp_path / "work", made)
    proxy.plan("", -1)
    kind.fetch(at_proxy(user, proxy), uid, tmp_path / "back")
    assert kind.read(tmp_path / "back") == expected(kind, made)
    assert (alone(proxy), len(together(proxy))) == ([], 4)


@KINDS
@pytest.mark.parametrize("fault", ["reset after headers", "cut length", "reset after body", "503", "wrong length"])
def test_a_fault_at_any_batch_costs_another_request_only(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, kind: Kind, fault: str
) -> None:
    user, made = credentials_at(running_server.url, running_server), contents()
    uid = kind.upload(user, tmp_path / "work", made)
    proxy.plan("", -1)
    kind.fetch(at_proxy(user, proxy), uid, tmp_path / "whole")
    first = next(number for number, line in enumerate(proxy.requests) if line in together(proxy))
    for at in (first, first + 2):
        place = tmp_path / f"back {at}"
        proxy.plan(fault, at)
        for _ in range(2):
            try:
                kind.fetch(at_proxy(user, proxy), uid, place)
                break
            except AimdError:
                continue
        assert kind.read(place) == expected(kind, made)


@KINDS
def test_a_wrong_content_in_the_middle_is_fetched_alone_and_the_others_stay(tmp_path: Path, kind: Kind) -> None:
    with RunningServer(tmp_path / "data", before=_SPOILING % False) as server, Proxy(server.port) as proxy:
        user, made = credentials_at(server.url, server), contents()
        uid = kind.upload(user, tmp_path / "work", made)
        proxy.plan("", -1)
        kind.fetch(at_proxy(user, proxy), uid, tmp_path / "back")
        assert kind.read(tmp_path / "back") == expected(kind, made)
        assert len(alone(proxy)) == 1


def test_a_content_that_is_wrong_everywhere_is_an_error_and_a_second_call_fetches_only_that(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", before=_SPOILING % True) as server:
        user, made = credentials_at(server.url, server), contents()
        uid = FILES.upload(user, tmp_path / "work", made)
        with pytest.raises(NotAServerError, match="d1/spoiled"):
            FILES.fetch(user, uid, tmp_path / "back")
        assert list((tmp_path / "back" / ".aimd" / "trials").glob("[!.]*")) == []
        (partial,) = (tmp_path / "back" / ".aimd" / "trials").glob(".*.partial")
        there = {path.relative_to(partial / "files").as_posix() for path in (partial / "files").rglob("*")}
        assert len(there & made.keys()) > 12
    with RunningServer(tmp_path / "data") as server, Proxy(server.port) as proxy:
        proxy.plan("", -1)
        FILES.fetch(at_proxy(user, proxy), uid, tmp_path / "back")
    assert FILES.read(tmp_path / "back") == made
    assert len(together(proxy)) + len(alone(proxy)) < 4


@KINDS
def test_an_older_server_sends_one_content_after_the_other(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []
    true_note = Connection._note

    def note(self: Connection, event: str, facts: Mapping[str, Any]) -> None:
        connected.extend([event] if event == "connection.connect_tcp.complete" else [])
        true_note(self, event, facts)

    with RunningServer(tmp_path / "data", before=_OLD) as server, Proxy(server.port) as proxy:
        user, made = credentials_at(server.url, server), contents()
        uid = kind.upload(user, tmp_path / "work", made)
        proxy.plan("", -1)
        monkeypatch.setattr(Connection, "_note", note)
        kind.fetch(at_proxy(user, proxy), uid, tmp_path / "back")
        assert kind.read(tmp_path / "back") == expected(kind, made)
        assert together(proxy) == []
        assert len(alone(proxy)) >= 40
        assert len(connected) <= 8  # an answer that was read to its end leaves its connection for the next one


_FETCHING = """
import sys
from pathlib import Path
from aimd_core.config import Credentials
from aimd_core.upload import files
from tests.faults import test_batched_downloads as tests
files.BODY_FILES = 12
kind = {"files": tests.FILES, "media": tests.MEDIA, "objects": tests.OBJECTS}[sys.argv[4]]
kind.fetch(Credentials(sys.argv[1], sys.argv[2], {}), sys.argv[3], Path(sys.argv[5]))
"""


@KINDS
def test_a_download_that_is_killed_at_any_batch_goes_on(
    running_server: RunningServer, proxy: Proxy, tmp_path: Path, kind: Kind
) -> None:
    user, made = credentials_at(running_server.url, running_server), contents()
    uid = kind.upload(user, tmp_path / "work", made)
    back = tmp_path / "back"
    for batch in range(2):
        words = [sys.executable, "-c", _FETCHING, proxy.url, user.api_key, uid, kind.name, str(back)]
        process = subprocess.Popen(words, env=clean_environment(), stderr=subprocess.DEVNULL)

        def kill(_: int, batch: int = batch, process: subprocess.Popen[bytes] = process) -> None:
            if len(together(proxy)) > batch:
                process.kill()

        proxy.plan("", -1)
        proxy.after_request = kill
        assert process.wait() == -signal.SIGKILL
        proxy.after_request = None
    kind.fetch(user, uid, back)
    assert kind.read(back) == expected(kind, made)


class _Answering:
    """A server whose answer comes in these pieces."""

    host = "http://192.0.2.1/server"

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces


def _received(monkeypatch: pytest.MonkeyPatch, names: int, *pieces: bytes) -> tuple[int, dict[int, bytes]]:
    def read_posted(server: _Answering, path: str, document: object, take: Callable[[bytes], bool]) -> None:
        for piece in server.pieces:
            if not take(piece):
                return

    monkeypatch.setattr(remote_batches, "read_posted", read_posted)
    taken: dict[int, bytes] = {}
    server: Server = _Answering(*pieces)  # type: ignore[assignment]
    return read_batch(server, "/contents", ["name"] * names, taken.__setitem__), taken


def test_an_answer_may_be_cut_into_pieces_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"[3, null, 0, 4]\nabcdefg"
    whole = (4, {0: b"abc", 2: b"", 3: b"defg"})
    for at in range(len(answer) + 1):
        assert _received(monkeypatch, 5, answer[:at], answer[at:]) == whole
    assert _received(monkeypatch, 5, *(answer[at : at + 1] for at in range(len(answer)))) == whole


@pytest.mark.parametrize(
    "answer",
    [
        *(
            b"",
            b"\n",
            b"null\n",
            b"{}\n",
            b"[]\n",
            b"[1, 1, 1]\nabc",
            b"[-1]\n",
            b"[true]\na",
            b'["1"]\na',
            b"[1.0]\na",
        ),
        *(b"[2]\na", b"[1]\nab", b"[1]", b"[" * 90_000 + b"\n", b"1" * (2 << 20), b"[9999999999]\na", b"<html>\n"),
    ],
)
def test_an_answer_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    with pytest.raises(NotAServerError):
        _received(monkeypatch, 2, answer)
