"""What a public link shows: markers in every field of a trial, looked for in every answer that the link can get.

The routes come from the description that the server makes of itself, so a new one is asked, too.
"""

from __future__ import annotations

import base64
import json
import re
import tarfile
import uuid
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest

from aimd_server.services import public_view
from tests.server.api import User
from tests.support.server import RunningServer

HIDDEN_MEMBERS = (
    "hostname",
    "user",
    "cwd",
    "path",
    "argv",
    "command",
    "executable",
    "pid",
    "slurm_job_id",
    "gpu",
    "remote",
)
HIDDEN_MEMBERS += ("branch", "author", "repository", "environment", "boot_id", "rank", "container_id", "unheard_of")


def marker(name: str) -> str:
    return f"zz{name.replace('_', '')}zz"


PLACE = f"{marker('above')}/{marker('higher')}/shown"


class Marked:
    """A trial whose every field has a marker, in a folder with a public link."""

    def __init__(self, server: RunningServer) -> None:
        self.user = User(server, marker("owner"))
        mate = User(server, marker("editor"))
        hidden = {name: marker(name) for name in HIDDEN_MEMBERS}
        metadata = {
            "kind": "Trial",
            "metadata": {"name": "cnn", **hidden},
            "platform": hidden,
            "process": hidden,
            "_git": {**hidden, "commit": marker("commit"), "nested": {"x": marker("gitnested")}},
            "_exit": {"kind": "exception", "exception": "OSError", "message": marker("message"), "at": None},
            "status": "Failed",
            "startTime": "2026-11-23T15:03:27.664883+00:00",
            "endTime": {"odd": marker("oddtime")},
            marker("unknownkey"): marker("unknownvalue"),
        }
        documents = {
            name: base64.b64encode(f"a: {marker('file' + name.replace('.', ''))}\n".encode()).decode()
            for name in ("metadata.yaml", "process.json", "labels.yaml", "git.diff")
        }
        self.trial = self.user.new_trial(
            marker("name"),
            folder={"id": None, "path": PLACE, "make": True},
            metadata=metadata,
            documents=documents,
            state="Failed",
            parameters={"lr": marker("parameter")},
            labels={"tags": [marker("tag")], "note": marker("note")},
        )
        point = {"train": {"value": {marker("metric"): 0.5}, "sequence": {"epoch": None, "step": 1, "timestamp": None}}}
        assert self.user.patch(self.trial, 0, json.dumps(point).encode() + b"\n").status_code == 204
        output = f"/home/{marker('output')}/x\n".encode()
        assert self.user.patch(self.trial, 0, output, "stdout.log").status_code == 204
        self.folder = self.user.v2("GET", "/folders/by-path", params={"path": PLACE}).json()["id"]
        shares = f"/folders/{self.folder}/shares"
        self.user.v2("POST", shares, json={"user": mate.name, "role": "editor"})
        assert mate.v2("PATCH", f"/trials/{self.trial}", json={"note": marker("note")}).status_code == 200
        for name in ("inner", "more"):
            assert mate.v2("POST", "/folders", json={"parent": self.folder, "name": name}).status_code == 201
        aside = self.user.v2("POST", "/folders", json={"path": marker("aside")}).json()["id"]
        shortcut = self.user.v2("POST", f"/folders/{self.folder}/shortcuts", json={"target": aside})
        assert shortcut.status_code == 201, shortcut.text
        self.own_link = self.user.v2("POST", f"/trials/{self.trial}/shares", json={"link": True}).json()["key"]
        self.link = self.user.v2("POST", shares, json={"link": True}).json()["key"]
        mate.http.close()

    def ask(self, key: str) -> Iterator[tuple[str, bytes]]:
        """Yield every answer that a key gets to a request that reads."""
        headers = {"Authorization": f"Bearer {key}"}
        get, base = self.user.http.get, self.user.server.url
        routes = get(f"{base}/apis/v2/openapi.json", headers=headers).json()["paths"]
        for path, methods in routes.items():
            for address in self._addresses(path):
                for method in methods:
                    if method == "get" and path.endswith("/events"):
                        yield f"events {address}", self._first_event(address, headers)
                    elif method in ("get", "head"):
                        answer = self.user.http.request(method.upper(), f"{base}{address}", headers=headers)
                        yield f"{method} {address}", _all_of(answer)
        ids = {"ids": [self.trial]}
        for path, body in (("batch", ids), ("batch", {**ids, "detail": True}), ("known", ids)):
            yield path, _all_of(self.user.http.post(f"{base}/apis/v2/trials/{path}", json=body, headers=headers))
        series = {"trials": [self.trial], "metrics": [f"train.{marker('metric')}"]}
        yield "metrics", _all_of(self.user.http.post(f"{base}/apis/v2/metrics", json=series, headers=headers))
        for rest in ("folders", f"folders/{self.folder}", *(f"trials/{self.trial}{end}" for end in _OLD)):
            yield rest, _all_of(get(f"{base}/apis/v1/{rest}", params={"apikey": key}))

    def _addresses(self, path: str) -> list[str]:
        """Return a path with the ids of what there is, and lists with and without a query."""
        path = re.sub(r"^(?!/apis)", "/apis/v2", path)
        own = self.trial if "/trials/" in path else self.folder
        files = ("metadata.yaml", "parameters.yaml", "process.json", "labels.yaml", "git.diff", "metrics", "stdout.log")
        filled = path.replace("{id}", own).replace("{number}", "1")
        names = [filled.replace("{file}", name) for name in files] if "{file}" in filled else [filled]
        if path.endswith(("/trials", "/columns", "/events")):
            return [f"{name}?folder_id={self.folder}{more}" for name in names for more in ("", "&limit=1&count=1")]
        if path.endswith("/folders"):
            return [f"{name}?under={self.folder}{more}" for name in names for more in ("", "&limit=1")]
        return [f"{name}?path=/shown" if "by-path" in name else name for name in names]

    def _first_event(self, address: str, headers: dict[str, str]) -> bytes:
        with self.user.http.stream("GET", f"{self.user.server.url}{address}", headers=headers) as answer:
            return next(answer.iter_bytes(), b"") if answer.status_code == 200 else b""


_OLD = ("", "/parameters", "/metrics")


def _all_of(answer: httpx.Response) -> bytes:
    content = answer.content
    if content[257:262] == b"ustar":
        with tarfile.open(fileobj=BytesIO(content)) as tar:
            names = [member.name for member in tar]
        content += "\n".join(names).encode()
    return content + str(sorted(answer.headers.items())).encode()


@pytest.fixture(scope="module")
def marked(shared_server: RunningServer) -> Iterator[Marked]:
    made = Marked(shared_server)
    yield made
    made.user.http.close()


def _decoded(content: bytes) -> bytes:
    """Return what is in texts that may be base64, such as cursors."""
    texts = re.findall(rb"[A-Za-z0-9_-]{16,}", content)
    return b" ".join(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)) for text in texts if len(text) % 4 != 1)


SHOWN = {marker(name) for name in ("name", "parameter", "tag", "note", "metric", "commit")}


def markers_in(marked: Marked, key: str) -> dict[str, set[str]]:
    """Return the markers in the answers to a key, with the requests that got them."""
    seen: dict[str, set[str]] = {}
    for request, content in marked.ask(key):
        for name in re.findall(rb"zz[a-z]+zz", content + _decoded(content)):
            seen.setdefault(name.decode(), set()).add(request)
    return seen


@pytest.mark.parametrize("link", ["link", "own_link"])
def test_a_public_link_names_no_person_no_machine_and_no_folder_above(marked: Marked, link: str) -> None:
    seen = markers_in(marked, getattr(marked, link))
    assert {name: requests for name, requests in seen.items() if name not in SHOWN} == {}
    assert seen.keys() == SHOWN


def test_a_link_shows_folders_from_the_shared_one_down(marked: Marked) -> None:
    def asked(path: str, key: str = marked.link, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        return marked.user.v2("GET", path, params=query, headers=headers).json()

    folder = asked(f"/folders/{marked.folder}")
    assert (folder["path"], folder["parent"], folder["role"]) == ("/shown", None, "viewer")
    assert [item["path"] for item in asked("/shared")["items"]] == ["/shown"]
    paths, cursor = [], {}
    while cursor is not None:  # page after page, by cursors that do not tell the path either
        page = asked("/folders", under=marked.folder, limit="1", **cursor)
        paths += [item["path"] for item in page["folders"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert paths == ["/shown/inner", "/shown/more"]
    trial = asked(f"/trials/{marked.trial}")
    assert trial["folder"] == {"id": marked.folder, "path": "/shown"}
    assert asked(f"/trials/{marked.trial}", marked.own_link)["folder"] == {"id": "root", "path": "/"}
    assert asked(f"/folders/{marked.folder}", marked.own_link)["error"]["code"] == "folder_not_found"


def test_its_owner_sees_what_the_link_does_not(marked: Marked) -> None:
    seen = markers_in(marked, marked.user.key)
    for name in (
        "owner",
        "editor",
        "hostname",
        "argv",
        "remote",
        "message",
        "output",
        "unknownvalue",
        "filegitdiff",
        "above",
        "higher",
    ):
        assert marker(name) in seen, name


@pytest.mark.parametrize(
    "asked",
    [
        "where=platform.hostname ~ zz",
        "where=git.branch ~ zz",
        "where=reason ~ zz",
        "sort=reason",
        "where=folder ~ zz",
        "sort=folder",
    ],
)
def test_a_link_cannot_ask_for_what_it_does_not_show(marked: Marked, asked: str) -> None:
    name, _, value = asked.partition("=")
    query = {"folder_id": marked.folder, name: value}
    answer = marked.user.v2("GET", "/trials", params=query, headers={"Authorization": f"Bearer {marked.link}"})
    assert answer.status_code == 422, answer.text
    assert marked.user.v2("GET", "/trials", params=query).status_code == 200


@pytest.mark.parametrize("name", ["trial", "folder", "document", "shows", "path"])
def test_each_part_of_the_view_is_needed(name: str, tmp_path: Any) -> None:
    """A server with a part of it missing is caught."""
    given = {"trial": "row", "folder": "row", "document": "text", "shows": "True", "path": "row"}[name]
    before = f"from aimd_server.services import public_view\npublic_view.{name} = lambda user, row: {given}\n"
    before = before.replace("row: text", "row: row")
    assert hasattr(public_view, name)
    with RunningServer(tmp_path / str(uuid.uuid4()), before=before) as server:
        marked = Marked(server)
        assert markers_in(marked, marked.link).keys() - SHOWN
        marked.user.http.close()
