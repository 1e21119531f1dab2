"""Notes are read by the same rules here and in the console: tests/fixtures/markdown.json is for both."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from aimd_core.reports.charts import WIDTH, Chart, ChartLine, svg_of, ticks_of
from aimd_core.reports.embedded import view_in
from aimd_core.reports.markdown import parse_markdown

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "markdown.json").read_text())


@pytest.mark.parametrize("case", FIXTURE["notes"], ids=lambda case: case["text"][:30])
def test_a_note_is_read_as_the_console_reads_it(case: dict[str, object]) -> None:
    assert parse_markdown(str(case["text"])) == case["blocks"]


@pytest.mark.parametrize("case", FIXTURE["views"], ids=lambda case: case["info"] + case["text"][:30])
def test_an_embedded_view_is_read_as_the_console_reads_it(case: dict[str, str]) -> None:
    view = view_in(case["info"], case["text"])
    assert json.loads(json.dumps(view._asdict())) == case["view"]


@pytest.mark.parametrize(
    "piece", ["[", "**a", "`a", "_a ", "~~", "> ", "- ", "|", "```\n", "[a](", "* ", "  - a\n", "\\"]
)
def test_the_longest_note_takes_no_more_than_a_few_seconds(piece: str) -> None:
    begun = time.process_time()
    parse_markdown((piece * (65_536 // len(piece) + 1))[:65_536])
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("line", ["# a{}b", "```a{}b", "- a{}b", "a|b\n|-|{}b", "-{}b", "> {}b"])
@pytest.mark.parametrize("filler", [" ", "#", "\t", " #"])
def test_a_long_line_takes_no_time(line: str, filler: str) -> None:
    begun = time.process_time()
    parse_markdown(line.format((filler * 65_536)[:65_500]))
    assert time.process_time() - begun < 4


@pytest.mark.parametrize(
    "values",
    [(0, 5e-324), (-1.7e308, 1.7e308), (1.7e308, 1.7e308), (5e-324, 5e-324), (-1e-320, 1e-320), (1e308, -1e-320)],
)
def test_extreme_values_are_drawn_inside_of_the_chart(values: tuple[float, float]) -> None:
    for x, y in (((0.0, 1.0), values), (values, (0.0, 1.0))):
        drawn = svg_of(Chart("loss", "step", [ChartLine("a", "", x, y, y[-1])]))
        numbers = [float(text) for text in re.findall(r"-?[0-9.]+", re.findall(r' d="([^"]*)"', drawn)[0])]
        assert len(numbers) == 4
        assert all(0 <= number <= WIDTH for number in numbers)


def test_ticks_of_tiny_values_differ() -> None:
    assert ticks_of(1e-14, 2e-14) == [1e-14, 1.2e-14, 1.4e-14, 1.6e-14, 1.8e-14, 2e-14]


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3, 7), (1e-9, 2e-9), (1e12, 1e12 + 5), (-1e300, 1e300), (0.1, 0.10001)]
)
def test_ticks_are_round_and_in_the_range(low: float, high: float) -> None:
    ticks = ticks_of(low, high)
    assert 2 <= len(ticks) <= 11
    assert all(low - abs(low) * 1e-9 <= tick <= high + abs(high) * 1e-9 for tick in ticks)
