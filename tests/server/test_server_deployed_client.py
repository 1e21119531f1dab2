"""A deployed client's session, request by request, as the protocol says that t9k 0.5.0 sends it.

The package itself is on no public index, so this is written from shared/spec/wire-protocol-v1.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api import User, new_id


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class DeployedClient:
    """Does what shared/spec/wire-protocol-v1.md says that the deployed client does, and nothing else."""

    def __init__(self, user: User) -> None:
        self.user = user

    def call(self, method: str, path: str, body: Any = None, /, **query: str) -> Any:
        answer = self.user.v1(method, path, body, **query)
        if answer.status_code == 404 and not answer.text:
            raise AssertionError("Incorrect URL of AIMD server")
        if answer.status_code // 100 != 2:
            raise RefusedError(answer.status_code, answer.text)
        try:
            return answer.json()
        except ValueError:
            return answer.text

    def login(self) -> str:
        assert "folders" in self.call("GET", "/folders")
        url = f"{self.user.server.url}/oauth2/userinfo"
        return str(self.user.http.get(url, params={"apikey": self.user.key}).json()["preferred_username"])

    def make_folder(self, path: str) -> str:
        parent, so_far = None, ""
        for name in path.strip("/").split("/"):
            so_far += f"/{name}"
            try:
                parent = self.call("GET", "/folders/id", path=so_far)
            except RefusedError as error:
                if error.status != 500 or not error.text.endswith("not exists"):
                    raise
                metadata = {"name": name} if parent is None else {"name": name, "folder": parent}
                parent = self.call("POST", "/folders", {"kind": "Folder", "metadata": metadata, "type": "normal"})["id"]
        assert self.call("GET", f"/folders/{parent}")["doc"]["metadata"]["id"] == parent
        return str(parent)

    def upload(self, trial_id: str, name: str, alternative_name: str, folder: str, strategy: str) -> str:
        try:
            self._create(trial_id, name, folder)
        except RefusedError as error:
            taken = error.status == 400 and error.text.startswith("Trial") and error.text.endswith("already exists")
            if not taken or strategy == "error":
                raise
            if strategy == "skip":
                return "skipped"
            if strategy == "new":
                self._create(trial_id, alternative_name, folder)
            else:
                self.call("DELETE", f"/trials/{self.call('GET', '/trials/id', folder=folder, name=name)}")
                self._create(trial_id, name, folder)
        self.call("POST", f"/trials/{trial_id}/parameters", {"lr": 0.1, "layers": [1, 2]})
        point = {"value": {"loss": 0.5}, "sequence": {"epoch": 1, "step": 2, "timestamp": "2026-11-23T15:03:27+00:00"}}
        self.call("POST", f"/trials/{trial_id}/metrics/train", [point, point])
        self.call("POST", f"/trials/{trial_id}/status", {"status": "Succeeded", "endTime": "2026-11-23T15:04:27+00:00"})
        return trial_id

    def _create(self, trial_id: str, name: str, folder: str) -> None:
        metadata = {"folder": folder, "name": name, "editor": None, "id": trial_id, "timestamp": None}
        platform = {"hostname": "h", "os": "Linux", "python": "3.11.7", "pypkgs": {"torch": "2.13.0"}, "framework": ""}
        document = {"kind": "Trial", "metadata": metadata, "platform": platform, "status": "Running", "_git": {}}
        times = {"startTime": "2026-11-23T15:03:27.664883+00:00", "endTime": None}
        self.call("POST", "/trials", {**document, **times, "inputArtifacts": [], "outputArtifacts": []})


@pytest.fixture
def client(user: User) -> DeployedClient:
    return DeployedClient(user)


def test_a_deployed_client_logs_in_makes_folders_and_uploads(client: DeployedClient) -> None:
    assert client.login() == client.user.name
    folder = client.make_folder("/image_classification/mnist")
    assert client.make_folder("image_classification/mnist") == folder
    trial_id = client.upload(new_id(), "cnn", "cnn_261123_150327_f9by70", folder, "new")
    document = client.call("GET", f"/trials/{trial_id}")["doc"]
    assert (document["status"], document["endTime"]) == ("Succeeded", "2026-11-23T15:04:27+00:00")
    assert document["metadata"]["folder"] == folder
    assert client.call("GET", f"/trials/{trial_id}/parameters") == {"lr": 0.1, "layers": [1, 2]}
    assert len(client.call("GET", f"/trials/{trial_id}/metrics")["train"]) == 2
    shown = client.user.trial(trial_id)
    assert (shown["state"], shown["folder"]["path"]) == ("Succeeded", "/image_classification/mnist")


def test_a_deployed_client_cannot_upload_the_same_trial_id_twice(client: DeployedClient) -> None:
    folder, trial_id = client.make_folder("/default"), new_id()
    client.upload(trial_id, "cnn", "cnn_261123_150327_f9by70", folder, "new")
    with pytest.raises(RefusedError) as caught:
        client.upload(trial_id, "cnn", "cnn_261123_150327_f9by71", folder, "new")
    assert "uuid already exists" in caught.value.text


@pytest.mark.parametrize("strategy", ["skip", "error", "new", "replace"])
def test_all_four_conflict_strategies_end_as_a_deployed_client_expects(client: DeployedClient, strategy: str) -> None:
    folder, first, second = client.make_folder("/default"), new_id(), new_id()
    client.upload(first, "cnn", "cnn_261123_150327_f9by70", folder, strategy)
    if strategy == "error":
        with pytest.raises(RefusedError):
            client.upload(second, "cnn", "cnn_261123_150328_f9by71", folder, strategy)
    else:
        client.upload(second, "cnn", "cnn_261123_150328_f9by71", folder, strategy)
    names = {one["id"]: one["name"] for one in client.user.v2("GET", "/trials").json()["trials"]}
    expected = {
        "skip": {first: "cnn"},
        "error": {first: "cnn"},
        "new": {first: "cnn", second: "cnn_261123_150328_f9by71"},
        "replace": {second: "cnn"},
    }
    assert names == expected[strategy]
