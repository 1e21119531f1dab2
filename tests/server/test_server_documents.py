"""Small files that are replaced whole, and what the server says it has of many trials."""

from __future__ import annotations

import base64
import hashlib

from tests.server.api import User, line, wish


def digest(content: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(content).digest()).hexdigest()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_document_is_replaced_whole_and_its_digest_answered(user: User) -> None:
    trial_id = user.new_trial()
    path = f"/trials/{trial_id}/files/git.diff"
    for content in (b"-a\n+b\n" * 100, b"\xff\x00", b"-a\n+b\n" * 100):
        answer = user.v2("PUT", path, content=content)
        assert (answer.status_code, answer.headers["upload-digest"]) == (204, digest(content))
        assert user.v2("GET", path).content == content
        assert user.v2("HEAD", path).headers["upload-offset"] == str(len(content))


def test_a_document_is_no_journal_and_a_journal_no_document(user: User) -> None:
    trial_id = user.new_trial()
    assert user.v2("PUT", f"/trials/{trial_id}/files/metrics", content=b"x").status_code == 422
    assert user.patch(trial_id, 0, b"x", "git.diff").status_code == 422
    assert user.v2("PUT", f"/trials/{trial_id}/files/..%2Fsecret", content=b"x").status_code == 404
    assert user.v2("PUT", f"/trials/{trial_id}/files/git.diff", content=b"x" * (9 << 20)).status_code == 413


def test_documents_come_with_the_put_and_the_same_again_changes_nothing(user: User) -> None:
    body = wish(documents={"metadata.yaml": in_base64(b"kind: Trial\n"), "labels.yaml": in_base64(b"tags: [a]\n")})
    trial_id = user.new_trial()
    assert user.put(trial_id, body).json()["outcome"] == "updated"
    again = user.put(trial_id, body).json()
    assert again["outcome"] == "unchanged"
    assert again["files"]["metadata.yaml"] == {"offset": 12, "digest": digest(b"kind: Trial\n")}
    removed = user.put(trial_id, wish(documents={"labels.yaml": None})).json()
    assert (removed["outcome"], set(removed["files"])) == ("updated", {"metadata.yaml"})
    assert user.put(trial_id, wish(documents={"other": in_base64(b"")})).status_code == 422


def test_a_file_can_be_read_from_any_byte_on(user: User) -> None:
    trial_id = user.new_trial()
    content = b"".join(line(step) for step in range(50))
    user.patch(trial_id, 0, content[:1000])
    user.patch(trial_id, 1000, content[1000:], packed=True)
    path = f"/trials/{trial_id}/files/metrics"
    for start in (1, 999, 1000, 1001, len(content) - 1):
        answer = user.v2("GET", path, headers={"Range": f"bytes={start}-"})
        assert (answer.status_code, answer.content) == (206, content[start:])
        assert answer.headers["content-range"] == f"bytes {start}-{len(content) - 1}/{len(content)}"
    for other in ("bytes=0-1,5-6", "lines=1-"):
        answer = user.v2("GET", path, headers={"Range": other})
        assert (answer.status_code, answer.content) == (200, content)
    assert user.v2("GET", path, headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def test_what_is_known_of_many_trials_is_told_at_once(user: User, stranger: User) -> None:
    mine, other = user.new_trial("a"), stranger.new_trial("b")
    user.patch(mine, 0, line(1))
    answer = user.v2("POST", "/trials/known", json={"ids": [mine, other, "no-id"]})
    assert answer.status_code == 200
    (found,) = answer.json()["trials"].values()
    assert (found["id"], found["name"], found["state"]) == (mine, "a", "Running")
    assert found["files"] == {"metrics": {"offset": len(line(1)), "digest": digest(line(1))}}
    assert user.v2("POST", "/trials/known", json={"ids": [mine] * 501}).status_code == 422
