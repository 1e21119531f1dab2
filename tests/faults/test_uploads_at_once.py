"""One trial, uploaded by several processes at once: each point arrives once, whichever commands and protocol."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Account
from tests.support.home import Home
from tests.support.server import clean_environment
from tests.support.trials import record, write_trial
from tests.support.v1_server import DeployedTestServer

POINTS = 5_000
WAYS = {
    "three uploads": ("trial upload -d .",) * 3,
    "follow beside upload": ("trial upload -d . --follow", "trial upload -d ."),
    "relay beside the uploader of a script": ("relay . --once", "-m t9k.aimd.uploader {path}"),
}


def write(home: Home) -> Path:
    metrics = b"".join(record(step, 1 / (step + 1)) for step in range(POINTS))
    return write_trial(home.work / ".aimd/trials", trial_id=str(uuid.uuid4()), status="Succeeded", metrics=metrics)


def run_at_once(home: Home, path: Path, ways: tuple[str, ...]) -> list[tuple[int, str]]:
    """Start all commands, and return how each ended."""
    environment = {**clean_environment(), "HOME": str(home.path), "AIMD_LANG": "en"}
    processes = [
        subprocess.Popen(
            [sys.executable, *way.format(path=path).split()]
            if way.startswith("-m ")
            else [sys.executable, "-m", "aimd_cli", *way.split()],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for way in ways
    ]
    ended = [(process.communicate(timeout=240), process) for process in processes]
    return [(process.returncode, out + err) for (out, err), process in ended]


def trial_id(path: Path) -> str:
    return next(line.split()[1] for line in (path / "metadata.yaml").read_text().splitlines() if "  id:" in line)


@pytest.mark.parametrize("way", WAYS)
def test_each_point_is_on_a_deployed_server_once(home: Home, way: str) -> None:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        path = write(home)
        ended = run_at_once(home, path, WAYS[way])
        assert all(code == 0 and "Traceback" not in told for code, told in ended), ended
        (points,) = server.model.points.values()
        assert [point["sequence"]["step"] for point in points["train"]] == list(range(POINTS))
        assert home.aimd("trial", "upload", "-d", ".").table[0]["outcome"] == "unchanged"


@pytest.mark.parametrize("way", WAYS)
def test_each_point_is_on_a_server_once(home: Home, signed_in: Account, way: str) -> None:
    path = write(home)
    ended = run_at_once(home, path, WAYS[way])
    assert all(code == 0 and "Traceback" not in told for code, told in ended), ended
    address = f"{signed_in.url}/apis/v2/trials/{trial_id(path)}"
    with httpx.Client(headers={"Authorization": f"Bearer {signed_in.key}"}, trust_env=False, verify=False) as http:
        shown: dict[str, Any] = http.get(address).json()
        assert shown["metrics"]["train.loss"]["count"] == POINTS
        assert http.get(f"{address}/files/metrics").content == (path / "metrics").read_bytes()
    assert home.aimd("trial", "upload", "-d", ".", "--check").code == 0
