"""The values that a filter is completed with, and words in a filter."""

from __future__ import annotations

from typing import Any

from tests.server.api import User, new_id, wish

HOSTILE = (
    'say "hi"',
    "back\\slash",
    "<script>alert(1)</script>",
    "\u202eabc",
    "line\nbreak",
    "1e-3",
    "true",
    "and",
    "中文",
)


def record(user: User, name: str, tags: list[str] | None = None, **more: Any) -> str:
    trial_id = new_id()
    assert user.put(trial_id, wish(name, **more)).status_code == 201
    if tags:
        assert user.v2("PATCH", f"/trials/{trial_id}", json={"tags": tags}).status_code == 200
    return trial_id


def values_of(user: User, *fields: str) -> dict[str, dict[str, Any]]:
    answer = user.v2("GET", "/trials/values", params={"fields": ",".join(fields)})
    assert answer.status_code == 200, answer.text
    return {told["field"]: told for told in answer.json()["fields"]}


def found(user: User, where: str) -> set[str]:
    answer = user.v2("GET", "/trials", params={"where": where})
    assert answer.status_code == 200, answer.text
    return {trial["name"] for trial in answer.json()["trials"]}


def test_values_come_with_counts_and_find_what_they_were_made_from(user: User) -> None:
    for number, value in enumerate(HOSTILE):
        record(user, f"odd-{number}", tags=["best"] if number < 2 else None, parameters={"optim": {"name": value}})
    record(user, "plain", state="Succeeded", parameters={"optim": {"name": 3}, "on": True})
    record(user, "long", state="Failed", parameters={"optim": {"name": "x" * 600}})
    told = values_of(user, "params.optim.name", "tags", "state", "params.on", "age", "params.none")
    names = told["params.optim.name"]
    assert names["more"]  # the long one is not offered
    assert {value["count"] for value in names["values"]} == {1}
    for value in names["values"]:
        assert len(found(user, f"params.optim.name = {value['value']}")) == 1, value
    assert len(names["values"]) == len(HOSTILE) + 1
    assert told["tags"]["values"] == [{"value": "best", "count": 2}]
    states = {value["value"]: value["count"] for value in told["state"]["values"]}
    assert states["Succeeded"] == 1
    assert states["Killed"] == 0
    assert len(states) == 7
    assert told["params.on"]["values"] == [{"value": "true", "count": 1}]
    assert (names["low"], names["high"]) == (3, 3)
    assert told["age"]["values"] == []
    assert told["params.none"]["values"] == []


def test_only_some_fields_and_values_are_asked_for(user: User) -> None:
    for number in range(60):
        record(user, f"t{number}", parameters={"n": number})
    told = values_of(user, "params.n")["params.n"]
    assert len(told["values"]) == 50
    assert told["more"]
    assert (told["low"], told["high"]) == (0, 59)
    for fields in ("", ",".join(["name"] * 9), "nmae", "params.a >"):
        answer = user.v2("GET", "/trials/values", params={"fields": fields})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "fields"), fields


def test_columns_say_what_a_query_may_ask_for(user: User) -> None:
    told = user.v2("GET", "/trials/columns").json()
    assert told["fields"]["state"] == "state"
    assert told["fields"]["git.dirty"] == "boolean"
    assert "<" in told["operators"]["number"]
    assert "<" not in told["operators"]["state"]
    assert told["aggregates"][0] == "last"


def test_values_are_those_that_a_caller_sees(user: User, stranger: User) -> None:
    record(user, "mine", parameters={"secret": "abc"}, folder={"path": "shared", "make": True})
    folder = user.v2("GET", "/folders/by-path", params={"path": "shared"}).json()["id"]
    asked = {"folder_id": folder, "fields": "params.secret"}
    assert stranger.v2("GET", "/trials/values", params=asked).status_code == 404
    key = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    seen = user.v2("GET", "/trials/values", params=asked, headers=headers).json()
    assert seen["fields"][0]["values"] == [{"value": "abc", "count": 1}]
    assert "git.branch" not in user.v2("GET", "/trials/columns", params=asked, headers=headers).json()["fields"]
    for hidden in ("platform.hostname", "git.branch", "reason", "folder"):
        answer = user.v2("GET", "/trials/values", params={**asked, "fields": hidden}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "fields"), hidden


def test_words_are_searched_for_in_names_tags_and_notes(user: User) -> None:
    record(user, "resnet-a", tags=["Baseline"])
    record(user, "vgg", tags=['résnet "x"', "other"])
    noted = record(user, "cnn")
    user.v2("PATCH", f"/trials/{noted}", json={"note": "the baseline to beat"})
    assert found(user, "baseline") == {"resnet-a", "cnn"}
    assert found(user, "RÉSNET") == {"vgg"}
    assert found(user, "'net \"x'") == {"vgg"}
    assert found(user, "baseline name ~ res") == {"resnet-a"}
    assert found(user, "not baseline") == {"vgg"}
    assert found(user, "Kelvin") == set()
