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


class DeployedArtifacts(DeployedClient):
    """Does with artifacts what shared/spec/artifacts-v1.md says that the deployed client does, in its order."""

    def make(self, artifact_id: str, folder: str, repo: str, kind: str = "model", aliases: Any = None) -> str:
        inner = {"folder": None, "name": "", "editor": None, "id": artifact_id, "timestamp": None}
        body = {"kind": "Artifact", "metadata": inner, "description": "d", "commit": None, "version": None}
        more = {"aliases": aliases or [], "creatingTimestamp": "2026-11-23T15:03:27.664883+00:00"}
        query = {"folder": folder, "repo": repo, "type": kind}
        return str(self.call("POST", "/artifacts", {**body, **more}, **query)["id"])

    def send(self, artifact_id: str, key: str, content: bytes, part_bytes: int = 0) -> None:
        path = f"/artifacts/{artifact_id}"
        if not part_bytes:
            url, query = f"{self.user.server.url}/apis/v1{path}/objects", {"apikey": self.user.key, "key": key}
            self.check(self.user.http.post(url, params=query, files={"content": content}))
            return
        upload = self.call("POST", f"{path}/multipart", key=key)["uploadId"]
        parts = []
        for number in range(-(-len(content) // part_bytes)):
            piece = content[number * part_bytes : (number + 1) * part_bytes]
            query = {"apikey": self.user.key, "key": key, "partNum": str(number + 1)}
            url = f"{self.user.server.url}/apis/v1{path}/multipart/{upload}"
            answer = self.user.http.put(url, params=query, content=piece)
            self.check(answer)
            parts.append({"etag": answer.json()["etag"], "partNumber": number + 1})
        self.call("POST", f"{path}/multipart/{upload}", {"parts": parts}, key=key)

    def check(self, answer: Any) -> None:
        if answer.status_code // 100 != 2:
            raise RefusedError(answer.status_code, answer.text)

    def finalize(self, artifact_id: str) -> dict[str, Any]:
        self.call("PUT", f"/artifacts/{artifact_id}/finalize")
        document: dict[str, Any] = self.call("GET", f"/artifacts/{artifact_id}")
        return document

    def upload(self, artifact_id: str, folder: str, repo: str, objects: dict[str, bytes], **how: Any) -> dict[str, Any]:
        self.make(artifact_id, folder, repo, **how)
        for key, content in objects.items():
            self.send(artifact_id, key, content)
        return self.finalize(artifact_id)

    def bytes_of(self, artifact_id: str, key: str) -> bytes:
        url = f"{self.user.server.url}/apis/v1/artifacts/{artifact_id}/objects"
        answer = self.user.http.get(url, params={"apikey": self.user.key, "key": key})
        self.check(answer)
        return answer.content


@pytest.fixture
def artifacts(user: User) -> DeployedArtifacts:
    return DeployedArtifacts(user)


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


OBJECTS = {"model.pt": bytes(range(256)) * 300, "notes/a b&c=1.txt": b"--boundary\r\nnotes\r\n", "empty": b""}


def test_a_deployed_client_uploads_an_artifact_and_gets_every_byte_back(artifacts: DeployedArtifacts) -> None:
    folder, artifact_id = artifacts.make_folder("/digits/models"), new_id()
    assert artifacts.make(artifact_id, folder, "mnist", "model", ["best"]) == artifact_id
    for key, content in OBJECTS.items():
        artifacts.send(artifact_id, key, content)
    document = artifacts.finalize(artifact_id)
    assert (document["kind"], document["description"], document["aliases"]) == ("Artifact", "d", ["best"])
    assert document["commit"]
    assert document["version"] == "v1"
    assert document["metadata"]["id"] == artifact_id
    assert document["metadata"]["editor"] == artifacts.user.name
    repo = artifacts.call("GET", f"/folders/{document['metadata']['folder']}")["doc"]
    assert (repo["type"], repo["metadata"]["name"], repo["metadata"]["folder"]) == ("artifact", "mnist", folder)
    assert repo["config"]["profile"]["type"] == "model"
    listed = artifacts.call("GET", f"/artifacts/{artifact_id}/objects/ls")["results"]
    assert {row["path"]: row["size_bytes"] for row in listed} == {key: len(value) for key, value in OBJECTS.items()}
    assert {key: artifacts.bytes_of(artifact_id, key) for key in OBJECTS} == OBJECTS


def test_an_object_in_parts_is_one_object(artifacts: DeployedArtifacts) -> None:
    folder, artifact_id, content = artifacts.make_folder("/default"), new_id(), bytes(range(251)) * 40_000
    artifacts.make(artifact_id, folder, "parts")
    artifacts.send(artifact_id, "big.bin", content, part_bytes=3 << 20)
    artifacts.finalize(artifact_id)
    assert artifacts.bytes_of(artifact_id, "big.bin") == content


def test_versions_and_tags_lead_to_their_artifacts(artifacts: DeployedArtifacts) -> None:
    folder, ids = artifacts.make_folder("/default"), [new_id(), new_id()]
    for number, artifact_id in enumerate(ids):
        artifacts.upload(artifact_id, folder, "tagged", {"a": b"%d" % number}, aliases=["best", "1", "v7"])
    tags = {"latest": ids[1], "best": ids[1], "1": ids[0], "2": ids[1], "v1": ids[0], "v2": ids[1]}
    for tag, artifact_id in tags.items():
        document = artifacts.call("GET", "/artifacts", folder=folder, repo="tagged", tag=tag)
        assert document["metadata"]["id"] == artifact_id, tag
    assert artifacts.call("GET", f"/artifacts/{ids[0]}")["aliases"] == []
    for query in (
        {"repo": "tagged", "tag": "v3"},
        {"repo": "tagged", "tag": "v7"},
        {"repo": "tagged", "tag": "9" * 30},
        {"repo": "nothing", "tag": "latest"},
    ):
        with pytest.raises(RefusedError) as caught:
            artifacts.call("GET", "/artifacts", folder=folder, **query)
        assert caught.value.status == 500
        assert caught.value.text.startswith("[Get] doc not found")


def test_a_final_artifact_takes_nothing_more(artifacts: DeployedArtifacts) -> None:
    folder, artifact_id = artifacts.make_folder("/default"), new_id()
    before = artifacts.upload(artifact_id, folder, "final", {"a": b"1"})
    for attempt in (
        lambda: artifacts.send(artifact_id, "a", b"2"),
        lambda: artifacts.send(artifact_id, "b", b"2" * 10, part_bytes=4),
        lambda: artifacts.make(artifact_id, folder, "final"),
    ):
        with pytest.raises(RefusedError):
            attempt()
    assert artifacts.finalize(artifact_id) == before
    assert artifacts.bytes_of(artifact_id, "a") == b"1"


def test_repos_are_listed_by_scope(artifacts: DeployedArtifacts, stranger: User) -> None:
    folder = artifacts.make_folder("/shared")
    artifacts.upload(new_id(), folder, "ours", {"a": b"1"})
    artifacts.user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "viewer"})
    theirs = DeployedArtifacts(stranger)
    theirs.upload(new_id(), theirs.make_folder("/default"), "theirs", {"a": b"1"})

    def names(scope: str) -> list[str]:
        return [row["metadata"]["name"] for row in theirs.call("GET", "/repos", scope=scope)["repos"]]

    assert (names("own"), names("shared"), sorted(names("all"))) == (["theirs"], ["ours"], ["ours", "theirs"])


def test_a_trial_keeps_which_artifacts_it_used_and_made(artifacts: DeployedArtifacts) -> None:
    client, folder, trial_id = DeployedClient(artifacts.user), artifacts.make_folder("/default"), new_id()
    ids = [new_id(), new_id()]
    client.upload(trial_id, "cnn", "cnn_261123_150327_f9by70", folder, "new")
    document = client.call("GET", f"/trials/{trial_id}")["doc"]
    client.call("PUT", f"/trials/{trial_id}", {**document, "inputArtifacts": ids[:1], "outputArtifacts": ids})
    shown = client.call("GET", f"/trials/{trial_id}")["doc"]
    assert (shown["inputArtifacts"], shown["outputArtifacts"]) == (ids[:1], ids)


def test_what_is_not_shared_is_not_there(artifacts: DeployedArtifacts, stranger: User) -> None:
    folder, open_id, final_id = artifacts.make_folder("/private"), new_id(), new_id()
    artifacts.make(open_id, folder, "secret")
    artifacts.upload(final_id, folder, "secret", {"a": b"1"})
    other = DeployedArtifacts(stranger)

    def refused(attempt: Any) -> tuple[int, str]:
        with pytest.raises(RefusedError) as caught:
            attempt()
        return caught.value.status, caught.value.text

    def attempts(artifact_id: str) -> set[tuple[int, str]]:
        path = f"/artifacts/{artifact_id}"
        return {
            refused(lambda: other.call("GET", path)),
            refused(lambda: other.bytes_of(artifact_id, "a")),
            refused(lambda: other.call("GET", f"{path}/objects/ls")),
            refused(lambda: other.send(artifact_id, "a", b"2")),
            refused(lambda: other.finalize(artifact_id)),
        }

    for artifact_id in (open_id, final_id, new_id()):
        assert attempts(artifact_id) == {(500, "[Get] doc not found")}
    artifacts.user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "viewer"})
    assert other.bytes_of(final_id, "a") == b"1"
    assert refused(lambda: other.call("GET", f"/artifacts/{open_id}"))[0] == 500
    assert refused(lambda: other.make(new_id(), folder, "secret"))[0] == 403


@pytest.mark.parametrize("key", ["../a", "/a", "a//b", "a/./b", "", "a" * 1025])
def test_a_key_that_leads_elsewhere_is_refused(artifacts: DeployedArtifacts, key: str) -> None:
    artifact_id = artifacts.make(new_id(), artifacts.make_folder("/default"), "keys")
    with pytest.raises(RefusedError) as caught:
        artifacts.send(artifact_id, key, b"1")
    assert caught.value.status == 400


def test_keys_of_which_one_is_a_directory_of_the_other_are_not_final(artifacts: DeployedArtifacts) -> None:
    artifact_id = artifacts.make(new_id(), artifacts.make_folder("/default"), "twins")
    artifacts.send(artifact_id, "a", b"1")
    artifacts.send(artifact_id, "a/b", b"1")
    with pytest.raises(RefusedError):
        artifacts.finalize(artifact_id)
