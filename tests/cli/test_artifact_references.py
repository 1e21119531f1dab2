"""References in artifacts: what is known of what they lead to is recorded, sent and compared; no network unasked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from aimd_core.errors import NetworkError, UsageError
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home

DIGEST = hashlib.sha256(b"elsewhere").hexdigest()


class _Web(BaseHTTPRequestHandler):
    """A web server that tells size and ETag, and counts who asks."""

    etag, length, asked = '"one"', "12", 0

    def do_HEAD(self) -> None:
        type(self).asked += 1
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/data.tar")
        elif self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
        elif self.path == "/gone":
            self.send_response(404)
        else:
            self.send_response(200)
            self.send_header("ETag", self.etag)
            self.send_header("Content-Length", self.length)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    _Web.etag, _Web.length, _Web.asked = '"one"', "12", 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def facts_in(home: Home, *words: str) -> dict[str, dict[str, object]]:
    (row,) = home.aimd("artifact", "describe", *words, "--json").json["artifacts"]
    facts: dict[str, dict[str, object]] = row["reference_facts"]
    return facts


def test_a_file_is_read_and_a_change_of_it_is_found(home: Home) -> None:
    file = home.work / "data file.bin"
    file.write_bytes(b"elsewhere")
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference(file.as_uri())
    artifact.add_reference("file:///nowhere/at.all")
    artifact.add_reference(home.work.as_uri(), "directory")
    (key,) = facts_in(home, "data")
    assert facts_in(home, "data")[key] == {"size": 9, "digest": DIGEST}
    assert home.aimd("artifact", "verify").code == 0
    file.write_bytes(b"ELSEWHERE")
    changed = home.aimd("artifact", "verify")
    assert (changed.code, changed.table[0]["object" if "object" in changed.table[0] else "key"]) == (6, key)
    file.unlink()  # it may be on another host
    assert home.aimd("artifact", "verify").code == 0
    assert "9 B" in home.aimd_terminal("artifact", "describe", "data", "-o", columns=160, NO_COLOR="1")


def test_what_is_given_is_recorded_and_what_cannot_be_is_refused(home: Home) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference("s3://bucket/data.tar", size=9, digest=DIGEST)
    artifact.add_reference("s3://bucket/other.tar", size=9)
    artifact.add_reference("s3://bucket/other.tar")  # again, without it
    assert facts_in(home, "data") == {"data.tar": {"size": 9, "digest": DIGEST}}
    for wrong in (
        {"size": -1},
        {"size": "9"},
        {"size": True},
        {"digest": "ab"},
        {"digest": DIGEST.upper()},
        {"check": True},
    ):
        with pytest.raises(UsageError):
            artifact.add_reference("s3://bucket/third.tar", **wrong)
    assert artifact.references.keys() == {"data.tar", "other.tar"}
    document = artifact.path / "metadata.yaml"
    content = yaml.safe_load(document.read_text())
    for odd in (7, [], {"data.tar": 7}, {"data.tar": {"size": "x", "digest": 7, "etag": ""}}):
        document.write_text(yaml.safe_dump({**content, "_references": odd}))
        assert facts_in(home, "data") == {}


def test_a_web_server_is_asked_only_on_request(home: Home, web: str) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference(f"{web}/data.tar", "unasked")
    assert home.aimd("artifact", "verify").code == 0
    assert _Web.asked == 0
    artifact.add_reference(f"{web}/moved", "asked", check=True)
    assert facts_in(home, "data") == {"asked": {"size": 12, "etag": '"one"'}}
    for path in ("gone", "away", "round"):
        with pytest.raises(NetworkError):
            artifact.add_reference(f"{web}/{path}", "broken", check=True)
    assert home.aimd("artifact", "verify", "--references").code == 0
    _Web.etag = '"two"'
    assert home.aimd("artifact", "verify").code == 0
    changed = home.aimd("artifact", "verify", "--references", "--json")
    assert (changed.code, changed.json["faults"][0]["key"]) == (6, "asked")


def test_it_goes_to_a_server_and_back(signed_in: Account, home: Home, tmp_path: Path) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference("s3://bucket/data.tar", size=9, digest=DIGEST)
    assert home.aimd("artifact", "upload", "data").code == 0
    expected = {"data.tar": {"size": 9, "digest": DIGEST}}
    assert facts_in(home, "data") == facts_in(home, "remote:data") == expected
    back = home.aimd("artifact", "download", "data", "--to", tmp_path / "there", "--json").json["artifacts"][0][
        "location"
    ]
    assert facts_in(home, "-p", back) == expected
    assert home.aimd("artifact", "upload", "data", "--check").code == 0


def test_a_reference_that_gives_no_answer_is_named_and_the_others_are_asked(home: Home, web: str) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference("http://127.0.0.1:1/data.tar", "away", size=12)
    artifact.add_reference(f"{web}/gone", "gone")  # of which nothing was recorded
    artifact.add_reference(f"{web}/data.tar", "kept", size=12)
    other = aimd.create_artifact("other", "dataset")
    other.add_reference(f"{web}/data.tar", "changed", size=13)
    assert "2 artifacts read" in home.aimd_terminal("artifact", "verify")
    assert "1 artifact read" in home.aimd_terminal("artifact", "verify", "data")
    ran = home.aimd("artifact", "verify", "data", "--references")
    assert (ran.code, [row["key"] for row in ran.table]) == (5, ["away", "gone"])
    assert ran.table[1]["fault"] == "no answer (HTTP 404)"
    ran = home.aimd("artifact", "verify", "--references")
    assert (ran.code, sorted(row["key"] for row in ran.table)) == (6, ["away", "changed", "gone"])


@pytest.mark.parametrize(
    ("uri", "warns"),
    [
        ("https://lin:secret@host/data.tar", True),
        ("s3://key:secret@bucket/data.tar", True),
        ("https://lin@host/data.tar", False),
        ("https://host:8080/a:b@c/data.tar", False),
        ("s3://bucket/data.tar", False),
    ],
)
def test_a_password_in_a_uri_is_warned_of(home: Home, uri: str, warns: bool, capfd: pytest.CaptureFixture[str]) -> None:
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_reference(uri)
    warned = capfd.readouterr().err
    assert ("has a password" in warned) == warns
    assert "secret" not in warned
    assert artifact.references == {"data.tar": uri}
