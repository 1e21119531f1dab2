from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli import output, text
from aimd_cli.text import clean_json
from aimd_cli.views.groups import Average

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


class Listing:
    """A view whose items come one by one, or all at once."""

    def __init__(self, items: list[object], other: object, one_by_one: bool) -> None:
        self.items, self.other, self.one_by_one = items, other, one_by_one
        self.given = 0

    def _each(self) -> Iterator[object]:
        for item in self.items:
            self.given += 1
            yield item

    def document(self) -> dict[str, object]:
        return {"trials": self._each() if self.one_by_one else self.items, "total": self.other}

    def lines(self) -> list[list[str]]:
        raise AssertionError

    def rich(self, width: int) -> str:
        raise AssertionError


@given(items=st.lists(VALUES, max_size=3), other=VALUES)
def test_a_document_printed_item_by_item_is_the_same_document(items: list[object], other: object) -> None:
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "print_line", printed.append)
        patch.setattr(output, "_can_encode", lambda text: True)
        output.show(Listing(items, other, one_by_one=True), as_json=True)
    whole = {"schema": output.SCHEMA, "trials": items, "total": other}
    assert "\n".join(printed) == clean_json(json.dumps(whole, ensure_ascii=False, indent=1))


def test_items_are_not_gathered_before_they_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    view = Listing([{"number": number} for number in range(100)], 100, one_by_one=True)
    given_when_printed: list[int] = []
    monkeypatch.setattr(output, "print_line", lambda line: given_when_printed.append(view.given))
    output.show(view, as_json=True)
    assert set(given_when_printed[2:102]) == set(range(1, 101))


def test_json_means_the_same_and_has_no_hidden_characters() -> None:
    value = {"a\u202e": ["\x9b", "\u200b中\U000e0041", "plain", "é\u0301"]}
    text = clean_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert text.isprintable()
    assert "中" in text


def test_a_duration_reads_here_as_in_the_console() -> None:
    for seconds, shown in json.loads((Path(__file__).parents[1] / "fixtures" / "durations.json").read_text()):
        assert text.duration(seconds) == shown


def test_a_number_reads_here_as_in_the_console() -> None:
    rows = json.loads((Path(__file__).parents[1] / "fixtures" / "numbers.json").read_text())
    assert len(rows["numbers"]) > 30
    for value, shown in rows["numbers"]:
        assert text.number(value) == shown
    for mean, deviation, shown in rows["spreads"]:
        assert Average(2, mean, deviation).shown(2) == shown


def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of 100,000 trials take 90 MB if all are made first."""

    class Many:
        def lines(self) -> Iterator[list[str]]:
            for number in range(150):
                yield [str(number), "x"]
            raise RuntimeError("the disk is gone")

        def rich(self, width: int) -> str:
            raise NotImplementedError

        def document(self) -> dict[str, object]:
            raise NotImplementedError

    with pytest.raises(RuntimeError):
        output.show(Many(), as_json=False)
    assert capsys.readouterr().out.splitlines()[:2] == ["0\tx", "1\tx"]
