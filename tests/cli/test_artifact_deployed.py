"""Artifacts of ours on a server that speaks only version 1, which deployed clients filled, or will read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_core.errors import RefusedError, RemoteNotFoundError
from t9k import aimd
from tests.support.home import Home
from tests.support.v1_server import DeployedTestServer


@pytest.fixture
def deployed(home: Home) -> Iterator[DeployedTestServer]:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        yield server


def _filled(name: str = "mnist") -> aimd.Artifact:
    artifact = aimd.create_artifact(name, "dataset", "small ones", aliases=["best"])
    Path("a.txt").write_bytes(b"alpha")
    Path("tree/sub").mkdir(parents=True, exist_ok=True)
    Path("tree/sub/b b.bin").write_bytes(bytes(range(256)) * 40)
    artifact.add_file("a.txt")
    artifact.add_dir("tree")
    artifact.add_reference("s3://bucket/data.tar", "raw/data.tar")
    return artifact


def test_what_is_uploaded_comes_back_elsewhere_by_id_and_by_reference(
    deployed: DeployedTestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = _filled()
    document = artifact.upload(folder_path="digits/data", make_folder=True)
    assert document["commit"] == artifact.commit
    assert (artifact.version, artifact.is_open) == ("1", False)
    host = deployed.url
    assert artifact.remote == [{"host": host, "path": "/digits/data/mnist", "version": "1"}]
    for number, asked in enumerate(
        [
            {"artifact_id": artifact.id},
            {"artifact_ref": "digits/data/mnist"},
            {"artifact_ref": "/digits/data/mnist:latest"},
            {"artifact_ref": "digits/data/mnist:best"},
        ]
    ):
        there = tmp_path / f"elsewhere{number}"
        there.mkdir()
        monkeypatch.chdir(there)
        grabbed = aimd.grab_artifact(**asked)
        assert grabbed.id == artifact.id
        assert grabbed.repo == {"name": "mnist", "type": "dataset"}
        assert grabbed.references == {"raw/data.tar": "s3://bucket/data.tar"}
        assert {row["key"]: row["size"] for row in grabbed.objects} == {"a.txt": 5, "tree/sub/b b.bin": 10240}
        grabbed.download()
        for key in ("a.txt", "tree/sub/b b.bin"):
            assert Path(grabbed.local_path(key) or "").read_bytes() == Path(artifact.local_path(key) or "").read_bytes()


def test_the_requests_are_those_of_the_protocol_in_its_order(deployed: DeployedTestServer) -> None:
    artifact = _filled()
    deployed.requests.clear()
    artifact.upload()
    asked = [request.split("?")[0].replace(artifact.id, "ID") for request in deployed.requests]
    steps = [request for request in asked if "/artifacts" in request]
    base = "/t9k/experiment/server/apis/v1/artifacts"
    assert steps == [
        f"GET {base}/ID",
        f"POST {base}",
        *[f"POST {base}/ID/objects"] * 3,
        f"PUT {base}/ID/finalize",
        f"GET {base}/ID",
        f"GET {base}/ID/objects/ls",
        f"GET {base}/ID/objects",
    ]


def test_an_upload_that_was_refused_in_the_middle_goes_on_and_sends_nothing_twice(
    deployed: DeployedTestServer,
) -> None:
    artifact = _filled()
    deployed.model.artifacts.refused_key = "tree/sub/b b.bin"
    with pytest.raises(RefusedError):
        artifact.upload()
    assert artifact.is_open
    deployed.model.artifacts.refused_key = ""
    deployed.requests.clear()
    artifact.upload()
    sent = [request for request in deployed.requests if request.startswith("POST") and "objects?" in request]
    assert len(sent) == 2  # not a.txt
    deployed.requests.clear()
    artifact.upload()
    assert not [request for request in deployed.requests if not request.startswith("GET")]


def test_a_large_object_goes_in_parts(deployed: DeployedTestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = aimd.create_artifact("big", "model")
    Path("big.bin").write_bytes(b"0123456789" * (700 << 10))
    artifact.add_file("big.bin")
    monkeypatch.setattr("aimd_core.client.v1_artifacts.V1_FORM_BYTES", 1 << 20)
    artifact.upload()
    assert deployed.model.artifacts.objects[artifact.id]["big.bin"] == b"0123456789" * (700 << 10)
    parts = [request for request in deployed.requests if "partNum=" in request]
    assert len(parts) == 2


def test_an_unknown_artifact_is_not_found(deployed: DeployedTestServer) -> None:
    for asked in ({"artifact_id": "0" * 36}, {"artifact_ref": "nowhere/mnist:v1"}):
        with pytest.raises(RemoteNotFoundError):
            aimd.grab_artifact(**asked)
