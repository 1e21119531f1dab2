"""The OpenAPI document: served, whole, and true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aimd_core.format.protocol import SERVER_PATH
from aimd_server.routes import openapi, v2
from aimd_server.routes.access import Access, Call, UndeclaredAccessError
from aimd_server.routes.answers import empty_answer
from tests.server.api import User, new_id


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for item in value.values() for one in _references(item)]
    return [one for item in value for one in _references(item)] if isinstance(value, list) else []


def test_what_is_served_is_what_is_in_the_documents(user: User) -> None:
    served = user.v2("GET", "/openapi.json").json()
    assert served == json.loads((Path(__file__).parents[2] / "docs/reference/openapi.json").read_text())
    assert served["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere_and_every_name_in_a_path_is_a_parameter() -> None:
    made = json.loads(json.dumps(openapi.document(v2.routes(SERVER_PATH))))
    for reference in _references(made):
        place = made
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    names = set()
    for path, operations in made["paths"].items():
        for operation in operations.values():
            assert operation["summary"].endswith(".")
            assert set(re.findall(r"\{(\w+)\}", path)) == {
                one["name"] for one in operation["parameters"] if one["in"] == "path"
            }
            names.add(operation["operationId"])
    assert len(names) == sum(map(len, made["paths"].values()))


def test_a_route_that_is_not_described_keeps_the_document_from_being_made() -> None:
    async def anything(call: Call) -> Any:
        return empty_answer(200)

    table = v2.routes(SERVER_PATH)
    table.add("GET", "/more", anything, access=Access.ANY_USER)
    with pytest.raises(UndeclaredAccessError, match="GET /more"):
        openapi.document(table)


ODD = [None, True, 3, "x", [], {}, {"x": 1}, {"path": {}}, {"ids": "x"}, {"name": None}, {"role": 3}, {"tags": [3]}]


def test_no_odd_body_or_query_makes_the_server_fail(user: User) -> None:
    made = openapi.document(v2.routes(SERVER_PATH))
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            query = {one["name"]: "\u0000%😀" for one in operation["parameters"] if one["in"] == "query"}
            for number, part in enumerate((new_id(), "x", "%00", "%2e%2e%2f")):
                body = {"json": ODD[number]} if "requestBody" in operation else {}
                for odd in [body] if number else [{"json": one} for one in ODD] if body else [{}]:
                    answer = user.v2(method.upper(), re.sub(r"\{\w+\}", part, path), params=query, **odd)
                    assert answer.status_code < 500, (method, path, part, odd)
                    assert str(answer.status_code) in operation["responses"], (method, path, answer.status_code)
