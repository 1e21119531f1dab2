"""Version 2: the media of trials: records by key and step, and bytes for those who may see the trial."""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import tarfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from aimd_core.format.media import MAX_LINE_BYTES
from aimd_core.reading.media import LocalMedia
from aimd_server.blobs import open_blobs
from aimd_server.services import contents, media_index, trash
from aimd_server.storage import Storage
from aimd_server.stores.contents import totals
from aimd_server.stores.database import Database
from t9k.aimd.media.pictures import encode_png
from tests.server.api import User, code_of
from tests.server.test_server_contents import digest_of, send_small
from tests.support.server import RunningServer

PNG = encode_png(np.zeros((2, 3), np.uint8)[:, :, None])
HTML = b"<script>fetch('/apis/v2/info')</script>"
DIGEST = hashlib.sha256(PNG).hexdigest()


def line(key: str, step: int, content: bytes | None = None, kind: str = "image/png", **members: object) -> bytes:
    document: dict[str, object] = {"key": key, "step": step, "kind": kind.partition("/")[0], **members}
    if content is not None:
        document |= {"digest": digest_of(content), "size": len(content), "type": kind}
    return json.dumps(document).encode() + b"\n"


def append(user: User, trial_id: str, content: bytes, offset: int = 0, file: str = "media") -> httpx.Response:
    headers = {"Upload-Offset": str(offset)}
    return user.v2("PATCH", f"/trials/{trial_id}/files/{file}", headers=headers, content=content)


def refer(user: User, trial_id: str, *contents: bytes) -> httpx.Response:
    return user.v2("POST", f"/trials/{trial_id}/media", json={"digests": [digest_of(content) for content in contents]})


def listed(user: User, trial_id: str, **query: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = user.v2("GET", f"/trials/{trial_id}/media", params={**query, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        rows += answer.json()["media"]
        cursor = answer.json()["next"]
    return rows


def content_of(user: User, trial_id: str, content: bytes, route: str = "content", **headers: str) -> httpx.Response:
    digest = digest_of(content)
    return user.v2("GET", f"/trials/{trial_id}/media/{route}", params={"digest": digest}, headers=headers)


def test_records_are_listed_by_key_step_and_number_and_bytes_come_back(user: User) -> None:
    trial_id = user.new_trial()
    send_small(user, PNG)
    assert refer(user, trial_id, PNG).json() == {"count": 1}
    lines = [
        line("b", 2, PNG),
        line("a", 3, PNG, caption="x"),
        line("b", 1, PNG),
        line("b", 2, PNG),
        line("a", -1, text="t"),
    ]
    assert append(user, trial_id, b"".join(lines)).status_code == 204
    rows = listed(user, trial_id)
    assert [(row["key"], row["step"], row["index"]) for row in rows] == [
        *(("a", -1, 0), ("a", 3, 0), ("b", 1, 0)),
        *(("b", 2, 0), ("b", 2, 1)),
    ]
    assert listed(user, trial_id, limit=2) == rows
    assert [row["step"] for row in listed(user, trial_id, key="b")] == [1, 2, 2]
    assert [row["step"] for row in listed(user, trial_id, **{"from": 2, "to": 2})] == [2, 2]
    assert [row.get("present") for row in rows] == [None, True, True, True, True]
    keys = user.v2("GET", f"/trials/{trial_id}/media/keys").json()
    assert keys["keys"][1] == {
        "key": "b",
        "kinds": ["image"],
        "records": 3,
        "steps": 2,
        "first_step": 1,
        "last_step": 2,
    }
    steps = user.v2("GET", f"/trials/{trial_id}/media/steps", params={"key": "a"}).json()
    assert steps == {"steps": [-1, 3], "next": None}
    answer = content_of(user, trial_id, PNG)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert user.trial(trial_id)["files"]["media"]["count"] == 1


def test_a_digest_in_a_journal_gives_nobody_the_bytes(user: User, stranger: User) -> None:
    mine, theirs = user.new_trial(), stranger.new_trial()
    send_small(user, PNG)
    refer(user, mine, PNG)
    append(user, mine, line("k", 1, PNG))
    append(stranger, theirs, line("k", 1, PNG))
    assert content_of(user, mine, PNG).content == PNG
    assert [row["present"] for row in listed(stranger, theirs)] == [False]
    assert code_of(content_of(stranger, theirs, PNG)) == "not_found"
    assert code_of(content_of(stranger, mine, PNG)) == "not_found"
    refused = refer(stranger, theirs, PNG)
    assert (code_of(refused), refused.json()["error"]["digests"]) == ("content_missing", [DIGEST])
    lacking = stranger.v2("POST", f"/trials/{theirs}/media/missing", json={"digests": [DIGEST]}).json()
    assert lacking == {"missing": [DIGEST]}
    send_small(stranger, PNG)
    refer(stranger, theirs, PNG)
    assert content_of(stranger, theirs, PNG).content == PNG


@pytest.mark.parametrize(
    ("content", "kind", "told", "is_shown"),
    [
        (PNG, "image/png", "image/png", True),
        (b"RIFFxxxxWAVE", "audio/wav", "audio/wav", True),
        (b"hello", "text/plain; charset=utf-8", "text/plain; charset=utf-8", True),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "image/svg+xml", False),
        (b'{"columns": [], "data": []}', "application/vnd.aimd.table+json", "application/vnd.aimd.table+json", False),
        (HTML, "text/html", "application/octet-stream", False),
        (HTML, "text/xml", "application/octet-stream", False),
        (HTML, "application/xhtml+xml", "application/octet-stream", False),
        (HTML, "text/javascript", "application/octet-stream", False),
        (HTML, "application/pdf", "application/octet-stream", False),
        (HTML, "text/html\r\nSet-Cookie: a=b", "application/octet-stream", False),
        (HTML, "image/png", "application/octet-stream", False),
        (HTML, "audio/wav", "audio/wav", True),  # which browsers do not take for a page: nosniff
        (PNG[:16] + struct.pack(">II", 100_000, 100_000) + PNG[24:], "image/png", "application/octet-stream", False),
    ],
)
def test_only_what_cannot_run_is_sent_to_be_shown(
    user: User, content: bytes, kind: str, told: str, is_shown: bool
) -> None:
    trial_id = user.new_trial()
    send_small(user, content)
    refer(user, trial_id, content)
    append(user, trial_id, line("k", 1, content, kind))
    answer = content_of(user, trial_id, content)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, told)
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline" if is_shown else "attachment")
    assert "set-cookie" not in answer.headers
    page = content_of(user, trial_id, content, "page")
    if kind != "text/html":
        assert code_of(page) == "not_found"
        return
    assert page.content == content
    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; ")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert page.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_browser_asks_again_and_ranges_and_what_is_not_modified_are_answered(user: User, stranger: User) -> None:
    trial_id = user.new_trial()
    send_small(user, PNG)
    refer(user, trial_id, PNG)
    answer = content_of(user, trial_id, PNG)  # no record names it, so its type is not known
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (answer.headers["cache-control"], answer.headers["etag"]) == ("private, no-cache", f'"{DIGEST}"')
    again = content_of(user, trial_id, PNG, **{"If-None-Match": f'"{DIGEST}"'})
    assert (again.status_code, again.content) == (304, b"")
    assert content_of(stranger, trial_id, PNG, **{"If-None-Match": f'"{DIGEST}"'}).status_code == 404
    part = content_of(user, trial_id, PNG, Range="bytes=1-3")
    assert (part.status_code, part.content) == (206, b"PNG")


def test_what_is_no_record_is_passed_over_and_a_torn_line_waits(user: User) -> None:
    trial_id = user.new_trial()
    long = b"x" * (3 * media_index.STRETCH_BYTES) + line("hidden", 1, text="t")
    odd = [b"\xff\n", b"{}\n", b"[" * 9000 + b"\n", long, b'{"key": "' + b"y" * MAX_LINE_BYTES + b'"}\n', b"\n"]
    content = b"".join(line("k", number, text="t") + other for number, other in enumerate(odd))
    whole = content + line("k", 99, text="end")
    reached = 0
    for end in (len(content), len(whole) - 5, len(whole)):
        assert append(user, trial_id, whole[reached:end], reached).status_code == 204
        reached = end
        rows = listed(user, trial_id)
        assert [row["step"] for row in rows] == [*range(len(odd)), *([99] if end == len(whole) else [])]
    answer = user.v2("GET", f"/trials/{trial_id}/media/keys").json()
    assert (len(answer["keys"]), answer["behind"]) == (1, False)


@pytest.mark.parametrize("seed", range(3))
def test_however_the_bytes_come_the_records_are_the_same(
    user: User, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    lines = [line(f"k{chance.randrange(3)}", chance.randrange(4), text=str(number)) for number in range(200)]
    content = b"".join(lines)
    whole, pieces = user.new_trial(), user.new_trial("other")
    append(user, whole, content)
    reached = 0
    while reached < len(content):
        end = min(len(content), reached + chance.randrange(1, 3000))
        append(user, pieces, content[reached:end], reached)
        reached = end
    assert listed(user, pieces) == listed(user, whole)
    assert len(listed(user, whole)) == 200


@pytest.mark.parametrize("is_early", [False, True])
def test_a_resumption_supersedes_records_whenever_it_comes(user: User, is_early: bool) -> None:
    trial_id = user.new_trial()
    first = b"".join(line("k", step, text=f"first {step}") for step in range(5))
    second = line("k", 3, text="second 3")
    resume = {"kind": "resume", "from_step": 3, "offset": 0, "media_offset": len(first)}
    segments = json.dumps(resume).encode() + b"\n"
    if is_early:
        append(user, trial_id, segments, file="segments")
    append(user, trial_id, first + second)
    if not is_early:
        assert len(listed(user, trial_id)) == 6
        append(user, trial_id, segments, file="segments")
    texts = [(row["text"], row["index"]) for row in listed(user, trial_id)]
    assert texts == [("first 0", 0), ("first 1", 0), ("first 2", 0), ("second 3", 0)]
    append(user, trial_id, line("k", 3, text="third 3"), len(first + second))
    assert [(row["text"], row["index"]) for row in listed(user, trial_id)][-1] == ("third 3", 1)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "x"},
        {"from": "x"},
        {"to": "9" * 30},
        {"key": "x" * 256},
        {"cursor": "!"},
        {"cursor": "WzEsMiwzXQ"},
        {"cursor": "W10"},
    ],
)
def test_a_query_that_cannot_be_is_refused(user: User, query: dict[str, object]) -> None:
    trial_id = user.new_trial()
    assert code_of(user.v2("GET", f"/trials/{trial_id}/media", params=query)) == "invalid"
    assert code_of(user.v2("GET", f"/trials/{trial_id}/media/steps")) == "invalid"
    for digest in ("", "x", "../../etc/passwd", DIGEST.upper()):
        answer = user.v2("GET", f"/trials/{trial_id}/media/content", params={"digest": digest})
        assert code_of(answer) == "invalid"


def test_an_exported_folder_has_the_bytes_where_readers_look_for_them(user: User, tmp_path: Path) -> None:
    large = PNG + b"x" * 9000
    ids = [user.new_trial(name, folder={"path": "digits", "make": True}) for name in ("one", "two")]
    send_small(user, PNG, large)
    for trial_id in ids:
        refer(user, trial_id, PNG, large)
        append(user, trial_id, line("k", 1, PNG) + line("k", 2, large))
    answer = user.v2("GET", f"/folders/{user.trial(ids[0])['folder']['id']}/export")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path, filter="data")
    assert len(names) == len(set(names))
    for name in ("one", "two"):
        local = LocalMedia(tmp_path / "digits" / name)
        assert [local.read(item.record.bytes[0]) for item in local.items()] == [PNG, large]


def test_a_public_link_shows_no_media(user: User, shared_server: RunningServer) -> None:
    trial_id = user.new_trial()
    send_small(user, PNG)
    refer(user, trial_id, PNG)
    append(user, trial_id, line("k", 1, PNG))
    key = user.v2("POST", f"/trials/{trial_id}/shares", json={"role": "viewer", "link": True}).json()["key"]
    with User(shared_server, key=key) as link:
        assert link.v2("GET", f"/trials/{trial_id}/media").json()["media"] == []
        assert link.v2("GET", f"/trials/{trial_id}/media/keys").json()["keys"] == []
        assert link.v2("GET", f"/trials/{trial_id}/media/steps", params={"key": "k"}).json()["steps"] == []
        assert code_of(content_of(link, trial_id, PNG)) == "not_found"
        assert "media" not in link.trial(trial_id)["files"]


def test_contents_of_media_stay_as_long_as_a_trial_has_them(own_server: RunningServer) -> None:
    with User(own_server) as user:
        trial_id = user.new_trial()
        send_small(user, PNG)
        refer(user, trial_id, PNG)
        own_server.stop()
        with Database(own_server.data_dir) as database:
            storage = Storage(database, open_blobs(None, own_server.data_dir))
            database.write(lambda connection: connection.exec_driver_sql("UPDATE content_proof SET until_us = 1"))
            contents.sweep(storage, left_over_us=0, upload_us=0)
        own_server.start()
        assert content_of(user, trial_id, PNG).content == PNG
        user.v2("DELETE", f"/trials/{trial_id}")
        own_server.stop()
        with Database(own_server.data_dir) as database:
            storage = Storage(database, open_blobs(None, own_server.data_dir))
            contents.sweep(storage, left_over_us=0, upload_us=0)
            assert database.read(totals) == (1, len(PNG))
            trash.sweep(database, 0)
            contents.sweep(storage, left_over_us=0, upload_us=0)
            assert database.read(totals) == (0, 0)


def test_what_a_trial_in_the_trash_or_deleted_had_is_not_shown(user: User) -> None:
    trial_id = user.new_trial()
    send_small(user, PNG)
    refer(user, trial_id, PNG)
    append(user, trial_id, line("k", 1, PNG))
    assert user.v2("DELETE", f"/trials/{trial_id}").status_code == 204
    for path in ("", "/keys", f"/content?digest={DIGEST}"):
        assert code_of(user.v2("GET", f"/trials/{trial_id}/media{path}")) == "not_found"
    user.v2("POST", f"/trials/{trial_id}/restore")
    assert content_of(user, trial_id, PNG).content == PNG
