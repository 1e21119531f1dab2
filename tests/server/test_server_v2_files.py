"""Version 2: bytes with an offset, as docs/reference/http-api.md says."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from aimd_core.format.digest import digest_prefix
from aimd_core.format.model import strict_json
from aimd_core.reading.totals import JournalTotals
from aimd_server.accounts import create_key, keys, revoke_key
from tests.server.api import User, code_of, line, new_id, whole_records

PART = 8 << 20


def digest_of(content: bytes) -> str:
    return digest_prefix(io.BytesIO(content), len(content))


def assert_holds(user: User, trial_id: str, content: bytes, file: str = "metrics") -> None:
    """Check that a file is those bytes by every way of asking."""
    head = user.v2("HEAD", f"/trials/{trial_id}/files/{file}")
    assert (head.status_code, head.headers["upload-offset"]) == (204, str(len(content)))
    assert head.headers["upload-digest"] == digest_of(content)
    assert user.bytes_of(trial_id, file) == content
    files = user.trial(trial_id)["files"]
    assert files.get(file) == ({"offset": len(content), "digest": digest_of(content)} if content else None)


def test_a_file_of_which_nothing_is_stored_is_empty(user: User) -> None:
    trial_id = user.new_trial()
    head = user.v2("HEAD", f"/trials/{trial_id}/files/stdout.log")
    assert (head.headers["upload-offset"], head.headers["upload-digest"]) == ("0", hashlib.sha256().hexdigest())
    assert_holds(user, trial_id, b"", "stdout.log")


@pytest.mark.parametrize("packed", [False, True])
def test_bytes_are_appended_where_the_server_stands(user: User, packed: bool) -> None:
    trial_id = user.new_trial()
    content = b"".join(line(step) for step in range(50))
    for start in range(0, len(content), 777):
        answer = user.patch(trial_id, start, content[start : start + 777], packed=packed)
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(min(len(content), start + 777))
    assert_holds(user, trial_id, content)
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 50


def test_the_same_bytes_again_are_no_change(user: User) -> None:
    trial_id = user.new_trial()
    content = line(1) + line(2)
    user.patch(trial_id, 0, content)
    before = user.trial(trial_id)
    for start, end in [(0, len(content)), (5, 9), (len(content), len(content)), (0, 0)]:
        answer = user.patch(trial_id, start, content[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(content)))
    assert user.trial(trial_id) == before


def test_of_bytes_that_are_partly_known_only_the_new_ones_are_appended(user: User) -> None:
    trial_id = user.new_trial()
    content = b"".join(line(step) for step in range(9))
    user.patch(trial_id, 0, content[:300])
    answer = user.patch(trial_id, 100, content[100:])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(content)))
    assert_holds(user, trial_id, content)
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 9


def test_other_bytes_at_an_old_offset_change_nothing(user: User) -> None:
    trial_id = user.new_trial()
    content = line(1) + line(2)
    user.patch(trial_id, 0, content)
    for start, other in [(0, line(7)), (3, b"xx"), (len(content) - 1, b"x\n" + line(3)), (0, content[:-1] + b" \n")]:
        answer = user.patch(trial_id, start, other)
        assert (answer.status_code, code_of(answer)) == (409, "content_differs")
        assert answer.headers["upload-offset"] == str(len(content))
    assert_holds(user, trial_id, content)


def test_a_gap_changes_nothing_and_says_the_true_offset(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, line(1))
    for offset in (len(line(1)) + 1, 10**15):
        answer = user.patch(trial_id, offset, line(2))
        assert (answer.status_code, code_of(answer)) == (409, "offset_mismatch")
        assert answer.headers["upload-offset"] == str(len(line(1)))
    assert_holds(user, trial_id, line(1))


def test_the_greatest_offset_that_the_document_allows_is_the_greatest_that_is_a_number_here(user: User) -> None:
    operation = user.v2("GET", "/openapi.json").json()["paths"]["/trials/{id}/files/{file}"]["patch"]
    (most,) = [one["schema"]["maximum"] for one in operation["parameters"] if one["name"] == "Upload-Offset"]
    trial_id = user.new_trial()
    answers = [user.patch(trial_id, offset, b"x") for offset in (most, most + 1)]
    assert [code_of(answer) for answer in answers] == ["offset_mismatch", "bad_request"]


@pytest.mark.parametrize("offset", ["", "-1", "1.0", "abc", "٣", "9" * 30])
def test_an_offset_that_is_no_number_is_refused(user: User, offset: str) -> None:
    trial_id = user.new_trial()
    url = f"{user.server.url}/apis/v2/trials/{trial_id}/files/metrics"
    headers = {**user.headers, **({"Upload-Offset": offset.encode()} if offset else {})}
    answer = user.http.patch(url, headers=headers, content=b"x")
    assert (answer.status_code, code_of(answer)) == (400, "bad_request")


@pytest.mark.parametrize("file", ["artifacts", "metrics.yaml", "%2e%2e", "%2e%2e%2fetc", "metadata.yaml"])
def test_there_are_two_files_and_no_others(user: User, file: str) -> None:
    trial_id = user.new_trial()
    answer = user.patch(trial_id, 0, b"x", file)
    assert answer.status_code in (404, 405, 422)
    if answer.status_code == 422:
        assert code_of(answer) == "invalid"


def test_a_gzip_bomb_is_refused_while_it_is_unpacked(user: User) -> None:
    trial_id = user.new_trial()
    bombs = [gzip.compress(bytes(1 << 30), 9), gzip.compress(bytes(PART + 1)), gzip.compress(bytes(PART)) * 2]
    for bomb in bombs:
        answer = user.v2(
            "PATCH",
            f"/trials/{trial_id}/files/metrics",
            headers={"Upload-Offset": "0", "Content-Encoding": "gzip"},
            content=bomb,
        )
        assert (answer.status_code, code_of(answer)) == (413, "too_large")
        assert answer.json()["error"]["limit"] == PART
    assert_holds(user, trial_id, b"")


def test_a_part_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(user: User) -> None:
    trial_id = user.new_trial()
    content = random.Random(1).randbytes(PART + 1)
    for packed in (False, True):
        assert user.patch(trial_id, 0, content, "stdout.log", packed=packed).status_code == 413
    assert user.patch(trial_id, 0, content[:PART], "stdout.log", packed=True).status_code == 204
    assert_holds(user, trial_id, content[:PART], "stdout.log")


_GOOD = gzip.compress(line(1))


@pytest.mark.parametrize("content", [_GOOD[:-4], b"x" + _GOOD, _GOOD + b"x", b""], ids=["cut", "before", "after", "no"])
def test_a_damaged_gzip_is_refused(user: User, content: bytes) -> None:
    trial_id = user.new_trial()
    headers = {"Upload-Offset": "0", "Content-Encoding": "gzip"}
    answer = user.v2("PATCH", f"/trials/{trial_id}/files/metrics", headers=headers, content=content)
    assert (answer.status_code, code_of(answer)) == (400, "bad_encoding")
    assert_holds(user, trial_id, b"")


def test_an_unknown_encoding_is_refused(user: User) -> None:
    trial_id = user.new_trial()
    headers = {"Upload-Offset": "0", "Content-Encoding": "br"}
    answer = user.v2("PATCH", f"/trials/{trial_id}/files/metrics", headers=headers, content=b"x")
    assert (answer.status_code, code_of(answer)) == (415, "unsupported_encoding")


def test_digests_are_right_over_block_borders_however_the_bytes_came(user: User) -> None:
    content = random.Random(2).randbytes(3_400_000)
    for sizes in ([3_400_000], [1 << 20, 1 << 20, 1_302_848], [1, (1 << 20) - 1, 700_000, 900_000, 751_424]):
        trial_id, start = user.new_trial(f"t{len(sizes)}"), 0
        for size in sizes:
            assert user.patch(trial_id, start, content[start : start + size], "stdout.log").status_code == 204
            start += size
            assert_holds(user, trial_id, content[:start], "stdout.log")


def test_a_line_counts_when_it_is_whole(user: User) -> None:
    trial_id = user.new_trial()
    content = line(1) + line(2)
    for start in range(len(content)):
        assert user.patch(trial_id, start, content[start : start + 1]).status_code == 204
        if content[start] in b"}\n":
            shown = user.trial(trial_id)["metrics"].get("train.loss", {"count": 0})
            assert shown["count"] == whole_records(content, start + 1)
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 2


def test_the_server_counts_as_the_local_reader_does(user: User) -> None:
    content = (
        line(1)
        + b'{"train": {"value": {"loss": NaN, "acc": -Infinity}, "sequence": {"step": 2}}}\n'
        + b"not a record\n\n\x00\x00\n"
        + line(3).rstrip() + line(4)
        + b'{"val": {"value": {"a": 1e400, "b": true, "c": "text", "d": null}, "sequence": {}}}\r\n'
        + b'{"val": {"value": {"a": 5}, "sequence": {"step": null}}, "train": {}}\n'
        + b'{"\\ud800": {"value": {"x": 1}, "sequence": {"step": 9}}}\n'
        + b'\xef\xbb\xbf{"t": {"value": {"big": 123456789012345678901234567890}, "sequence": {"step": 1}}}\n'
        + line(5)[:-10]
    )  # fmt: skip
    trial_id = user.new_trial()
    assert user.patch(trial_id, 0, content).status_code == 204
    local = JournalTotals()
    local.take_lines(content)
    expected = {
        name.encode("utf-8", "replace").decode(): strict_json(one.as_dict()) for name, one in local.metrics.items()
    }
    assert user.trial(trial_id)["metrics"] == json.loads(json.dumps(expected))
    assert_holds(user, trial_id, content)


def test_a_line_of_many_megabytes_is_kept_and_has_no_other_effect(user: User) -> None:
    trial_id = user.new_trial()
    content = b"{" + b"x" * 3_000_000 + b"\n" + line(1)
    for start in range(0, len(content), 1_000_000):
        assert user.patch(trial_id, start, content[start : start + 1_000_000]).status_code == 204
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 1
    assert_holds(user, trial_id, content)


def test_two_appenders_of_the_same_file_at_once_end_as_one_does(user: User) -> None:
    trial_id = user.new_trial()
    content = b"".join(line(step) for step in range(400))

    def send(seed: int) -> None:
        chance, offset = random.Random(seed), 0
        while offset < len(content):
            answer = user.patch(trial_id, offset, content[offset : offset + chance.randint(1, 3000)])
            assert answer.status_code in (204, 409), answer.text
            offset = int(answer.headers["upload-offset"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert_holds(user, trial_id, content)
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 400


def test_version_1_points_after_half_a_line_begin_on_a_new_one(user: User) -> None:
    trial_id = user.new_trial()
    user.patch(trial_id, 0, line(1)[:20])
    point = {"value": {"loss": 1.0}, "sequence": {"step": 2}}
    user.v1("POST", f"/trials/{trial_id}/metrics/train", [point])
    assert user.bytes_of(trial_id) == line(1)[:20] + b"\n" + json.dumps({"train": point}).encode() + b"\n"
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 1


def test_a_file_of_a_trial_that_is_not_there_is_not_there(user: User) -> None:
    for method in ("HEAD", "GET", "PATCH"):
        answer = user.v2(method, f"/trials/{new_id()}/files/metrics", headers={"Upload-Offset": "0"})
        assert answer.status_code == 404


def test_any_one_range_of_a_file_is_given_and_nothing_else_is_made_up(user: User) -> None:
    trial_id = user.new_trial()
    content = bytes(range(256)) * 20
    user.patch(trial_id, 0, content[:3000], "stdout.log")
    user.patch(trial_id, 3000, content[3000:], "stdout.log")
    size = len(content)
    path = f"/trials/{trial_id}/files/stdout.log"
    ranges = {
        "bytes=0-0": (0, 1),
        "bytes=0-": (0, size),
        "bytes=2990-3010": (2990, 3011),
        "bytes=5119-": (5119, size),
        "bytes=-7": (size - 7, size),
        "bytes=-99999": (0, size),
        "bytes=5000-99999": (5000, size),
    }
    for header, (start, end) in ranges.items():
        answer = user.v2("GET", path, headers={"Range": header})
        assert (answer.status_code, answer.content) == (206, content[start:end]), header
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"] == "application/octet-stream"
    for header in (
        "bytes=-",
        "bytes=3-2",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=x-",
        "bytes=0-1" + ",2-3" * 1000,
        "bytes=1-2-3",
    ):
        answer = user.v2("GET", path, headers={"Range": header})
        assert (answer.status_code, answer.content) == (200, content), header
    for header in (f"bytes={size}-", "bytes=-0", f"bytes={size}-{size + 5}"):
        answer = user.v2("GET", path, headers={"Range": header})
        assert (answer.status_code, answer.content) == (416, b""), header
        assert answer.headers["content-range"] == f"bytes */{size}"


def test_a_key_that_another_process_revokes_appends_nothing_more_and_learns_nothing(user: User) -> None:
    trial = user.new_trial()
    with User(user.server, user.name, create_key(user.server.data_dir, user.name)) as revoked:
        assert revoked.patch(trial, 0, line(0)).status_code == 204
        revoke_key(user.server.data_dir, keys(user.server.data_dir, user.name)[-1]["id"])
        size = len(line(0))
        for answer in (
            revoked.patch(trial, size, line(1)),
            revoked.patch(trial, size + 1, line(1)),
            revoked.patch(trial, "x", line(1)),
            revoked.patch(trial, size, line(1), file="other"),
            revoked.patch(new_id(), 0, line(1)),
        ):
            assert (answer.status_code, code_of(answer)) == (401, "unauthenticated")
            assert answer.headers["www-authenticate"]
            assert "upload-offset" not in answer.headers
    assert_holds(user, trial, line(0))
