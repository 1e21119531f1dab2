"""A damaged file of a trial does not stop the rest: what can be sent is sent, and what is damaged is named."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimd_core.objects.store import store_of
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.trials import record, write_trial
from tests.support.v1_server import DeployedTestServer

POINTS = 5
METRICS = b"".join(record(step) for step in range(POINTS))
TRIALS = ".aimd/trials"


def garbage(file: Path) -> None:
    file.write_bytes(b"{ lr: [0.01,\n\xff\n")


def wrong_shape(file: Path) -> None:
    file.write_text("- a\n- list\n")


def deep(file: Path) -> None:
    file.write_text("a: " + "[" * 80 + "]" * 80)


def folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def link(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to("/etc/passwd")


def gone(file: Path) -> None:
    file.unlink()


def torn(file: Path) -> None:
    """Leave the beginning, in which the id is."""
    file.write_bytes(file.read_bytes().split(b"startTime")[0] + b"startTime: '2026")


# Every way is met with every file, and every file with a new trial and one that is on the server.
CASES: list[tuple[str, Callable[[Path], None], bool]] = [
    ("parameters.yaml", garbage, False),
    ("parameters.yaml", garbage, True),
    ("parameters.yaml", wrong_shape, True),
    ("parameters.yaml", deep, False),
    ("parameters.yaml", folder, True),
    ("parameters.yaml", link, False),
    ("parameters.yaml", gone, True),
    ("metadata.yaml", torn, False),
    ("metadata.yaml", torn, True),
    ("labels.yaml", garbage, False),
    ("labels.yaml", wrong_shape, True),
    ("labels.yaml", folder, True),
    ("process.json", link, True),
    ("git.diff", folder, True),
    ("segments", folder, True),
    ("segments", link, False),
    ("stdout.log", link, True),
    ("stdout.log", folder, False),
    ("metrics", folder, False),
]


def write(home: Home) -> Path:
    path = write_trial(
        home.work / TRIALS,
        f"cnn_261123_150327_{uuid.uuid4().hex[:6]}",
        name="cnn",
        trial_id=str(uuid.uuid4()),
        status="Succeeded",
        parameters="lr: 0.01\n",
        metrics=METRICS[: len(METRICS) // 2],
        process={"host": "node-3", "pid": 7},
    )
    (path / "labels.yaml").write_text("tags: [baseline]\nnote: first\n")
    (path / "git.diff").write_text("+line\n")
    (path / "stdout.log").write_text("hello\n")
    return path


def on_server(account: Account, path: Path) -> dict[str, Any]:
    trial_id = next(line.split()[1] for line in (path / "metadata.yaml").read_text().splitlines() if "  id:" in line)
    headers = {"Authorization": f"Bearer {account.key}"}
    answer = httpx.get(f"{account.url}/apis/v2/trials/{trial_id}", headers=headers, trust_env=False)
    return dict(answer.json())


@pytest.mark.parametrize(("file", "spoil", "is_there"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_rest_of_a_damaged_trial_arrives_and_the_damage_is_named_each_time(
    home: Home, signed_in: Account, file: str, spoil: Callable[[Path], None], is_there: bool
) -> None:
    path = write(home)
    before = {}
    if is_there:
        assert home.aimd("trial", "upload", "-d", ".").code == 0
        before = on_server(signed_in, path)
    (path / "metrics").write_bytes(METRICS)
    spoil(path / file)
    for words in ([], [], ["--dry-run"], ["--json"]):
        ran = home.aimd("trial", "upload", "-d", ".", *words)
        assert (ran.code, f"damaged here and left out: {file} (" in ran.err) == (8, True), ran.err
        assert "refuses" not in ran.err
    assert [part["what"] for part in ran.json["uploads"][0]["damaged"]] == [file]
    assert ran.json["summary"]["damaged"] == 1
    there = on_server(signed_in, path)
    assert there["name"] == "cnn"
    if file != "metrics":
        assert there["metrics"]["train.loss"]["count"] == POINTS
    if is_there:  # nothing that was good there is replaced by what is damaged here
        for member in ("status", "state", "started", "parameters", "tags", "note", "metadata"):
            assert there[member] == before[member], member
    elif file != "parameters.yaml":
        assert there["parameters"] == {"lr": 0.01}
    check = home.aimd("trial", "upload", "-d", ".", "--check")
    assert (check.code, [row["file"] for row in check.table]) == (1, [file])
    assert "is damaged here" in check.table[0]["note"]


def test_a_trial_without_a_readable_id_is_named_and_the_others_arrive(home: Home, signed_in: Account) -> None:
    garbage(write(home) / "metadata.yaml")
    write(home)
    ran = home.aimd("trial", "upload", "-d", ".")
    assert (ran.code, sorted(row["outcome"] for row in ran.table)) == (8, ["created", "failed"])
    assert "metadata.yaml: " in ran.out


def test_bytes_of_a_damaged_document_come_back_with_a_download(home: Home, signed_in: Account) -> None:
    path = write(home)
    garbage(path / "parameters.yaml")
    content = (path / "parameters.yaml").read_bytes()
    assert home.aimd("trial", "upload", "-d", ".").code == 8
    assert home.aimd("trial", "download", path.name, "--to", "back").code == 0
    assert (home.work / "back" / TRIALS / path.name / "parameters.yaml").read_bytes() == content


@pytest.mark.parametrize(
    ("file", "spoil", "is_there"), CASES[:9], ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_deployed_server_gets_the_rest_as_well(
    home: Home, file: str, spoil: Callable[[Path], None], is_there: bool
) -> None:
    with DeployedTestServer() as deployed:
        home.write_config(f"aimd_host: {deployed.url}\napi_key: {deployed.key}\n")
        path = write(home)
        if is_there:
            assert home.aimd("trial", "upload", "-d", ".").code == 0
        (path / "metrics").write_bytes(METRICS)
        spoil(path / file)
        for words in ([], [], ["--dry-run"]):
            ran = home.aimd("trial", "upload", "-d", ".", *words)
            assert (ran.code, f"damaged here and left out: {file} (" in ran.err) == (8, True), ran.err
        ((uid, document),) = deployed.model.trials.items()
        assert document["metadata"]["name"] == "cnn"
        assert len(deployed.model.points[uid]["train"]) == POINTS
        if is_there:
            assert (document["status"], deployed.model.parameters[uid]) == ("Succeeded", {"lr": 0.01})
        assert home.aimd("trial", "upload", "-d", ".", "--check").code == 1


@pytest.mark.parametrize("size", [10_000, 3_000_000])
def test_damaged_bytes_of_media_are_said_to_be_damaged_as_a_check_says(
    home: Home, signed_in: Account, size: int
) -> None:
    trial = aimd.create_trial(trial_name="cnn", capture_output=False)
    trial.log_html("page", "x" * size, step=1)
    trial.log_html("whole", "y" * size, step=1)
    trial.finish()
    ((_, stored),) = [(item.record.key, item.record.stored) for item in trial.media.items("page")]
    assert stored is not None
    path = store_of(trial.path).path_of(stored.digest)
    path.chmod(0o644)
    path.write_bytes(b"z" * size)
    ran = home.aimd("trial", "upload", "cnn", "--json")
    assert ran.code == 8
    (unsent,) = ran.json["uploads"][0]["unsent"]
    assert unsent["reason"] == "does not match its digest"
    (row,) = home.aimd("trial", "upload", "cnn", "--check").table
    assert unsent["reason"] in row["note"]
