"""Recording never touches the network: the system calls are watched."""

from __future__ import annotations

from pathlib import Path

from tests.support.parts import can_trace, require_part
from tests.support.scripts import run_script

RECORDING = """
from t9k import aimd
trial = aimd.create_trial(trial_name="a", folder_path="x", make_folder=True)
trial.params.update({"lr": 0.1})
for step in range(100):
    trial.log("train", {"a": 1.0}, step=step)
print(len(trial.metrics["train"]))
trial.finish()
"""
DIALLING = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"


def network_calls(code: str, work: Path) -> list[str]:
    """Run code under strace, with a server configured, and return its calls that touch a network."""
    require_part("strace", can_trace())
    (work / "config.yaml").write_text(
        "aimd_host: http://127.0.0.1:9/t9k/experiment/server\napi_key: afc6e66f-a3ca-4103-ae8b-b74a872f6b07\n"
    )
    report = work / "strace.txt"
    done = run_script(code, work, wrapper=("strace", "-f", "-qq", "-e", "trace=network", "-o", str(report)))
    assert done.returncode == 0, done.stderr
    lines = report.read_text().splitlines()
    return [line for line in lines if any(f" {call}(" in line for call in ("socket", "connect", "sendto", "bind"))]


def test_recording_a_trial_opens_no_socket(work: Path) -> None:
    assert network_calls(RECORDING, work) == []


def test_the_watch_sees_a_script_that_dials(work: Path) -> None:
    assert any("connect(" in call for call in network_calls(DIALLING, work))
