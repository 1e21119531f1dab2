"""Large contents from the object store itself: the same bytes, or the server's, and no other host is ever asked.

A real S3 store behind a proxy that breaks single requests of the client, and servers that name other addresses.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimd_core.client import contents, direct
from aimd_core.client.direct import Reach, checked_url, reach_of, require_reach
from aimd_core.client.v2 import Server
from aimd_core.errors import NotAServerError
from aimd_core.reading.documents import Trial
from aimd_core.reading.kept_files import KeptFile
from aimd_core.upload import fetching, files, transfers
from aimd_server import accounts
from aimd_server.blobs import open_blobs
from aimd_server.services import presigning
from aimd_server.services.contents import Receiving
from aimd_server.storage import Storage
from aimd_server.stores import contents as stored_contents
from aimd_server.stores.accounts import Account
from aimd_server.stores.contents import WholePart, by_digest, parts_of
from aimd_server.stores.database import Connection, Database
from tests.faults.test_file_uploads import PART, QUICK, FileCase
from tests.support.object_store import ObjectStore
from tests.support.proxy import Proxy
from tests.support.server import RunningServer
from tests.support.strangers import http_answer, stranger

BREAKS = [(fault, 0) for fault in ("403", "503", "reset on accept", "html 200", "redirect")] + [("cut length", 1)]
ADDRESSES = (
    *(
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "http://[::]/",
        "http://a@127.0.0.1/",
    ),
    *("http://127.0.0.1:99999/", "http://127.0.0.1/ x", "javascript:alert(1)", "", "/x", "http://", "http://[::1/"),
    *("http://127.0.0.1/\r\nHost: x", "http://127.0.0.1/#x", "http://127.0.0.1/" + "x" * 9000, "//127.0.0.1/x"),
)


def _lie(file: Path) -> str:
    """Return code by which a server names the address that is in a file."""
    return f"""
from pathlib import Path
from aimd_server.services import presigning
presigning.parts = lambda *_: [presigning.SignedPart(0, 5000, Path({str(file)!r}).read_text())]
"""


class Rig:
    """A server, the way to it, and the way of clients to its object store."""

    def __init__(self, server: RunningServer, proxy: Proxy, store: Proxy, place: Path) -> None:
        self.server, self.proxy, self.store, self.place = server, proxy, store, place
        self.case = FileCase(server, proxy, place / "t")

    def uploaded(self) -> Rig:
        self.case.upload()
        self.proxy.plan("", -1)
        self.store.plan("", -1)
        return self

    def fetched(self, name: str) -> dict[str, bytes]:
        return self.case.fetched(self.place / name, is_direct=False)

    def through_the_server(self) -> list[str]:
        return [line for line in self.proxy.requests if "/content?" in line and "large.bin" in line]


Rigging = Callable[..., AbstractContextManager[Rig]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sentences: list[str] = []
    monkeypatch.setattr(direct, "warn_once", sentences.append)
    return sentences


@pytest.fixture
def rigging(tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, told: list[str]) -> Rigging:
    monkeypatch.setattr(transfers, "FIRST_PART_BYTES", PART)
    monkeypatch.setattr(transfers, "MAX_PART_BYTES", PART)
    monkeypatch.setattr(files, "SMALL_BYTES", 3000)
    monkeypatch.setattr(direct, "LARGE_BYTES", 3000)

    @contextmanager
    def rig(plant: str = "", endpoint: str = "") -> Iterator[Rig]:
        data_dir = tmp_path / f"data{len(plant)}"
        data_dir.mkdir(mode=0o700)
        with Proxy(int(object_store.endpoint.rpartition(":")[2]), keeps_host=True) as store:
            public = endpoint or f"http://127.0.0.1:{store.port}"
            settings = {"blobs": object_store.new_bucket(), "blobs_public_endpoint": public}
            (data_dir / "server.yaml").write_text(json.dumps(settings))
            secrets = object_store.environment
            with (
                RunningServer(data_dir, before=plant, log_level="debug", environment=secrets) as server,
                Proxy(server.port) as proxy,
            ):
                yield Rig(server, proxy, store, tmp_path).uploaded()
                assert not [word for word in ("Traceback", "X-Amz", "Signature") if word in server.log]

    return rig


def test_large_files_come_from_the_store_from_any_byte_on_and_small_ones_from_the_server(
    rigging: Rigging, told: list[str]
) -> None:
    with rigging() as rig, Server(rig.case.credentials(is_direct=False), QUICK) as server:
        assert rig.fetched("back") == rig.case.kept()
        assert len(rig.store.requests) > 1
        assert all(line.startswith("GET ") for line in rig.store.requests)
        assert [line for line in rig.proxy.requests if "/contents" in line]
        whole = rig.case.kept()["large.bin"]
        file = KeptFile("large.bin", len(whole), hashlib.sha256(whole).hexdigest())
        for start in (1, PART - 1, PART, PART + 1, 2 * PART + 5):
            pieces: list[bytes] = []

            def take(piece: bytes, pieces: list[bytes] = pieces) -> bool:
                pieces.append(piece)
                return True

            contents.read_file(server, str(Trial(rig.case.path).id), file, start, take)
            assert b"".join(pieces) == whole[start:]
        assert (rig.through_the_server(), told) == ([], [])


def _broken(rig: Rig, fault: str, at: int) -> bool:
    """Break a request to the store, and return whether the bytes are right, some of them sent by the server."""
    rig.store.plan(fault, at)
    rig.proxy.plan("", -1)
    return rig.fetched(f"back {fault} {at}") == rig.case.kept() and len(rig.through_the_server()) > 0


def test_a_store_that_fails_in_any_way_is_told_once_and_the_server_sends_the_rest(
    rigging: Rigging, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with rigging() as rig:
        for fault, at in BREAKS:
            told.clear()
            assert _broken(rig, fault, at), f"{fault} at {at}"
            assert len(told) == 1, told
            assert "X-Amz" not in told[0]
        monkeypatch.setattr(fetching, "_is_right", lambda *_: True)  # planted: the store is believed without a digest
        assert not _broken(rig, "html 200", 1)


def test_the_store_gets_neither_the_key_nor_a_cookie(rigging: Rigging, told: list[str]) -> None:
    refusing = stranger(http_answer("403 Forbidden", b"no", "Set-Cookie: a=b"))
    with refusing as store, rigging(endpoint=store.url.partition("/t9k")[0]) as rig:
        assert rig.fetched("back") == rig.case.kept()
        sent = b"".join(store.requests).lower()
        assert sent.startswith(b"get /test-")
        assert not [word for word in (b"authorization", b"cookie", rig.case.key.encode()) if word in sent]
        assert len(told) == 1


def test_a_server_that_names_another_address_makes_nobody_ask_there(
    rigging: Rigging, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, numbers = tmp_path / "url", itertools.count()

    def reason_for(url: str) -> str:
        told.clear()
        file.write_text(url)
        assert rig.fetched(f"back{next(numbers)}") == rig.case.kept()
        assert (rig.store.requests, len(told)) == ([], 1), url
        return told[0].rpartition(": ")[2]

    with stranger(http_answer("200 OK", b"inside")) as inside, rigging(_lie(file)) as rig:
        for url in ("file:///etc/passwd", "http://169.254.169.254/latest", ""):
            assert reason_for(url) == "it names an address that is not asked"
        assert "HTTP" not in reason_for(inside.url)  # on this machine, as the server is: asked, and too short
        assert len(inside.requests) == 1
        with monkeypatch.context() as patch:  # as a server out in the open
            patch.setattr(direct, "reach_of_server", lambda _: Reach.EVERYBODY)
            assert reason_for(inside.url) == "it names an address that is not asked"
        monkeypatch.setattr(direct, "addresses_of", lambda _: ["93.184.215.14"])  # a name that leads here when asked
        assert reason_for(inside.url) == "its address is not asked"
    assert b"".join(inside.requests[1:]) == b""


@pytest.mark.parametrize("url", ADDRESSES)
def test_what_is_no_address_of_a_store_is_refused(url: str) -> None:
    with pytest.raises(NotAServerError):
        address = checked_url(url, "http://127.0.0.1:1")
        require_reach(address.host, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("reach", "addresses"),
    [
        (Reach.EVERYBODY, ["93.184.215.14", "2606:2800:21f::1"]),
        (Reach.NETWORK, ["10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "fd00::1", "fec0::1", "192.0.2.1"]),
        (Reach.MACHINE, ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]),
        (
            Reach.SPECIAL,
            ["169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
        ),
    ],
)
def test_every_address_is_told_by_who_reaches_it(reach: Reach, addresses: list[str]) -> None:
    assert {address: reach_of(address) for address in addresses} == dict.fromkeys(addresses, reach)


def test_a_store_may_be_where_the_server_is_and_farther_out_but_not_nearer() -> None:
    for store, server, is_asked in [
        ("http://10.1.1.1", "http://10.0.0.1", True),
        ("http://10.1.1.1", "http://127.0.0.1:1", True),
        ("http://93.184.215.14", "http://127.0.0.1:1", True),
        ("http://10.1.1.1", "http://93.184.215.14", False),
        ("http://127.0.0.1", "http://10.0.0.1", False),
        ("http://169.254.169.254", "http://127.0.0.1", False),
    ]:
        try:
            require_reach(store, server)
            came = True
        except NotAServerError:
            came = False
        assert came is is_asked, (store, server)


def test_no_address_without_tls_is_asked_for_a_server_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAServerError):
        checked_url("http://93.184.215.14/x?y=z", "https://aimd.example.org")
    assert checked_url("https://s3.example.org:9/b/k?X=%2F", "https://a.org") == (
        "https://s3.example.org:9",
        "/b/k?X=%2F",
    )
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(NotAServerError, match="proxy"):
        checked_url("https://s3.example.org/x", "https://a.org")


def _signed(bucket: str, place: Path, store: ObjectStore) -> dict[str, Any]:
    """Send a content of its own, and two in one body; return the addresses of each by its bytes."""
    with Database(place) as database:
        database.start_writer()
        accounts.add_user(place, "lin")
        storage, receiving = Storage(database, open_blobs(bucket, place, store.endpoint)), Receiving()
        user = Account(1, "lin", writing=True)
        alone, first, second = b"alone" * 1000, b"first", b"second"
        receiving.part(storage, user, hashlib.sha256(alone).hexdigest(), len(alone), 0, alone)
        receiving.small(storage, user, b"[5, 6]\n" + first + second)
        signed = {}
        for content in (alone, first, second):
            digest = hashlib.sha256(content).hexdigest()
            row = database.read(lambda connection, digest=digest: by_digest(connection, [digest]))[digest]
            signed[content] = [part.url for part in presigning.parts(storage, user, row.id, digest, 0)]
        return signed


def test_only_an_object_with_a_single_content_is_signed(
    bucket: str, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = _signed(bucket, tmp_path / "a", object_store)
    ((alone, urls), *others) = signed.items()
    assert [found for _, found in others] == [[], []]
    assert httpx.get(urls[0]).content == alone
    assert httpx.get(urls[0].replace("contents", "kontents")).status_code == 403
    assert httpx.put(urls[0], content=b"x").status_code == 403

    def any_part(connection: Connection, content_id: int, digest: str, start: int, limit: int) -> list[WholePart]:
        rows = parts_of(connection, content_id, digest, start, 1 << 40)
        return [WholePart(row.offset, row.size, str(row.key)) for row in rows]

    monkeypatch.setattr(stored_contents, "whole_parts_of", any_part)  # planted: signed whatever else the object holds
    assert any(found for _, found in list(_signed(bucket, tmp_path / "b", object_store).items())[1:])
