"""A list in a body is counted before it costs: no request holds the writer, for whom all others wait, with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import ListType, StructType, type_info

from aimd_server.routes import openapi
from aimd_server.services.bulk_changes import BulkChange
from aimd_server.services.series.plotting import PlotWish
from aimd_server.services.trial_changes import TrialChange
from tests.server.api import User, new_id
from tests.support.server import RunningServer

COUNT = 20_000  # members, more than any list may have
MOST_CPU_S = 0.5  # a refusal takes a hundredth; a statement for each member, or each compared with each, takes many
_DIGEST = "0" * 64
_STATEMENT_FOR_EACH = """
from aimd_server.services import artifact_changes
artifact_changes.MAX_ALIASES = 1_000_000
"""


def _lists_of(body: type) -> dict[str, Any]:
    """Return the lists of a body, each with as many members as no list may have."""
    info = type_info(body)
    assert isinstance(info, StructType)
    lists: dict[str, Any] = {}
    for field in info.fields:
        kinds = getattr(field.type, "types", (field.type,))
        inner = next((kind.item_type for kind in kinds if isinstance(kind, ListType)), None)
        if inner is not None:
            lists[field.encode_name] = [_member(inner, f"{field.name}{number}") for number in range(COUNT)]
    return lists


def _member(inner: Any, text: str) -> Any:
    if isinstance(inner, StructType):
        names = [field.encode_name for field in inner.fields]
        return {name: _DIGEST if name == "digest" else text for name in names}
    return 1 if isinstance(inner, msgspec.inspect.IntType) else text


def _bodies(ids: dict[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    more: dict[Any, list[dict[str, Any]]] = {
        BulkChange: [{"action": "tag"}, {"action": "delete", "add_tags": [], "remove_tags": []}],
        TrialChange: [{}, {"tags": None}],
        PlotWish: [{"metrics": ["loss"]}, {"trials": [ids["trials"]]}],
    }
    for (method, path), described in openapi.ROUTES.items():
        body = described.body
        lists = _lists_of(body) if body not in (None, bytes) else {}
        if lists:
            made = path.replace("{id}", ids.get(path.split("/")[1], ""))
            for rest in more.get(body, [{}]):
                whole = {**lists, **rest}
                yield method, made, {name: value for name, value in whole.items() if value is not None}


def _costs(server: RunningServer) -> dict[str, float]:
    """Return the CPU seconds of the server for each request with long lists."""
    assert server.process is not None
    tasks = Path(f"/proc/{server.process.pid}/task")

    def cpu_s() -> float:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    with User(server) as user:
        artifact = new_id()
        made = user.v2("PUT", f"/artifacts/{artifact}", json={"repo": "r", "type": "model"})
        assert made.status_code == 200, made.text
        assert user.v2("POST", f"/artifacts/{artifact}/finalize", json={}).status_code == 200
        ids = {"trials": user.new_trial("t"), "artifacts": artifact, "folders": "root"}
        costs: dict[str, float] = {}
        for method, path, body in _bodies(ids):
            begun_s = cpu_s()
            answer = user.v2(method, path, json=body)
            assert answer.status_code < 500, answer.text
            costs[f"{method} {path} {sorted(body)}"] = cpu_s() - begun_s
    return costs


def test_a_long_list_is_refused_before_it_costs(own_server: RunningServer) -> None:
    costs = _costs(own_server)
    assert len(costs) > 10
    assert {what: cost for what, cost in costs.items() if cost > MOST_CPU_S} == {}


def test_a_statement_for_each_member_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", _STATEMENT_FOR_EACH) as server:
        assert any("/aliases" in what for what, cost in _costs(server).items() if cost > MOST_CPU_S)
