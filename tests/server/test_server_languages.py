"""In which language the server refuses: English, which programs read, or Chinese for people who ask for it."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest

from aimd_core.language import Said, said, translated
from aimd_core.reading.facts import iso_of, told_state
from tests.server.api import User, new_id, wish
from tests.server.test_server_contents import digest_of
from tests.server.test_server_quotas import bound

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


def refusal(user: User, where: str, headers: dict[str, str]) -> dict[str, Any]:
    answer = user.v2("GET", "/trials", params={"where": where}, headers=headers)
    assert answer.status_code == 422
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    "headers", [{}, {"Accept-Language": "en,zh"}, {"Accept-Language": "fr"}, {"Accept-Language": ""}]
)
def test_a_program_is_refused_in_english(user: User, headers: dict[str, str]) -> None:
    error = refusal(user, "optimizer = adam", headers)
    assert error["message"] == "there is no field 'optimizer'"
    assert error["hint"].startswith("A parameter is params.optimizer, a metric TYPE.optimizer")


def test_a_mistake_in_a_filter_is_explained_in_chinese_to_who_asks_for_it(user: User) -> None:
    error = refusal(user, "optimizer = adam", CHINESE)
    assert error["message"] == "没有字段 'optimizer'"
    assert error["hint"].startswith("超参数写作 params.optimizer，指标写作 TYPE.optimizer")
    assert (error["code"], error["field"], error["position"]) == ("invalid", "where", 0)
    unclosed = refusal(user, "(state = Failed", CHINESE)
    assert (unclosed["message"], unclosed["hint"]) == ("此 '(' 没有闭合", "请在结尾处加上 ')'")


def test_other_refusals_that_people_meet_are_in_chinese_too_and_data_stays(user: User) -> None:
    answer = user.v2("POST", "/folders", json={"path": f"/a/{'x' * 300}"}, headers=CHINESE)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert "300" in message
    assert "字节" in message
    many = " and ".join(["lr > 1"] * 300).replace("lr", "params.lr")
    assert refusal(user, many, CHINESE)["message"] == "一个查询最多可有 200 个条件"
    # What a user typed is never looked up as if it were words of ours.
    assert "'no field'" in refusal(user, '"no field" = 1', CHINESE)["message"]


def test_a_quota_and_each_refusal_of_a_bulk_change_are_explained_in_chinese(user: User) -> None:
    (one, other) = (user.new_trial("cnn", folder={"path": path, "make": True}) for path in ("a", "b"))
    there = user.v2("GET", "/folders/by-path", params={"path": "/a"}).json()["id"]
    change = {"ids": [other], "action": "move", "folder": {"id": there}}
    in_english, in_chinese = (
        user.v2("POST", "/trials/changes", json=change, headers=headers).json()["refused"][0]
        for headers in ({}, CHINESE)
    )
    assert in_english == {"id": other, "code": "name_taken", "message": "a trial named 'cnn' is already in /a"}
    assert in_chinese == {"id": other, "code": "name_taken", "message": "/a 中已有名为 'cnn' 的试验"}
    bound(user, 1024)
    content = b"x" * 2048
    sent = {"size": "2048", "digest": digest_of(content), "trial": one}
    asked = {"digests": [sent["digest"]], "sizes": [2048], "trial": one}
    answer = user.v2("POST", "/contents/missing", json=asked, headers=CHINESE)
    assert answer.status_code == 413, answer.text
    error = answer.json()["error"]
    assert error["message"] == f"用户 {user.name} 的配额为 1.0 KiB，已用 0 B，放不下另外的 2.0 KiB"
    assert (error["holder"], error["limit"], error["more"]) == (f"user {user.name}", 1024, 2048)


SILENT_S = 5.5 * 86400
ENDINGS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("Failed", {"kind": "exception", "exception": "ValueError", "message": "bad shape"}),
    ("Failed", {"kind": "status", "status": 3}),
    ("Failed", {"kind": "status", "status": 3, "message": "bad shape"}),
    ("Failed", {"kind": "strange"}),
    ("Interrupted", {"kind": "signal", "signal": "SIGTERM"}),
    ("Interrupted", {"kind": "unfinished"}),
    ("Killed", None),
    ("Running", None),  # and nothing was heard of it since: Lost
    ("Succeeded", None),
)


def record_ended(user: User, number: int) -> str:
    """Record a trial of a state with what is known about its end, and return its id."""
    state, ending = ENDINGS[number]
    body = wish(
        f"t{number}", folder={"path": "ends", "make": True}, state=state, last_write=iso_of(time.time() - SILENT_S)
    )
    body["metadata"].update(status=state, _exit=ending)
    uid = new_id()
    assert user.put(uid, body).status_code == 201
    return uid


def test_why_a_trial_is_in_its_state_is_said_in_the_language_of_the_caller_and_queries_compare_english(
    user: User,
) -> None:
    for number, (state, ending) in enumerate(ENDINGS):
        uid = record_ended(user, number)
        batch = {"ids": [uid]}
        asked: list[tuple[str, str, Any]] = [
            ("GET", f"/trials/{uid}", None),
            ("PATCH", f"/trials/{uid}", {"note": "n"}),
            ("POST", "/trials/batch", batch),
            ("GET", "/trials?folder=/ends&where=" + quote(f"name = t{number}"), None),
        ]
        sentence = told_state("Lost" if state == "Running" else state, ending, SILENT_S).reason
        for method, path, body in asked:
            for headers in ({}, CHINESE):
                answer = user.v2(method, path, json=body, headers=headers).json()
                (trial,) = answer.get("trials", [answer])
                assert trial["reason"] == (str(sentence) or None), path
                words = translated(sentence, "zh") if headers and isinstance(sentence, Said) else None
                assert trial.get("reason_words") == words, path
                assert words is None or re.search("[\u4e00-\u9fff]", words)
        if sentence:
            page = user.v2("GET", "/trials", params={"folder": "/ends", "where": f"reason = {json.dumps(sentence)}"})
            assert [trial["id"] for trial in page.json()["trials"]] == [uid]


def test_every_sentence_that_refuses_a_request_of_version_2_has_its_chinese(user: User) -> None:
    """Every text in the code has one, see `tests/cli/test_language.py`; here some go over the wire."""
    uid = record_ended(user, 0)
    asked: list[tuple[int, str, str, dict[str, Any]]] = [
        (404, "GET", "/nowhere", {}),
        (405, "PUT", "/info", {}),
        (422, "GET", "/trials?limit=many", {}),
        (422, "GET", "/trials?limit=0", {}),
        (400, "POST", "/trials/batch", {"content": b"{"}),
        (422, "POST", "/trials/batch", {"json": {"ids": ["x"] * 501}}),
        (422, "POST", "/trials/changes", {"json": {"ids": [uid], "action": "tag"}}),
        (422, "POST", "/metrics", {"json": {"trials": [uid, uid], "metrics": ["a.b"]}}),
        (404, "GET", f"/trials/{uid}/content?path=a.txt", {}),
        (415, "PATCH", f"/trials/{uid}", {"content": b"{}", "headers": {"Content-Encoding": "br"}}),
        (413, "PATCH", f"/trials/{uid}", {"content": b" " * (9 << 20)}),
        (400, "GET", "/trials?" + "a=1&" * 300, {}),
        (401, "GET", "/trials", {"headers": {"Authorization": "Bearer none"}}),
    ]
    for status, method, path, more in asked:
        answer = user.v2(method, path, **{**more, "headers": {**CHINESE, **more.get("headers", {})}})
        assert answer.status_code == status, (path, answer.text)
        message = answer.json()["error"]["message"]
        assert re.search("[\u4e00-\u9fff]", message), (path, message)
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", message), (path, message)


def test_a_report_says_in_its_language_why_trials_ended(user: User) -> None:
    for number in range(len(ENDINGS)):
        record_ended(user, number)
    folder = user.v2("GET", "/folders/by-path", params={"path": "/ends"}).json()["id"]
    note = {"note": "```view\ncolumns: name,reason\n```\n"}
    assert user.v2("PUT", f"/folders/{folder}/note", json=note, headers={"If-Match": "*"}).status_code == 200
    pages = {lang: user.v2("GET", f"/folders/{folder}/report", params={"lang": lang}).text for lang in ("en", "zh")}
    sentence = said("ended without finish()")
    assert (str(sentence) in pages["en"], translated(sentence, "zh") in pages["zh"]) == (True, True)
    assert (str(sentence) in pages["zh"], "bad shape" in pages["zh"]) == (False, True)
