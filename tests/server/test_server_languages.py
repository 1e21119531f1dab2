"""In which language the server refuses: English, which programs read, or Chinese for people who ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api import User
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
