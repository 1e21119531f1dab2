"""Which line of a growing file is where, however large it is: counted once, and never much in one request."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_server.services import line_counts, trials
from aimd_server.services.line_counts import MOST_BYTES, LinePosition, LineWish
from aimd_server.services.trials import TrialWish
from aimd_server.stores import journals
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.line_counts import BLOCK_BYTES
from aimd_server.stores.writer import StoreUnavailableError
from tests.server.api import User, new_id, wish
from tests.support.appending import append
from tests.support.list_queries import make_user

OUTPUT = "stdout.log"


class Output:
    """A trial's output in a database, and how many bytes of it are read."""

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.database = Database(place)
        self.user: Account = make_user(self.database)
        self.uid = new_id()
        trials.put(self.database, self.user, self.uid, TrialWish(name="t", state="Running"))
        self.content = b""
        self.read_bytes = 0
        real = journals.read

        def counted(connection: object, journal_id: int, start: int, end: int) -> bytes:
            self.read_bytes += end - start
            return real(connection, journal_id, start, end)  # type: ignore[arg-type]

        patch.setattr(journals, "read", counted)

    def append(self, content: bytes, part_bytes: int) -> None:
        for start in range(0, len(content), part_bytes):
            part = content[start : start + part_bytes]
            append(self.database, self.user, self.uid, OUTPUT, len(self.content), part)
            self.content += part

    def at(self, offset: int | None = None, line: int | None = None) -> LinePosition:
        """Ask for a position once, and check how much was read for that."""
        self.read_bytes = 0
        answer = line_counts.position_of(self.database, self.user, self.uid, OUTPUT, LineWish(offset, line))
        assert self.read_bytes <= MOST_BYTES + 16 * BLOCK_BYTES
        assert self.content.count(b"\n", 0, answer.offset) == answer.lines
        return answer

    def finally_at(self, offset: int | None = None, line: int | None = None) -> LinePosition:
        """Ask until it is counted."""
        before = -1
        while (answer := self.at(offset, line)).more:
            assert answer.offset > before
            before = answer.offset
        return answer


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    made = Output(tmp_path / "server", monkeypatch)
    with made.database:
        yield made


def test_every_position_is_that_of_the_bytes_wherever_parts_were_cut(output: Output) -> None:
    rng = random.Random(7)
    lines = [b"x" * rng.choice((0, 1, 40, 3000, 70_000)) for _ in range(400)]
    output.append(b"\n".join(lines) + b"\nlast", 333_333)
    size, count = len(output.content), output.content.count(b"\n")
    near = [edge + step for edge in range(0, size, BLOCK_BYTES) for step in (-1, 0, 1)]
    for offset in [*near, *(rng.randrange(size) for _ in range(20)), size, size + 9]:
        if offset >= 0:
            assert output.at(offset=offset).offset == min(offset, size)
    begins = [0, *(at + 1 for at in range(size) if output.content[at] == 10)]
    for line in [1, 2, *rng.sample(range(1, count + 1), 20), count + 1]:
        assert output.at(line=line) == LinePosition(begins[line - 1], line - 1)
    assert output.at(line=count + 2) == LinePosition(size, count)


def test_a_large_output_is_counted_once_and_a_bounded_part_in_a_request(output: Output) -> None:
    lines = b"".join(b"%07d some output\n" % number for number in range(50_000))
    while len(output.content) < MOST_BYTES + 8 * BLOCK_BYTES:
        output.append(lines, 8 << 20)
    size, count = len(output.content), output.content.count(b"\n")
    first = output.at(offset=size)
    assert (first.more, first.offset < size) == (True, True)
    assert output.finally_at(offset=size) == LinePosition(size, count)
    for asked in ({"offset": size}, {"line": count}, {"line": count // 2}, {"offset": size // 3}):
        assert not output.at(**asked).more
        assert output.read_bytes < 4 * BLOCK_BYTES
    output.append(lines, 8 << 20)
    assert output.finally_at(line=count + 7) == LinePosition(size + 6 * 20, count + 6)


def test_positions_are_answered_also_when_nothing_can_be_stored(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    output.append(b"a line\n" * 400_000, 8 << 20)

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailableError("read-only")

    monkeypatch.setattr(output.database, "write", refuse)
    assert output.at(line=300_000) == LinePosition(7 * 299_999, 299_999)


def test_only_files_that_grow_have_lines_and_one_thing_is_asked_for(user: User) -> None:
    trial_id = new_id()
    user.put(trial_id, wish())
    assert user.patch(trial_id, 0, b"one\ntwo\nthree", OUTPUT).status_code == 204

    def ask(file: str = OUTPUT, **query: object) -> tuple[int, object]:
        answer = user.v2("GET", f"/trials/{trial_id}/files/{file}/lines", params=query)
        return answer.status_code, answer.json()

    assert ask(line=2) == (200, {"offset": 4, "lines": 1, "more": False})
    assert ask(offset=9) == (200, {"offset": 9, "lines": 2, "more": False})
    assert ask(line=10**17) == (200, {"offset": 13, "lines": 2, "more": False})
    assert ask("segments", line=5) == (200, {"offset": 0, "lines": 0, "more": False})
    for file, query in (
        (OUTPUT, {}),
        (OUTPUT, {"line": 1, "offset": 1}),
        (OUTPUT, {"line": 0}),
        (OUTPUT, {"offset": "-1"}),
        (OUTPUT, {"offset": "9" * 30}),
        ("git.diff", {"line": 1}),
    ):
        assert ask(file, **query)[0] == 422
    assert user.v2("GET", f"/trials/{new_id()}/files/{OUTPUT}/lines", params={"line": 1}).status_code == 404
