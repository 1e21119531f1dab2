"""Uploads through a proxy that breaks requests, and the state that they must end in."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import httpx

from aimd_core.client.connection import RetryPolicy
from aimd_core.config import Credentials
from aimd_core.errors import AimdError
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination
from aimd_core.upload.remote import CurrentRemote, Remote
from aimd_core.upload.version1 import DeployedRemote
from tests.support.patience import PATIENCE_S
from tests.support.proxy import Proxy
from tests.support.server import RunningServer
from tests.support.trials import TRIAL_ID, record, write_trial

POINTS = 60
TRIES = 3
QUICK = RetryPolicy(tries=3, base_s=0.01, cap_s=0.02, total_s=20)
PARAMETERS = "lr: 0.01\nlayers: [1, 2]\n"


class Case:
    """One trial of its own for one user, and the way to the server through the proxy."""

    def __init__(self, server: RunningServer, proxy: Proxy, place: Path, protocol: int = 2) -> None:
        self.server, self.proxy, self.protocol = server, proxy, protocol
        self.key = server.new_user(f"u{uuid.uuid4().hex[:12]}")
        shutil.rmtree(place, ignore_errors=True)
        metrics = b"".join(record(step, 1 / (step + 1)) for step in range(POINTS))
        self.path = write_trial(
            place, trial_id=str(uuid.uuid4()), status="Succeeded", parameters=PARAMETERS, metrics=metrics
        )
        if protocol == 2:
            (self.path / "stdout.log").write_bytes(b"epoch 1\n" * 40)

    def remote(self) -> Remote:
        credentials = Credentials(self.proxy.url, self.key, {})
        return CurrentRemote(credentials, QUICK) if self.protocol == 2 else DeployedRemote(credentials, QUICK)

    def upload(self) -> None:
        with self.remote() as remote:
            remote.upload(Trial(self.path), Destination())

    def upload_until_done(self) -> int:
        """Upload as a person would: again after an error. Return how many times it took."""
        for tries in range(1, TRIES + 1):
            try:
                self.upload()
                return tries
            except AimdError as error:
                last = error
        raise AssertionError(f"not done after {TRIES} tries: {last}") from last

    def state(self) -> dict[str, Any]:
        """Return what the server has, asked directly, less what differs between any two cases."""
        headers = {"Authorization": f"Bearer {self.key}"}
        base = f"{self.server.url}/apis/v2/trials"
        with httpx.Client(headers=headers, timeout=PATIENCE_S, verify=False) as http:
            (listed,) = http.get(base).json()["trials"]
            shown = http.get(f"{base}/{listed['id']}").json()
            bodies = {file: http.get(f"{base}/{listed['id']}/files/{file}").text for file in shown["files"]}
            assert shown["id"] == Trial(self.path).id
        kept = {key: shown[key] for key in ("name", "parameters", "metrics", "status")}
        text = json.dumps({**kept, "folder": shown["folder"]["path"], "files": bodies}, sort_keys=True)
        return dict(json.loads(text.replace(shown["id"], TRIAL_ID)))


def clean_run(server: RunningServer, proxy: Proxy, place: Path, protocol: int = 2) -> tuple[dict[str, Any], int]:
    """Return the state after an upload that nothing breaks, and how many requests it took."""
    proxy.plan("", -1)
    case = Case(server, proxy, place, protocol)
    case.upload()
    return case.state(), len(proxy.requests)


def broken_run(
    server: RunningServer, proxy: Proxy, place: Path, fault: str, at: int, wanted: dict[str, Any], protocol: int = 2
) -> None:
    """Break one request of an upload and check that it ends in the state of the clean run."""
    case = Case(server, proxy, place, protocol)
    proxy.plan(fault, at)
    case.upload_until_done()
    assert case.state() == wanted, f"{fault} at request {at}"
    with case.remote() as remote:
        assert remote.check(Trial(case.path)) == []
