"""Media are the same in a directory, on a server, and in what was downloaded from there; each byte is proved."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from aimd_core.client import media as client_media
from aimd_core.client.connection import Connection
from aimd_core.client.media import RemoteMedia
from aimd_core.client.v2 import Server, twin_of
from aimd_core.config import Credentials
from aimd_core.errors import DamagedError, ExistsError, NotAServerError, RemoteNotFoundError
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.objects.collecting import collect
from aimd_core.objects.store import store_of
from aimd_core.reading.documents import Trial as StoredTrial
from aimd_core.reading.media import LocalMedia, Media
from aimd_core.reading.verification import verify_trial
from aimd_core.upload.downloading import download_trial
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


def told(media: Media) -> list[tuple[dict[str, object], list[bytes]]]:
    return [(item.document(), [media.read(stored) for stored in item.record.bytes]) for item in media.items()]


def recorded(directory: Path, steps: int = 6) -> aimd.Trial:
    chance = np.random.default_rng(steps)
    trial = aimd.create_trial(trial_name="cnn", dir=directory, capture_output=False, capture_git=False)
    for step in range(steps):
        trial.log("train", {"loss": 1.0}, step)
        trial.log_image("val/samples", chance.integers(0, 256, (2, 8, 8, 3), np.uint8), step, ["ä", "b"])
        trial.log_histogram("weights", chance.normal(size=99), step)
    trial.log_image("same", np.zeros((8, 8), np.uint8), 0)
    trial.log_image("same", np.zeros((8, 8), np.uint8), 1)
    trial.log_text("text", "hello \U0001f642", -1)
    trial.log_html("page", os.urandom(900_000), 2)
    return trial


@pytest.fixture
def server(signed_in: Account) -> Server:
    return Server(Credentials(signed_in.url, signed_in.key, {}))


def test_here_there_and_downloaded_are_the_same(home: Home, server: Server, tmp_path: Path) -> None:
    trial = recorded(home.work)
    trial.finish()
    resumed = aimd.load_trial(trial.path, from_step=3)
    resumed.log_text("text", "again", 3)
    resumed.log_image("val/samples", np.ones((8, 8), np.uint8), 4)
    resumed.finish()
    here = LocalMedia(trial.path)
    assert home.aimd("trial", "upload", trial.alternative_name).code == 0
    with server:
        there = RemoteMedia(server, trial.id)
        assert told(there) == told(here)
        assert there.keys() == here.keys()
        for key in list(here.keys()):
            assert there.steps(key.key) == here.steps(key.key)
        assert [item.document() for item in there.items("val/samples", 1, 2)] == [
            item.document() for item in here.items("val/samples", 1, 2)
        ]
        assert there.item("val/samples").document() == here.item("val/samples").document()
        assert len(list(there.items(limit=3))) == 3
    assert home.aimd("trial", "upload", "--check", trial.alternative_name).code == 0
    again = home.aimd("trial", "upload", trial.alternative_name, "--json").json
    assert again["uploads"][0]["outcome"] == "unchanged"
    assert home.aimd("trial", "download", trial.id, "--to", str(tmp_path / "back")).code == 0
    (back,) = (tmp_path / "back" / ".aimd" / "trials").iterdir()
    assert told(LocalMedia(back)) == told(here)
    assert verify_trial(StoredTrial(back)).faults == []
    assert (back / "media").read_bytes() == (trial.path / "media").read_bytes()
    with aimd.find_trial(f"remote:{trial.id}") as found:
        assert told(found.media) == told(here)


def test_a_live_upload_sends_media_as_they_come_and_each_once(home: Home, server: Server) -> None:
    trial = recorded(home.work, 2)
    trial.upload()
    with server:
        there = RemoteMedia(server, trial.id)
        assert told(there) == told(LocalMedia(trial.path))
        for step in range(10, 14):
            trial.log_image("val/samples", np.full((8, 8), step, np.uint8), step)
            uploaded = trial.upload()
            assert uploaded is not None
            assert uploaded.sent_bytes < 5_000
            assert told(there) == told(LocalMedia(trial.path))
    trial.finish()


def test_what_is_missing_or_damaged_here_is_named_and_the_rest_is_sent(home: Home, server: Server) -> None:
    trial = recorded(home.work)
    trial.finish()
    store = store_of(trial.path)
    (large,) = store.objects()
    path = store.path_of(large.digest)
    content = path.read_bytes()
    path.unlink()
    for _ in range(2):  # each time, not only once
        sent = home.aimd("trial", "upload", trial.alternative_name)
        assert sent.code == 8, sent
        assert f"media/{large.digest[:12]} (is missing)" in sent.err + sent.out
    checked = home.aimd("trial", "upload", "--check", trial.alternative_name)
    assert checked.code != 0
    assert f"media/{large.digest[:12]}" in checked.out + checked.err
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content[:-1] + b"x")
    assert home.aimd("trial", "upload", "--check", trial.alternative_name).code != 0
    path.write_bytes(content)
    assert home.aimd("trial", "upload", trial.alternative_name).code == 0
    assert home.aimd("trial", "upload", "--check", trial.alternative_name).code == 0
    with server:
        assert told(RemoteMedia(server, trial.id)) == told(LocalMedia(trial.path))


def test_a_dry_run_counts_the_bytes_of_media(home: Home, signed_in: Account) -> None:
    trial = recorded(home.work)
    trial.finish()
    planned = home.aimd("trial", "upload", "--dry-run", trial.alternative_name, "--json").json
    assert planned["uploads"][0]["remaining_bytes"] > 900_000


def upload_in_child(trial: aimd.Trial, requests: int) -> bool:
    """Upload in a child that is killed before its n-th request; tell whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = requests
    try:
        for name in ("request", "once"):
            original = getattr(Connection, name)

            def counting(self: Connection, *words: Any, original: Any = original, **named: Any) -> Any:
                nonlocal left
                left -= 1
                if not left:
                    os._exit(9)
                return original(self, *words, **named)

            setattr(Connection, name, counting)
        trial.upload()
    finally:
        os._exit(0)


def test_an_upload_killed_before_any_request_leaves_no_record_without_its_bytes(home: Home, server: Server) -> None:
    trial = recorded(home.work, 2)
    with server:
        there, number = RemoteMedia(server, trial.id), 1
        trial.log_html("page", os.urandom(700_000), 9)
        while upload_in_child(trial, number):
            number += 1
            with contextlib.suppress(RemoteNotFoundError):
                told(there)  # reads the bytes of every record that is there
        assert number > 5
        assert told(there) == told(LocalMedia(trial.path))
    trial.finish()


def test_two_uploads_at_once_end_as_one(home: Home, server: Server) -> None:
    trial = recorded(home.work)
    trial.finish()
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            try:
                trial.upload()
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert home.aimd("trial", "upload", "--check", trial.alternative_name).code == 0
    with server:
        assert told(RemoteMedia(server, trial.id)) == told(LocalMedia(trial.path))


def test_a_trial_that_was_removed_and_restored_has_its_media(home: Home) -> None:
    trial = recorded(home.work)
    trial.finish()
    before = told(LocalMedia(trial.path))
    assert home.aimd("trial", "rm", "-y", trial.alternative_name).code == 0
    collect(home.work, grace_s=-1)
    assert home.aimd("trial", "restore", trial.alternative_name).code == 0
    assert told(LocalMedia(trial.path)) == before


@pytest.mark.parametrize("lie", [b"", b"x", b"x" * 5_000_000])
def test_bytes_that_are_others_than_their_digest_are_refused(lie: bytes, home: Home, server: Server) -> None:
    trial = recorded(home.work, 1)
    trial.upload()
    trial.finish()
    with server:
        there = RemoteMedia(server, trial.id)
        (stored,) = there.item("page").record.bytes
        longer = stored._replace(size_bytes=stored.size_bytes + 1)
        with pytest.raises(DamagedError):
            there.read(longer)
        with pytest.raises(DamagedError, match="the limit is 10"):
            there.read(stored, most_bytes=10)
        lying = LyingServer(lie)
        with pytest.raises((DamagedError, NotAServerError)):
            RemoteMedia(cast("Server", lying), trial.id).read(stored)
        assert lying.taken <= stored.size_bytes + (1 << 16)


@pytest.mark.parametrize(("sizes", "count"), [((10, 0), 0), ((10**12, 0), 0), ((10,), 1)])
def test_a_record_that_lies_about_a_size_keeps_no_trial_from_coming_back(
    sizes: tuple[int, ...], count: int, home: Home, signed_in: Account, tmp_path: Path
) -> None:
    trial = aimd.create_trial(trial_name="odd", dir=home.work, capture_output=False, capture_git=False)
    trial.log_text("text", "too long for its line " * 100, step=1)
    trial.finish()
    journal = trial.path / MEDIA_FILE
    record = json.loads(journal.read_bytes())
    lines = [json.dumps({**record, "size": size or record["size"]}) for size in sizes]
    journal.write_text("\n".join(lines) + "\n")
    assert home.aimd("trial", "upload", "odd").code == 0
    downloaded = home.aimd("trial", "download", "odd", "--to", tmp_path / "back")
    assert downloaded.code == 0
    assert (f"{count} object of the media" in downloaded.err) == bool(count)
    (back,) = (tmp_path / "back/.aimd/trials").iterdir()
    assert store_of(back).has(record["digest"]) == (not count)


def test_of_several_downloads_at_once_the_later_ones_are_told_that_it_is_there(
    home: Home, server: Server, tmp_path: Path
) -> None:
    trial = recorded(home.work)
    trial.finish()
    trial.upload()

    def download() -> object:
        with twin_of(server) as own, contextlib.suppress(ExistsError):
            return download_trial(own, trial.id, tmp_path)
        return None

    with ThreadPoolExecutor(3) as threads:
        done = [each.result() for each in [threads.submit(download) for _ in range(3)]]
    (path,) = [each for each in done if each is not None]
    assert told(LocalMedia(cast("Path", path))) == told(LocalMedia(trial.path))
    assert os.listdir(tmp_path / ".aimd/trials") == [trial.alternative_name]


class LyingServer:
    """Sends other bytes than it was asked for."""

    host = "lying"

    def __init__(self, content: bytes) -> None:
        self.content, self.taken = content, 0


@pytest.fixture(autouse=True)
def lies(monkeypatch: pytest.MonkeyPatch) -> None:
    original = client_media.read_content

    def read(
        server: Any, trial_id: str, digest: str, start: int, take: Callable[[bytes], bool], size_bytes: int = 0
    ) -> None:
        if not isinstance(server, LyingServer):
            original(server, trial_id, digest, start, take, size_bytes)
            return
        for at in range(0, len(server.content), 1 << 16):
            piece = server.content[at : at + (1 << 16)]
            server.taken += len(piece)
            if not take(piece):
                return

    monkeypatch.setattr(client_media, "read_content", read)
