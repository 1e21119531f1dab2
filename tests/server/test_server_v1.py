"""Version 1, exactly as deployed: every row of shared/spec/wire-protocol-v1.md for folders and trials."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.server.api import User, new_id
from tests.support.server import RunningServer

UNKNOWN = "11111111-2222-4333-8444-555555555555"
DOC = {"kind": "Trial", "metadata": {"name": "t", "id": None, "folder": "root"}, "status": "Succeeded", "_git": {}}
POINT = {"value": {"loss": 0.5}, "sequence": {"epoch": 1, "step": 2, "timestamp": "2026-11-23T15:03:27+00:00"}}
JSON_ID = r'\{"id":"[0-9a-f-]{36}"\}'
UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


def _doc(name: str, trial_id: str | None = None, folder: str = "root") -> dict[str, Any]:
    return {**DOC, "metadata": {"name": name, "id": trial_id or new_id(), "folder": folder}}


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 302, ""),
        ("?other=1", 302, ""),
        ("?apikey=", 400, r"query is needed.*"),
        ("?apikey=abc", 400, r"api key abc not found\n"),
        (f"?apikey={UNKNOWN}", 400, rf"api key {UNKNOWN} not found\n"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/apis/v1/folders"),
        ("GET", "/oauth2/userinfo"),
        ("POST", "/apis/v1/trials"),
        ("GET", "/apis/v1/trials/x"),
    ],
)
def test_a_caller_without_a_key_gets_the_deployed_answers(
    shared_server: RunningServer, method: str, path: str, query: str, status: int, text: str
) -> None:
    answer = httpx.request(method, f"{shared_server.url}{path}{query}", verify=False)
    assert answer.status_code == status
    assert re.fullmatch(text, answer.text)


def test_a_path_unknown_to_the_server_is_404_with_an_empty_body_with_and_without_a_key(user: User) -> None:
    for path in ("", "/", "/apis/v1", "/apis/v1/", "/apis/v1/folders/", "/apis/v1/nothing", "/oauth2", "/apis/v3/x"):
        for query in ("", f"?apikey={user.key}"):
            answer = user.http.get(f"{user.server.url}{path}{query}")
            assert (answer.status_code, answer.content) == (404, b""), path


# method, path, body, status, body match; {folder}, {trial} are made before
TABLE: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/folders", None, 200, r'\{"folders":\[\{.*\}\],"pointers":\[\]\}'),
    ("GET", "/folders/id?path=/a", None, 200, UUID),
    ("GET", "/folders/id?path=a/", None, 200, UUID),
    ("GET", "/folders/id?path=/", None, 200, r"root"),
    ("GET", "/folders/id?path=/no/such", None, 500, r".*not exists"),
    ("GET", "/folders/id?path=/../a", None, 500, r".*not exists"),
    ("GET", "/folders/id", None, 400, r"query is needed.*"),
    ("GET", "/folders/{folder}", None, 200, r'\{"doc":\{"kind":"Folder".*\}'),
    ("GET", "/folders/root", None, 200, r'\{"doc":\{"kind":"Folder".*\}'),
    ("GET", f"/folders/{UNKNOWN}", None, 500, r"\[Get\] doc not found.*"),
    ("GET", "/folders/not-a-uuid", None, 500, r"\[Get\] doc not found.*"),
    ("POST", "/folders", {"kind": "Folder", "metadata": {"name": "new"}, "type": "normal"}, 200, JSON_ID),
    (
        "POST",
        "/folders",
        {"kind": "Folder", "metadata": {"name": "a"}, "type": "normal"},
        400,
        r"Folder a already exists",
    ),
    ("POST", "/folders", {"metadata": {"name": "b", "folder": UNKNOWN}}, 500, r"\[Get\] doc not found"),
    ("POST", "/folders", {"metadata": {"name": "x/y"}}, 400, r".+"),
    ("POST", "/folders", {"metadata": {}}, 400, r".+"),
    ("POST", "/folders", [], 400, r".+"),
    ("POST", "/trials", _doc("another"), 200, JSON_ID),
    ("POST", "/trials", _doc("first"), 400, r"Trial .*already exists"),
    ("POST", "/trials", _doc("nowhere", folder=UNKNOWN), 500, r"\[Get\] doc not found"),
    ("POST", "/trials", _doc("odd", "not-a-uuid"), 400, r".+"),
    ("POST", "/trials", "text", 400, r".+"),
    ("GET", "/trials/{trial}", None, 200, r'\{"doc":\{.*\}\}'),
    ("GET", f"/trials/{UNKNOWN}", None, 500, r"\[Get\] doc not found"),
    ("GET", "/trials/id?folder=root&name=first", None, 200, UUID),
    ("GET", "/trials/id?folder=root&name=second", None, 500, r".*not exists"),
    ("GET", f"/trials/id?folder={UNKNOWN}&name=first", None, 500, r".*not exists"),
    ("GET", "/trials/id?folder=root", None, 400, r"query is needed.*"),
    ("PUT", "/trials/{trial}", _doc("first"), 200, JSON_ID),
    ("PUT", f"/trials/{UNKNOWN}", _doc("first"), 500, r"\[Get\] doc not found"),
    ("POST", "/trials/{trial}/status", {"status": "Failed"}, 200, JSON_ID),
    ("POST", "/trials/{trial}/status", {"status": 3}, 400, r".+"),
    ("POST", f"/trials/{UNKNOWN}/status", {"status": "Failed"}, 500, r"\[Get\] doc not found"),
    ("GET", "/trials/{trial}/parameters", None, 200, r"\{\}"),
    ("POST", "/trials/{trial}/parameters", {"a": 1}, 200, JSON_ID),
    ("POST", "/trials/{trial}/parameters", [1], 400, r".+"),
    ("GET", f"/trials/{UNKNOWN}/parameters", None, 500, r"\[Get\] doc not found"),
    ("POST", "/trials/{trial}/metrics/train", [POINT], 200, JSON_ID),
    ("POST", "/trials/{trial}/metrics/train", [], 200, JSON_ID),
    ("POST", "/trials/{trial}/metrics/train", [{"value": 1}], 400, r"point 0 .*"),
    ("POST", "/trials/{trial}/metrics/train", {}, 400, r".+"),
    ("POST", f"/trials/{UNKNOWN}/metrics/train", [POINT], 500, r"\[Get\] doc not found"),
    ("GET", "/trials/{trial}/metrics", None, 200, r"\{\}"),
    ("GET", f"/trials/{UNKNOWN}/metrics", None, 500, r"\[Get\] doc not found"),
    ("DELETE", "/trials/{trial}", None, 200, JSON_ID),
    ("DELETE", f"/trials/{UNKNOWN}", None, 500, r"\[Get\] doc not found"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_every_endpoint_answers_with_the_deployed_status_and_text(
    user: User, row: tuple[str, str, Any, int, str]
) -> None:
    method, path, body, status, text = row
    folder = user.v1("POST", "/folders", {"metadata": {"name": "a"}, "type": "normal"}).json()["id"]
    trial = user.v1("POST", "/trials", _doc("first")).json()["id"]
    path, _, query = path.format(folder=folder, trial=trial).partition("?")
    answer = user.v1(method, path, body, **dict(pair.split("=") for pair in query.split("&") if pair))
    assert answer.status_code == status, answer.text
    assert re.fullmatch(text, answer.text, re.DOTALL), answer.text


def test_a_taken_id_is_told_from_a_taken_name(user: User, stranger: User) -> None:
    trial_id = new_id()
    assert user.v1("POST", "/trials", _doc("t", trial_id)).status_code == 200
    for who in (user, stranger):
        answer = who.v1("POST", "/trials", _doc("other", trial_id))
        assert (answer.status_code, "uuid already exists" in answer.text) == (400, True)
    answer = user.v1("POST", "/trials", _doc("t"))
    assert answer.text.startswith("Trial")
    assert answer.text.endswith("already exists")


def test_the_document_comes_back_whole_with_what_the_server_fills_in(user: User) -> None:
    folder = user.v1("POST", "/folders", {"kind": "Folder", "metadata": {"name": "f"}, "type": "normal"}).json()["id"]
    more = {"unknown": {"kept": [1, None, "x"]}, "startTime": "2026-11-23T15:03:27+00:00"}
    document = {**_doc("中文 name", folder=folder), **more}
    trial_id = user.v1("POST", "/trials", document).json()["id"]
    found = user.v1("GET", f"/trials/{trial_id}").json()["doc"]
    filled = found["metadata"]
    assert {**found, "metadata": None} == {**document, "metadata": None}
    assert (filled["id"], filled["name"], filled["folder"]) == (trial_id, "中文 name", folder)
    assert filled["editor"] == user.name
    assert filled["timestamp"].endswith("+00:00")


def test_a_folder_is_shown_with_its_parent_and_an_artifact_repo_keeps_its_type(user: User) -> None:
    top = user.v1("POST", "/folders", {"kind": "Folder", "metadata": {"name": "top"}, "type": "normal"}).json()["id"]
    config = {"profile": {"type": "model"}}
    body = {"kind": "Folder", "metadata": {"name": "repo", "folder": top}, "type": "artifact", "config": config}
    repo = user.v1("POST", "/folders", body).json()["id"]
    folders = {one["metadata"]["id"]: one for one in user.v1("GET", "/folders").json()["folders"]}
    assert folders[top]["metadata"]["folder"] == "root"
    assert folders[repo]["metadata"]["folder"] == top
    assert (folders[repo]["type"], folders[repo]["config"]) == ("artifact", config)
    assert set(folders[top]["metadata"]) == {"id", "name", "folder", "editor", "timestamp"}


def test_points_posted_in_version_1_are_journal_lines_in_version_2(user: User) -> None:
    trial_id = user.v1("POST", "/trials", _doc("t")).json()["id"]
    for metrics_type in ("train", "val"):
        assert user.v1("POST", f"/trials/{trial_id}/metrics/{metrics_type}", [POINT, POINT]).status_code == 200
    assert user.bytes_of(trial_id) == b"".join(
        (json.dumps({metrics_type: POINT}) + "\n").encode() for metrics_type in ("train", "train", "val", "val")
    )
    assert user.trial(trial_id)["metrics"]["val.loss"]["count"] == 2
    assert user.v1("GET", f"/trials/{trial_id}/metrics").json() == {"train": [POINT] * 2, "val": [POINT] * 2}


def test_nan_is_taken_kept_and_answered_as_null(user: User) -> None:
    trial_id = user.v1("POST", "/trials", _doc("t")).json()["id"]
    point = {"value": {"loss": float("nan")}, "sequence": {"step": 1}}
    assert user.v1("POST", f"/trials/{trial_id}/metrics/train", [point]).status_code == 200
    assert b'"loss": NaN' in user.bytes_of(trial_id)
    answer = user.v1("GET", f"/trials/{trial_id}/metrics")
    assert json.loads(answer.content, parse_constant=pytest.fail)["train"][0]["value"] == {"loss": None}
    assert user.v1("POST", f"/trials/{trial_id}/parameters", {"a": float("inf")}).status_code == 200
    assert user.v1("GET", f"/trials/{trial_id}/parameters").json() == {"a": "Infinity"}


def test_text_of_any_kind_comes_back_and_breaks_nothing(user: User) -> None:
    names = ["'; DROP TABLE trial; --", "a.b%2f", "<script>alert(1)<script>", "😀", "-", "NO", "2024-01-01", "\\"]
    for name in names:
        trial_id = user.v1("POST", "/trials", _doc(name)).json()["id"]
        assert user.v1("GET", "/trials/id", folder="root", name=name).text == trial_id
    surrogate = b'{"metadata": {"name": "s", "note": "\\ud800"}, "x\\u0000y": 1}'
    answer = user.http.post(f"{user.server.url}/apis/v1/trials", params={"apikey": user.key}, content=surrogate)
    assert answer.status_code == 200
    assert user.v1("GET", f"/trials/{answer.json()['id']}").json()["doc"]["metadata"]["note"] == "\ud800"
    assert user.v2("GET", f"/trials/{answer.json()['id']}").status_code == 200


def test_putting_another_name_renames_and_another_folder_moves(user: User) -> None:
    folder = user.v1("POST", "/folders", {"metadata": {"name": "f"}, "type": "normal"}).json()["id"]
    trial_id = user.v1("POST", "/trials", _doc("t")).json()["id"]
    user.v1("POST", "/trials", _doc("taken", folder=folder))
    answer = user.v1("PUT", f"/trials/{trial_id}", _doc("taken", trial_id, folder))
    assert (answer.status_code, answer.text) == (400, "Trial taken already exists")
    assert user.v1("PUT", f"/trials/{trial_id}", _doc("u", trial_id, folder)).status_code == 200
    assert user.v1("GET", "/trials/id", folder=folder, name="u").text == trial_id
