"""Schemathesis reads the OpenAPI document that a running server serves and asks whether both tell the truth.

All its checks: no 5xx, only described statuses and bodies, what is invalid is refused, what is valid is not, nobody
gets in without a key, what was deleted is gone. A refusal of what a schema cannot say (a cursor that is none, a name
that is taken) is 422 and allowed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_server.accounts import set_user
from tests.server.api import User, line
from tests.support.server import RunningServer, clean_environment

_SETTINGS = """
[generation]  # HTTP lets every request carry headers that a server does not know
allow-extra-parameters = false

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422]

[[operations]]
include-path-regex = "^/trials/"
parameters = { "path.id" = "{trial}" }

[[operations]]
include-path-regex = "^/folders/"
parameters = { "path.id" = "{folder}" }
"""
# Streams of events end at their first heartbeat: one that goes on would be read for ten seconds, each time.
SHORT_STREAMS = """
from aimd_server.routes import v2_events
async def _end(*_):
    return False
v2_events.PACE, v2_events._may_go_on = v2_events.Pace(heartbeat_s=0.05), _end
"""
A_MEMBER_IS_MISSING = """
from aimd_server.services import folder_tree
_true = folder_tree.shown
def _shown(*given):
    return [{name: value for name, value in row.items() if name != "owner"} for row in _true(*given)]
folder_tree.shown = _shown
"""
A_STATUS_IS_NOT_DESCRIBED = """
from aimd_server.routes import v2
v2._STATUS["invalid"] = 418
"""


@pytest.fixture
def schema_server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "data", SHORT_STREAMS) as server:
        yield server


def checked(server: RunningServer, examples: int, phases: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis on a server, for an administrator who has a folder and a trial."""
    folder = server.data_dir.parent / "schemathesis"
    folder.mkdir(exist_ok=True)
    with User(server, "admin") as user:
        set_user(server.data_dir, user.name, "promote")
        trial_id = user.new_trial()
        user.patch(trial_id, 0, line(1))
        place = user.trial(trial_id)["folder"]["id"]
        (folder / "openapi.json").write_text(json.dumps(user.v2("GET", "/openapi.json").json()))
        settings = _SETTINGS.replace("{trial}", trial_id).replace("{folder}", place)
        (folder / "schemathesis.toml").write_text(settings)
        words = ["run", "openapi.json", "--url", f"{server.url}/apis/v2", "--seed", "6", "--continue-on-failure"]
        words += ["-H", f"Authorization: Bearer {user.key}", "-H", f"Origin: {server.origin}"]
        words += ["--max-examples", str(examples), "--phases", phases, "--generation-database", "none", *more]
        return subprocess.run(
            [str(Path(sys.executable).with_name("schemathesis")), *words],
            cwd=folder,
            env={**clean_environment(), "NO_COLOR": "1", "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=3000,
        )


def test_what_the_document_says_and_what_the_server_does_are_the_same(schema_server: RunningServer) -> None:
    ran = checked(schema_server, 2, "coverage,fuzzing")
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr
    assert "Traceback" not in schema_server.log


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_document_and_the_server_agree_for_long(schema_server: RunningServer) -> None:
    ran = checked(schema_server, 100, "coverage,fuzzing,stateful")
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr
    assert "Traceback" not in schema_server.log


@pytest.mark.parametrize(
    "planted", [A_MEMBER_IS_MISSING, pytest.param(A_STATUS_IS_NOT_DESCRIBED, marks=pytest.mark.soak)]
)
def test_an_answer_that_the_document_does_not_describe_is_caught(tmp_path: Path, planted: str) -> None:
    with RunningServer(tmp_path / "data", planted) as server:
        ran = checked(server, 2, "fuzzing", "--include-path", "/folders/{id}", "--include-path", "/folders")
        assert ran.returncode == 1, ran.stdout[-3000:] + ran.stderr
        assert "Response violates schema" in ran.stdout or "ndocumented" in ran.stdout, ran.stdout
