"""Many small contents in one answer: of a trial's files and media, and of an artifact's objects."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable

import httpx
import pytest

from aimd_core.format.limits import MAX_SMALL, PART_BYTES
from aimd_core.format.protocol import CONTENT_BATCHES
from tests.server.api import User, code_of, new_id
from tests.support.server import RunningServer


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send_small(user: User, *pieces: bytes) -> None:
    head = json.dumps([len(piece) for piece in pieces]).encode()
    answer = user.v2("POST", "/contents", content=head + b"\n" + b"".join(pieces))
    assert answer.status_code == 200, answer.text


def files_with(user: User, *pieces: bytes) -> tuple[str, list[str]]:
    """Make a trial with these files; return the address of its contents, and their paths."""
    trial_id = user.new_trial()
    names = [f"d/{number:05}" for number in range(len(pieces))]
    files = [{"path": name, "digest": digest_of(piece)} for name, piece in zip(names, pieces, strict=True)]
    assert user.v2("POST", f"/trials/{trial_id}/files", json={"files": files}).status_code == 200
    return f"/trials/{trial_id}", names


def media_with(user: User, *pieces: bytes) -> tuple[str, list[str]]:
    trial_id = user.new_trial()
    digests = [digest_of(piece) for piece in pieces]
    assert user.v2("POST", f"/trials/{trial_id}/media", json={"digests": digests}).status_code == 200
    return f"/trials/{trial_id}/media", digests


def artifact_with(user: User, *pieces: bytes) -> tuple[str, list[str]]:
    artifact_id, names = new_id(), [f"k/{number:05}" for number in range(len(pieces))]
    user.v2("PUT", f"/artifacts/{artifact_id}", json={"repo": f"r-{artifact_id}", "type": "model"})
    objects = [{"key": name, "digest": digest_of(piece)} for name, piece in zip(names, pieces, strict=True)]
    answer = user.v2("POST", f"/artifacts/{artifact_id}/objects", json={"objects": objects})
    assert answer.status_code == 204, answer.text
    return f"/artifacts/{artifact_id}", names


KINDS = pytest.mark.parametrize("made_with", [files_with, media_with, artifact_with])
Making = Callable[..., tuple[str, list[str]]]


def asked(user: User, home: str, names: list[str]) -> httpx.Response:
    return user.v2("POST", f"{home}/contents", json={"names": names})


def received(answer: httpx.Response) -> list[bytes | None]:
    """Return the contents in an answer, None for those that are not in it."""
    assert answer.status_code == 200, answer.text
    head, _, rest = answer.content.partition(b"\n")
    contents: list[bytes | None] = []
    for size in json.loads(head):
        contents.append(None if size is None else rest[:size])
        rest = rest[size or 0 :]
    assert rest == b""
    return contents


def test_the_server_says_that_it_has_batches(user: User) -> None:
    assert CONTENT_BATCHES in user.v2("GET", "/info").json()["features"]


@KINDS
def test_contents_come_in_the_order_in_which_they_were_asked_for(user: User, made_with: Making) -> None:
    pieces = [b"", os.urandom(50), b"text" * 9_000, os.urandom(700_000), os.urandom(700_000), os.urandom(3)]
    send_small(user, *pieces[:3])
    send_small(user, os.urandom(100_000), *pieces[3:])  # with a gap before them in their object
    home, names = made_with(user, *pieces)
    order = [3, 1, 0, 5, 4, 2, 1]
    absent = digest_of(b"absent")  # a path and a key, too
    answer = asked(user, home, [*(names[number] for number in order), absent, names[5]])
    assert answer.headers["content-length"] == str(len(answer.content))
    assert received(answer) == [*(pieces[number] for number in order), None, pieces[5]]
    assert received(asked(user, home, [])) == []


@KINDS
def test_a_digest_is_no_key(user: User, stranger: User, made_with: Making) -> None:
    piece = os.urandom(500)
    send_small(user, piece)
    home, names = made_with(user, piece)
    own, _ = made_with(stranger)
    assert received(asked(stranger, own, [*names, digest_of(piece)])) == [None, None]
    refused = asked(stranger, home, names)
    assert (refused.status_code, code_of(refused)) == (404, "not_found")
    assert refused.json() == asked(stranger, home, []).json()


@KINDS
def test_an_answer_has_as_many_as_fit_and_larger_ones_are_read_alone(user: User, made_with: Making) -> None:
    half = PART_BYTES // 2
    pieces = [os.urandom(half - 100), os.urandom(half - 100), os.urandom(500), b"small"]
    for piece in pieces:
        send_small(user, piece)
    large = os.urandom(PART_BYTES + 1)
    for start in (0, PART_BYTES):
        headers = {"Upload-Offset": str(start), "Upload-Length": str(len(large))}
        part = large[start : start + PART_BYTES]
        answer = user.v2("PATCH", f"/contents/{digest_of(large)}", headers=headers, content=part)
        assert answer.status_code == 204, answer.text
    home, names = made_with(user, *pieces, large)
    assert received(asked(user, home, names)) == pieces[:2]
    assert received(asked(user, home, names[2:])) == [pieces[2], pieces[3], None]
    answer = asked(user, home, names[:1] * (MAX_SMALL + 1))
    assert (answer.status_code, code_of(answer)) == (422, "invalid")


def test_what_the_object_store_has_lost_is_an_error_and_not_a_gap(own_server: RunningServer) -> None:
    with User(own_server, "lin") as user:
        pieces = [os.urandom(5_000), os.urandom(5_000)]
        for piece in pieces:
            send_small(user, piece)
        home, names = files_with(user, *pieces)
        objects = [path for path in own_server.data_dir.rglob("*") if path.is_file() and path.stat().st_size == 5_000]
        (lost,) = (path for path in objects if path.read_bytes() == pieces[1])
        lost.unlink()
        assert received(asked(user, home, names[:1])) == pieces[:1]
        assert asked(user, home, names).status_code == 503
