from __future__ import annotations

import hashlib
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.digest import BLOCK_BYTES, RunningDigest, block_digests, combine, digest_prefix


def by_hand(content: bytes) -> str:
    blocks = [content[at : at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES)]
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES])
def test_a_digest_is_that_of_the_digests_of_the_blocks(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert digest_prefix(io.BytesIO(content), size) == by_hand(content[:size])


def test_what_lies_behind_the_prefix_does_not_count() -> None:
    assert digest_prefix(io.BytesIO(b"abcdef"), 3) == digest_prefix(io.BytesIO(b"abcxyz"), 3)


def test_a_file_that_ends_too_early_is_an_error() -> None:
    with pytest.raises(EOFError, match="2 bytes"):
        digest_prefix(io.BytesIO(b"abc"), 5)


@given(content=st.binary(max_size=200), flipped=st.integers(0, 199))
def test_any_changed_byte_changes_the_digest(content: bytes, flipped: int) -> None:
    if flipped < len(content):
        changed = bytearray(content)
        changed[flipped] ^= 1
        assert digest_prefix(io.BytesIO(bytes(changed)), len(content)) != by_hand(content)


def test_whole_blocks_may_be_kept_and_combined_later() -> None:
    content = bytes(range(251)) * (5 * BLOCK_BYTES // 502)
    file, size_bytes = io.BytesIO(content), len(content)
    kept = block_digests(file, 2 * BLOCK_BYTES)
    assert combine(kept + block_digests(file, size_bytes - 2 * BLOCK_BYTES)) == by_hand(content)


SIZE = 5 * BLOCK_BYTES // 2
CONTENT = (bytes(range(251)) * (SIZE // 251 + 1))[:SIZE]


@pytest.mark.parametrize("first", [0, 1, BLOCK_BYTES, SIZE - 1, SIZE])
@pytest.mark.parametrize("step", [BLOCK_BYTES // 3, BLOCK_BYTES, BLOCK_BYTES + 1, SIZE])
def test_a_running_digest_is_that_of_what_was_taken_in_whatever_pieces(first: int, step: int) -> None:
    running = RunningDigest()
    running.read(io.BytesIO(CONTENT), first)
    for start, end in pairwise([*range(first, SIZE, step), SIZE]):
        running.take(start, CONTENT[start:end])
    assert running.hexdigest() == by_hand(CONTENT)
    assert not running.has_gaps


@pytest.mark.parametrize("offset", [2, 4])
def test_a_running_digest_knows_that_something_is_missing_or_came_twice(offset: int) -> None:
    running = RunningDigest()
    running.take(0, b"abc")
    running.take(offset, b"d")
    assert running.has_gaps


def test_a_running_digest_of_a_file_that_ends_too_early_is_an_error() -> None:
    with pytest.raises(EOFError, match="2 bytes"):
        RunningDigest().read(io.BytesIO(b"abc"), 5)
