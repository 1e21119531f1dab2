"""What a server refuses of a trial does not stop the rest: points arrive, and each refused part is named."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.trials import record, write_trial
from tests.support.v1_server import DeployedTestServer

POINTS = 20
LARGE = "x" * 300_000
HALF = "x" * 200_000  # two of them are too much
METRICS = b"".join(record(step) + record(step, metrics_type="val") for step in range(POINTS))


def write(home: Home, parameters: str = "lr: 0.01\n", name: str = "cnn", made: str = "f9by70") -> Path:
    return write_trial(
        home.work / ".aimd/trials",
        f"cnn_261123_150327_{made}",
        name=name,
        trial_id=str(uuid.uuid4()),
        status="Succeeded",
        parameters=parameters,
        metrics=METRICS,
    )


@pytest.fixture
def deployed(home: Home) -> Iterator[DeployedTestServer]:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        yield server


def on_server(account: Account, path: Path) -> dict[str, Any]:
    trial_id = next(line.split()[1] for line in (path / "metadata.yaml").read_text().splitlines() if "  id:" in line)
    headers = {"Authorization": f"Bearer {account.key}"}
    answer = httpx.get(f"{account.url}/apis/v2/trials/{trial_id}", headers=headers, trust_env=False, verify=False)
    return dict(answer.json())


@pytest.mark.parametrize(
    ("parameters", "named", "kept"),
    [
        (f"lr: 0.01\nnotes: {LARGE}\nmodel: cnn\n", ["parameters.notes"], {"lr": 0.01, "model": "cnn"}),
        (f"model:\n  kind: cnn\n  tree: {LARGE}\n", ["parameters.model.tree"], {"model": {"kind": "cnn"}}),
        (f"a: {LARGE}\nb: 1\nc: {LARGE}\n", ["parameters.a", "parameters.c"], {"b": 1}),
        (f"a: {HALF}\nb: 1\nc: {HALF}\n", ["parameters.c"], {"a": HALF, "b": 1}),
    ],
    ids=["one", "nested", "two", "together"],
)
def test_a_refused_parameter_is_named_each_time_and_all_the_rest_arrives(
    home: Home, signed_in: Account, parameters: str, named: list[str], kept: object
) -> None:
    path = write(home, parameters)
    write(home, made="aaaaaa")  # beside one that is taken whole
    for words in (["-d", "."], ["-d", "."], ["-d", ".", "--dry-run"], ["-p", path]):
        ran = home.aimd("trial", "upload", *words)
        assert ran.code == 8, ran.err
        assert "parts of 1 of" in ran.err
        assert all(name in ran.err and name in ran.out for name in named), ran.err
        assert len(ran.err) < 2000
    there = on_server(signed_in, path)
    assert there["parameters"] == kept
    assert there["metrics"]["train.loss"]["count"] == POINTS
    assert there["files"]["parameters.yaml"]["offset"] == (path / "parameters.yaml").stat().st_size
    check = home.aimd("trial", "upload", "-d", ".", "--check")
    assert check.code == 1
    assert [row["file"] for row in check.table if row["outcome"] == "differs"] == named
    shown = home.aimd("trial", "upload", "-d", ".", "--json").json
    assert [refused["what"] for row in shown["uploads"] for refused in row["refused"]] == named
    assert shown["summary"]["refused"] == 1
    assert home.aimd("relay", ".", "--once").code == 8


def test_a_refused_name_is_replaced_by_a_plainer_one(home: Home, signed_in: Account) -> None:
    path = write(home, name="cnn/\tnew")
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    assert "refuses name (" in ran.err
    there = on_server(signed_in, path)
    assert there["name"] == "cnn_new"
    assert there["metrics"]["val.loss"]["count"] == POINTS


def test_a_document_that_is_too_large_does_not_stop_the_points(home: Home, signed_in: Account) -> None:
    path = write(home)
    (path / "git.diff").write_bytes(b"+line\n" * (2 << 20))
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    assert "git.diff (" in ran.err
    assert on_server(signed_in, path)["metrics"]["val.loss"]["count"] == POINTS


def test_the_sdk_says_what_was_refused(home: Home, signed_in: Account, capfd: pytest.CaptureFixture[str]) -> None:
    write(home, f"lr: 0.01\nnotes: {LARGE}\n")
    (uploaded,) = aimd.upload_trial(trial_dir=".")
    assert [refusal.what for refusal in uploaded.refusals] == ["parameters.notes"]
    assert "parameters.notes" in repr(uploaded)
    assert "WARNING: cnn: the server refuses parameters.notes (" in capfd.readouterr().err


def test_a_deployed_server_that_refuses_parts_gets_the_rest(home: Home, deployed: DeployedTestServer) -> None:
    path = write(home, "lr: 0.01\nbad: 1\nmodel: {kind: cnn, bad: 2}\n", name="b%d name")
    answer = deployed.model.answer

    def refusing(method: str, parts: list[str], query: dict[str, str], body: bytes, kind: str) -> tuple[int, object]:
        if method == "POST" and (b'"bad"' in body or b"b%d" in body):
            return 400, "no such thing here"
        if (
            method == "POST"
            and parts[-1] == "val"
            and any(point["sequence"]["step"] == 7 for point in json.loads(body))
        ):
            return 400, "seven is not welcome"
        return answer(method, parts, query, body, kind)

    deployed.model.answer = refusing  # type: ignore[method-assign]
    for _ in range(2):
        ran = home.aimd("trial", "upload", "-d", ".")
        assert ran.code == 8
        for part in ("name (", "parameters.bad (", "parameters.model.bad (", "13 val points from step 7 on (seven"):
            assert part in ran.err, ran.err
    ((uid, document),) = deployed.model.trials.items()
    assert document["metadata"]["name"] == "b_d name"
    assert deployed.model.parameters[uid] == {"lr": 0.01, "model": {"kind": "cnn"}}
    assert {name: len(points) for name, points in deployed.model.points[uid].items()} == {"train": POINTS, "val": 7}
    assert home.aimd("trial", "upload", "-p", path, "--check").code == 1
