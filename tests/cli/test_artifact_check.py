"""What proves that a server has the same artifacts, of `artifact upload`, `artifact verify` and `trial upload`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.v1_server import DeployedTestServer


def _filled(name: str = "mnist") -> aimd.Artifact:
    artifact = aimd.create_artifact(name, "dataset")
    for key in ("a.txt", "b.txt"):
        Path(key).write_bytes(key.encode())
        artifact.add_file(key)
    artifact.add_reference("s3://bucket/data.tar", "raw/data.tar")
    return artifact


def _replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def _relist(artifact: aimd.Artifact, change: Callable[[str], str]) -> None:
    """Change what is listed of an artifact here, as if other bytes had been added."""
    listing = artifact.path / "object_list.yaml"
    listing.write_text(change(listing.read_text()))


DAMAGES: dict[str, tuple[Callable[[aimd.Artifact], None], str, str, int]] = {
    "a byte": (
        lambda artifact: _replace(artifact.path / "objects/a.txt", b"a.tXt"),
        "a.txt",
        "has changed since it was added",
        6,
    ),
    "a file": (lambda artifact: (artifact.path / "objects/a.txt").unlink(), "a.txt", "is missing", 6),
    "an entry": (
        lambda artifact: _relist(artifact, lambda text: text[: text.index("- key: b.txt")]),
        "b.txt",
        "is only on the server",
        1,
    ),
    "a reference": (
        lambda artifact: _replace(
            artifact.path / "objects/references.json", json.dumps({"raw/data.tar": "s3://other"}).encode()
        ),
        "raw/data.tar",
        "differs from what the server has",
        1,
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_differs_is_named_and_changes_nothing(damage: str, signed_in: Account, home: Home) -> None:
    artifact = _filled()
    never = home.aimd("artifact", "upload", "mnist", "--check")
    assert (never.code, never.table[0]["note"]) == (1, "is not on the server")
    assert "aimd artifact upload" in never.err
    assert home.aimd("artifact", "upload", "mnist").code == 0
    same = home.aimd("artifact", "upload", "mnist", "--check", "--json")
    assert (same.code, [row["outcome"] for row in same.json["checks"]]) == (0, ["same"])
    assert home.aimd("artifact", "verify", "--remote").code == 0
    spoil, key, reason, verified = DAMAGES[damage]
    spoil(artifact)
    checked = home.aimd("artifact", "upload", "mnist", "--check", "--json")
    assert checked.code == 1
    assert [(row["file"], row["note"]) for row in checked.json["checks"]] == [(key, reason)]
    faults = home.aimd("artifact", "verify", "--remote", "--json")
    assert faults.code == verified
    assert [(row["key"], row["fault"]) for row in faults.json["faults"]] == [(key, reason)]


def test_other_bytes_that_are_listed_here_differ_from_those_on_the_server(signed_in: Account, home: Home) -> None:
    artifact = _filled()
    assert home.aimd("artifact", "upload", "mnist").code == 0
    _replace(artifact.path / "objects/a.txt", b"A.txt")
    before, after = (hashlib.sha256(content).hexdigest() for content in (b"a.txt", b"A.txt"))
    _relist(artifact, lambda text: text.replace(before, after))
    assert home.aimd("artifact", "verify", "mnist").code == 0
    checked = home.aimd("artifact", "verify", "mnist", "--remote")
    assert (checked.code, checked.table[0]["fault"]) == (1, "differs from what the server has")


def test_a_check_of_a_trial_proves_its_artifacts_too(signed_in: Account, home: Home) -> None:
    artifact = _filled()
    trial = aimd.create_trial(trial_name="run", capture_output=False)
    trial.mark_output(artifact)
    trial.finish()
    assert home.aimd("trial", "upload", "run").code == 0
    assert home.aimd("trial", "upload", "run", "--check").code == 0
    (artifact.path / "objects/a.txt").unlink()
    checked = home.aimd("trial", "upload", "run", "--check")
    assert checked.code == 1
    assert [(row["file"], row["note"]) for row in checked.table] == [("mnist:v1/a.txt", "is missing")]
    assert "aimd artifact download" in checked.err
    assert home.aimd("artifact", "download", artifact.id).code == 0
    assert home.aimd("trial", "upload", "run", "--check").code == 0
    assert home.aimd("artifact", "rm", "--remote", artifact.id, "--yes").code == 0
    checked = home.aimd("trial", "upload", "run", "--check")
    assert [(row["file"], row["note"]) for row in checked.table] == [("mnist:v1", "is not on the server")]


def test_a_deployed_server_is_compared_by_its_checksums(home: Home) -> None:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        artifact = _filled()
        artifact.upload(folder_path="digits", make_folder=True)
        assert home.aimd("artifact", "upload", "mnist", "--check").code == 0
        listing = artifact.path / "object_list.yaml"
        listing.write_text("- key: a.txt\n  size: 5\n- key: b.txt\n  size: 5\n")  # as a deployed client lists them
        assert home.aimd("artifact", "upload", "mnist", "--check").code == 0
        _replace(artifact.path / "objects/a.txt", b"A.txt")
        checked = home.aimd("artifact", "upload", "mnist", "--check")
        assert (checked.code, checked.table[0]["note"]) == (1, "differs from what the server has")
