"""Version 2: trials, as docs/reference/http-api.md says."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server.api import User, code_of, line, new_id, wish


def test_the_same_put_again_changes_nothing(user: User) -> None:
    trial_id = new_id()
    first = user.put(trial_id)
    assert (first.status_code, first.json()["outcome"]) == (201, "created")
    before = user.trial(trial_id)
    for _ in range(3):
        again = user.put(trial_id)
        assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
        assert {**again.json(), "outcome": "created"} == first.json()
    assert user.trial(trial_id) == before
    assert len(user.v2("GET", "/trials").json()["trials"]) == 1


def test_a_put_of_a_known_id_updates_it_where_it_stands(user: User) -> None:
    trial_id = user.new_trial()
    body = wish(name="other", folder={"path": "elsewhere", "make": True}, state="Succeeded", parameters={"lr": 1})
    answer = user.put(trial_id, body).json()
    assert (answer["outcome"], answer["folder"]["path"], answer["name"]) == ("updated", "/digits/mnist", "cnn")
    assert user.trial(trial_id)["parameters"] == {"lr": 1}
    assert user.trial(trial_id)["state"] == "Succeeded"


def test_a_trial_is_shown_as_it_was_put(user: User) -> None:
    body = wish()
    body["metadata"]["_upload"] = {"folder_id": "x"}
    trial_id = new_id()
    user.put(trial_id, body)
    user.patch(trial_id, 0, line(1) + line(2, 0.25))
    shown = user.trial(trial_id)
    assert {name: shown[name] for name in ("id", "name", "owner", "status", "state")} == {
        "id": trial_id,
        "name": "cnn",
        "owner": user.name,
        "status": "Running",
        "state": "Running",
    }
    assert shown["folder"]["path"] == "/digits/mnist"
    assert (shown["started"], shown["ended"]) == ("2026-11-23T15:03:27.664883+00:00", None)
    assert shown["metadata"] == wish()["metadata"]
    assert shown["metrics"]["train.loss"] == {
        "last": 0.25, "min": 0.25, "max": 0.5, "mean": 0.375, "count": 2, "last_step": 2, "min_step": 2, "max_step": 1,
        "nan_since": None,
    }  # fmt: skip
    assert shown["files"]["metrics"]["offset"] == len(line(1) + line(2, 0.25))


def test_the_folder_is_the_id_else_the_path_else_the_default(user: User) -> None:
    trial_id = new_id()
    made = user.put(trial_id, wish("a", folder={"path": "/x/y/", "make": True})).json()["folder"]
    assert (made["path"], made["fallback"]) == ("/x/y", False)
    cases = [
        ({"id": made["id"], "path": "/z", "make": True}, "/x/y", False),
        ({"id": new_id(), "path": "x/y"}, "/x/y", False),
        ({"id": None, "path": "no/such"}, "/default", True),
        ({"id": "not a uuid"}, "/default", True),
        ({}, "/default", False),
        (None, "/default", False),
    ]
    for number, (folder, path, fallback) in enumerate(cases):
        answer = user.put(new_id(), wish(f"b{number}", folder=folder)).json()["folder"]
        assert (answer["path"], answer["fallback"]) == (path, fallback), folder


def test_each_conflict_strategy_has_its_outcome(user: User) -> None:
    first = user.new_trial()
    skipped = user.put(new_id(), wish(on_conflict="skip"))
    assert (skipped.status_code, skipped.json()["outcome"], skipped.json()["id"]) == (200, "skipped", first)
    refused = user.put(new_id(), wish(on_conflict="error"))
    assert (refused.status_code, code_of(refused)) == (409, "name_taken")
    assert refused.json()["error"]["name"] == "cnn"
    assert refused.json()["error"]["folder"] == "/digits/mnist"
    assert len(user.v2("GET", "/trials").json()["trials"]) == 1
    assert user.put(new_id(), wish(on_conflict="new")).json()["name"] == "cnn_261123_150327_f9by70"
    assert code_of(user.put(new_id(), wish(on_conflict="new"))) == "name_taken"
    replaced = new_id()
    assert user.put(replaced, wish(on_conflict="replace")).json()["name"] == "cnn"
    assert user.v2("GET", f"/trials/{first}").status_code == 404
    assert user.put(replaced, wish(on_conflict="replace")).json()["outcome"] == "unchanged"


def test_twenty_puts_of_one_id_at_once_create_one_trial(user: User) -> None:
    trial_id = new_id()
    with ThreadPoolExecutor(20) as pool:
        outcomes = [answer.json()["outcome"] for answer in pool.map(lambda _: user.put(trial_id), range(20))]
    assert sorted(outcomes) == ["created", *["unchanged"] * 19]


def test_twenty_trials_of_one_name_at_once_end_with_one_of_that_name(user: User) -> None:
    def put(number: int) -> int:
        return user.put(new_id(), wish(on_conflict="error")).status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(put, range(20))) == [201, *[409] * 19]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": ""}, 422, "invalid"),
        ({"name": "a/b"}, 422, "invalid"),
        ({"name": "a\x00b"}, 422, "invalid"),
        ({"name": "x" * 256}, 422, "invalid"),
        ({"name": 3}, 422, "invalid"),
        ({"alternative_name": "\n"}, 422, "invalid"),
        ({"state": "Dancing"}, 422, "invalid"),
        ({"on_conflict": "maybe"}, 422, "invalid"),
        ({"folder": {"path": "a/../b", "make": True}}, 422, "invalid"),
        ({"folder": {"path": "/".join("a" * 40), "make": True}}, 422, "invalid"),
        ({"metadata": []}, 422, "invalid"),
        ({"parameters": [1]}, 422, "invalid"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_stored(
    user: User, change: dict[str, object], status: int, code: str
) -> None:
    trial_id = new_id()
    answer = user.put(trial_id, wish(**change))
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert user.v2("GET", f"/trials/{trial_id}").status_code == 404


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "bad_request"),
        (b"{", 400, "bad_request"),
        (b'{"name": NaN}', 400, "bad_request"),
        (b'{"name": "\xff"}', 400, "bad_request"),
        (b"[]", 422, "invalid"),
        (b"[" * 100_000, 422, "invalid"),
        (b'{"name": "a", "parameters": {"a": ' + b"[" * 200 + b"]" * 200 + b"}}", 422, "invalid"),
        (b'{"name": "a", "metadata": {"a": "' + b"x" * (8 << 20) + b'"}}', 413, "too_large"),
    ],
    ids=["empty", "cut", "nan", "not utf-8", "a list", "100,000 deep", "200 deep", "9 MiB"],
)
def test_a_body_that_is_no_document_is_refused(user: User, content: bytes, status: int, code: str) -> None:
    answer = user.v2("PUT", f"/trials/{new_id()}", content=content)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_numbers_of_any_size_and_text_of_any_kind_come_back(user: User) -> None:
    parameters = {"big": 2**70, "tiny": 5e-324, "text": "NaN", "中": ["😀", None, True], "deep": {"a": {"b": [1]}}}
    trial_id = new_id()
    assert user.put(trial_id, wish(parameters=parameters)).status_code == 201
    assert user.trial(trial_id)["parameters"] == parameters


def test_the_list_is_newest_first_in_pages_without_gaps_or_twins(user: User) -> None:
    for number in range(7):
        metadata = {**wish()["metadata"], "startTime": f"2026-11-23T15:0{number // 2}:00+00:00"}
        user.new_trial(f"t{number}", metadata=metadata, folder={"path": f"p/{number % 2}", "make": True})
    found, cursor, pages = [], None, 0
    while True:
        answer = user.v2("GET", "/trials", params={"limit": "3", **({"cursor": cursor} if cursor else {})}).json()
        found += [one["name"] for one in answer["trials"]]
        pages, cursor = pages + 1, answer["next"]
        if cursor is None:
            break
    assert found == ["t6", "t4", "t5", "t2", "t3", "t0", "t1"]  # those of one moment by name
    assert pages == 3
    below = user.v2("GET", "/trials", params={"folder": "p"}).json()["trials"]
    assert len(below) == 7
    assert [one["name"] for one in user.v2("GET", "/trials", params={"folder": "/p/1"}).json()["trials"]] == [
        "t5", "t3", "t1",
    ]  # fmt: skip
    by_id = user.v2("GET", "/trials", params={"folder_id": below[0]["folder"]["id"]}).json()["trials"]
    assert len(by_id) == 4
    assert not {"metadata", "files"} & set(below[0])


def test_a_folder_whose_name_begins_alike_is_not_below(user: User) -> None:
    user.new_trial("a", folder={"path": "run", "make": True})
    user.new_trial("b", folder={"path": "run_2", "make": True})
    user.new_trial("c", folder={"path": "run%/x", "make": True})
    assert [one["name"] for one in user.v2("GET", "/trials", params={"folder": "run"}).json()["trials"]] == ["a"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"limit": "0"}, 422, "invalid"),
        ({"limit": "501"}, 422, "invalid"),
        ({"limit": "abc"}, 422, "invalid"),
        ({"limit": "-1"}, 422, "invalid"),
        ({"cursor": "zzz"}, 422, "invalid"),
        ({"cursor": "é"}, 422, "invalid"),
        ({"folder": "no/such"}, 404, "folder_not_found"),
        ({"folder": "../x"}, 422, "invalid"),
    ],
)
def test_a_wrong_query_is_refused(user: User, query: dict[str, str], status: int, code: str) -> None:
    answer = user.v2("GET", "/trials", params=query)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_deleted_trial_is_gone_with_its_files_and_its_name_is_free(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, line(1))
    assert user.v2("DELETE", f"/trials/{trial_id}").status_code == 204
    for method, path in [("GET", ""), ("DELETE", ""), ("HEAD", "/files/metrics"), ("GET", "/files/metrics")]:
        assert user.v2(method, f"/trials/{trial_id}{path}").status_code == 404
    again = user.put(trial_id).json()
    assert (again["outcome"], again["files"], again["name"]) == ("created", {}, "cnn")


def test_info_says_who_one_is_and_the_limits(user: User) -> None:
    answer = user.v2("GET", "/info").json()
    assert (answer["product"], answer["user"]) == ("aimd", user.name)
    expected = {"part_bytes": 8 << 20, "document_bytes": 8 << 20, "page": 500}
    assert expected.items() <= answer["limits"].items()


def test_a_method_that_a_path_does_not_take_is_405_with_the_ones_that_it_takes(user: User) -> None:
    answer = user.v2("POST", f"/trials/{new_id()}")
    assert (answer.status_code, code_of(answer)) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, PATCH, PUT"


def test_every_answer_is_strict_json_and_not_to_be_cached(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, line(1, float("nan")) + line(2, float("inf")))
    answer = user.v2("GET", f"/trials/{trial_id}")
    assert json.loads(answer.content, parse_constant=pytest.fail)["metrics"]["train.loss"]["last"] == "Infinity"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


def test_a_note_that_somebody_else_changed_meanwhile_is_not_replaced(user: User) -> None:
    trial = user.new_trial()

    def note(text: str, **more: str) -> int:
        return user.v2("PATCH", f"/trials/{trial}", json={"note": text, **more}).status_code

    assert note("mine", note_before="") == 200
    assert note("theirs") == 200
    answer = user.v2("PATCH", f"/trials/{trial}", json={"note": "mine again", "note_before": "mine", "tags": ["x"]})
    assert (answer.status_code, code_of(answer)) == (412, "note_changed")
    assert (user.trial(trial)["note"], user.trial(trial)["tags"]) == ("theirs", [])
    assert note("theirs", note_before="mine") == 200  # the same change again, whose answer was lost
    assert note("both", note_before="theirs") == 200
    assert user.trial(trial)["note"] == "both"
