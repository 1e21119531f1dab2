"""What a list of trials shows on a terminal of any width: what tells them apart, and what was asked for."""

from __future__ import annotations

import io
import random
from datetime import datetime

import pytest
from rich.console import Console

from aimd_cli.views.comparison import ComparisonOptions, GroupedComparison
from aimd_cli.views.groups import grouped
from aimd_cli.views.rows import Choice, differing_params, ranked_names, telling_params
from aimd_cli.views.shortening import rounded, short_titles, shortened, stacked
from aimd_cli.views.table import NUMBER, TEXT, Column, Table, hidden_columns
from aimd_cli.views.trial_list import TrialList
from aimd_core.query import parse_fields
from aimd_core.reading.facts import Facts, WholeFacts

NOW = datetime.fromisoformat("2026-11-24T00:00:00+00:00")
WIDTHS = [40, 80, 120, 200]


def trial(number: int, name: str, params: dict[str, object], metrics: dict[str, float], **facts: object) -> Facts:
    return WholeFacts(
        name=name,
        alternative_name=f"{name}_261123_15{number:04d}_aaaaaa",
        id=f"{number + 0x41D07BE2:08x}-0000-4000-8000-000000000000",
        state="Succeeded",
        started="2026-11-23T15:03:27+00:00",
        ended="2026-11-23T16:03:27+00:00",
        params=params,
        metrics={metric: {"last": value} for metric, value in metrics.items()},
        **facts,  # type: ignore[arg-type]
    )


def screen(rows: list[Facts], width: int, **choice: object) -> str:
    from rich.cells import cell_len
    from rich.console import Console

    view = TrialList(rows, "~/runs", True, Choice(len(rows), **choice), NOW)  # type: ignore[arg-type]
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(view.rich(width))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert [line for line in shown.splitlines() if cell_len(line) > width] == []
    return shown


def is_told(value: float | int | str | None, shown: str) -> bool:
    """Tell whether a number is on a screen, with four digits or five."""
    assert isinstance(value, float)
    return f"{value:.4g}" in shown or f"{value:.5g}" in shown


def nested(changed: dict[str, object]) -> dict[str, object]:
    return {f"model.encoder.layer_{number:02d}.width": number for number in range(44)} | changed


def many_metrics(number: int) -> dict[str, float]:
    chance = random.Random(number)
    classes = {f"val.class_{at:02d}/iou": chance.random() for at in range(38)}
    return classes | {
        "train.learning_rate": 0.1,
        "train.loss": chance.random(),
        "val.loss": 0.5 + number / 1000,
        "val.constant_acc": 1.0,
        "system.gpu0.utilization": chance.random(),
        "val.miou": chance.random(),
    }


@pytest.fixture(scope="module")
def deep() -> list[Facts]:
    """Sixty trials with 44 nested parameters and 44 metrics: twenty rates with three seeds each."""
    name = "segformer_b2_cityscapes_cosine_schedule_with_warm_restart"
    return [
        trial(number, name, nested({"optim.schedule.rate": 7 + number // 3, "seed": number % 3}), many_metrics(number))
        for number in range(60)
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_differs_among_44_parameters_is_on_the_screen(deep: list[Facts], width: int) -> None:
    shown = screen(deep, width)
    head = shown.split("\n")[0] + shown.split("\n")[1]
    assert "rate" in head
    assert "seed" in head
    for row in deep:
        assert row.id[:8] in shown
    assert "width" not in shown.split("columns hidden")[0]
    if width >= 80:
        assert "val.loss" in head
        assert "val.miou" in head


@pytest.mark.parametrize("width", WIDTHS)
def test_system_metrics_and_constants_wait_until_somebody_asks(deep: list[Facts], width: int) -> None:
    shown = screen(deep, width)
    assert "system" not in shown
    assert "constant" not in shown
    assert "utilization" in screen(deep, 200, columns=parse_fields("name,system.gpu0.utilization"))


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_and_sort_keys_that_were_asked_for_are_all_there(deep: list[Facts], width: int) -> None:
    fields = parse_fields("name,state,params.optim.schedule.rate,val.loss.min,val.miou,seed_ratio.x,duration,id")
    shown = screen(deep, width, columns=fields).replace("\n", " ")
    for row in deep:
        assert row.id[:8] in shown
        assert str(row.params["optim.schedule.rate"]) in shown
        assert is_told(row.metrics["val.miou"]["last"], shown)
    assert "hidden" not in shown
    (key,) = parse_fields("system.gpu0.utilization")
    by_key = screen(deep, width, sorted_by=[key])
    for row in deep:
        assert is_told(row.metrics["system.gpu0.utilization"]["last"], by_key)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["图像分类实验-学习率对比-第{}组-余弦退火", "llama3_8b_sft_bs64_seed{}_cosine_warmup500_longtail_v2"]
)
def test_long_names_are_shortened_to_what_tells_them_apart(name: str, width: int) -> None:
    rows = [trial(at, name.format(word), {}, {"val.acc": at / 10}) for at, word in enumerate("一二三四")]
    lines = [line for line in screen(rows, width).splitlines() if "✓" in line]
    for line, word in zip(lines, "一二三四", strict=True):
        assert word in line


@pytest.mark.parametrize("width", WIDTHS)
def test_tags_that_differ_are_shown_and_a_trial_alone_shows_its_own(width: int) -> None:
    rows = [trial(at, "resnet", {"lr": at}, {"val.acc": 0.1}, tags=(tag,)) for at, tag in enumerate(("base", "night"))]
    shown = screen(rows, width)
    assert "base" in shown
    assert "night" in shown
    assert "base" in screen(rows[:1], 80)


def test_the_columns_that_are_hidden_are_counted_and_the_next_ones_named(deep: list[Facts]) -> None:
    footer = screen(deep, 80).splitlines()[-1]
    assert "columns hidden, see --columns +" in footer
    (first, *_) = footer.partition("+")[2].split(",")
    assert first.split(".")[-1] in screen(deep, 80, added=parse_fields(first))
    assert footer.endswith("; all: --wide")


def test_all_hidden_columns_are_named_where_there_is_room() -> None:
    columns = [Column(name, at, key=name) for at, name in enumerate("abcdef")]
    assert hidden_columns(columns, 80) == ["6 columns hidden, see --columns +a,b,c,d,e,f"]
    columns = [Column(name, at, key=f"params.{name}") for at, name in enumerate("abcdef")]
    assert hidden_columns(columns, 80) == ["6 columns hidden, see --columns +params.a,params.b,params.c; all: --wide"]


def test_why_a_trial_failed_is_said_whole_before_less_useful_columns(deep: list[Facts]) -> None:
    ending = {
        "kind": "exception",
        "exception": "RuntimeError",
        "message": "CUDA out of memory on device 3, 79 GiB used",
    }
    rows = [
        WholeFacts(
            name=f"run{at}",
            id=f"{at}-0000",
            state="Failed",
            ending=ending,
            started="2026-11-23T15:03:27+00:00",
            ended="2026-11-23T15:04:27+00:00",
            params={"lr": at},
            metrics={f"val.m{number}": {"last": at / 7 + number} for number in range(9)},
        )
        for at in range(3)
    ]
    assert "RuntimeError: CUDA out of memory on device 3, 79 GiB used" in screen(rows, 120)


def test_a_parameter_that_follows_from_another_one_and_a_long_path_come_after_the_choices() -> None:
    rows = [
        trial(
            at,
            "a",
            {"out": f"/data/runs/experiment/{at}/checkpoints", "steps": at // 2 * 100, "lr": at // 2, "seed": at},
            {},
        )
        for at in range(6)
    ]
    assert telling_params(rows, ["out", "steps", "lr", "seed"]) == (["steps", "seed"], ["lr", "out"])


def test_a_metric_whose_name_says_what_is_better_comes_before_families_and_system_metrics() -> None:
    names = ["system.cpu", *(f"val.class_{at}" for at in range(9)), "train.grad_norm", "train.loss", "val.acc"]
    assert ranked_names(names)[:3] == ["val.acc", "train.loss", "train.grad_norm"]
    assert ranked_names(names)[-1] == "system.cpu"


@pytest.mark.parametrize("width", range(5, 40))
def test_a_shortened_text_is_never_too_wide_and_keeps_texts_apart_where_that_can_be(width: int) -> None:
    from rich.cells import cell_len

    texts = [f"exp_{kind}_common_part_of_the_name_{word}_end" for kind in ("lr1", "lr2") for word in ("训练", "x")]
    short = shortened(texts, width)
    assert all(cell_len(text) <= width for text in short)
    if width >= 10:
        assert len(set(short)) == 4


def test_why_a_trial_ended_is_cut_once_at_its_end() -> None:
    rows = [trial(number, f"run{number}", {"lr": number}, {"val.acc": number}) for number in range(2)]
    rows[0].state, rows[0].reason = "Failed", "RuntimeError: CUDA error: out of memory, tried to allocate 2 GiB"
    for width, told in ((80, "RuntimeError: CUDA e"), (200, rows[0].reason)):
        (line,) = [line for line in screen(rows, width).splitlines() if "RuntimeError" in line]
        assert (told in line, line.count("…"), "..." in line) == (True, int(width < 100), False), line


def test_numbers_keep_as_many_digits_as_tell_them_apart() -> None:
    assert rounded(["0.123456", "0.2", "1234567", "inf", "nan", "adam"]) == [
        "0.1235",
        "0.2",
        "1234567",
        "inf",
        "nan",
        "adam",
    ]
    assert rounded(["0.123456", "0.123457"]) == ["0.123456", "0.123457"]
    assert rounded(["0.0010001", "0.001"]) == ["0.0010001", "0.001"]


def test_headings_lose_what_they_can_do_without_and_are_stacked_at_their_joints() -> None:
    assert short_titles(["model.lr", "optim.lr", "optim.wd", "..odd"]) == ["model.lr", "optim.lr", "wd", "..odd"]
    assert stacked("optimizer.schedule.warmup_steps", 8) == ["optimizer.", "schedule.", "warmup_steps"]
    assert stacked("lr", 8) == ["lr"]


def test_a_row_that_cannot_be_a_line_becomes_a_record_and_loses_nothing() -> None:
    table = Table([Column("NAME", form=TEXT, bare=True), *(Column(f"metric_{at}", form=NUMBER) for at in range(5))])
    table.add("the_whole_name_of_a_trial", *(f"0.{at}2345" for at in range(5)))
    table.add("another", *("" for _ in range(5)))
    assert table.rich(40).plain.splitlines() == [
        "the_whole_name_of_a_trial",
        "  metric_0 0.02345  metric_1 0.12345",
        "  metric_2 0.22345  metric_3 0.32345",
        "  metric_4 0.42345",
        "another",
    ]


def test_a_text_that_wraps_is_broken_between_words_and_a_path_at_its_slashes() -> None:
    table = Table([Column("KEY"), Column("VALUE")])
    table.add("path", "/home/user/experiments/vision/checkpoints/final")
    table.add("why", "the loss is not finite since step 120")
    lines = table.rich(30).plain.splitlines()[1:]
    assert [line.rstrip() for line in lines] == [
        "path  /home/user/experiments/",
        "      vision/checkpoints/final",
        "why   the loss is not finite",
        "      since step 120",
    ]


def test_what_varies_comes_before_what_only_some_trials_lack() -> None:
    rows = [trial(number, f"run{number}", {"batch": 32, "lr": number / 10}, {"val.acc": 0.5}) for number in range(3)]
    rows += [trial(number, "other", {}, {}) for number in (3, 4)]
    assert telling_params(rows, ["batch", "lr"]).main == ["lr", "batch"]


def test_one_trial_without_parameters_hides_neither_what_tells_the_others_apart_nor_metrics() -> None:
    rows = [trial(0, "killed", {"lr": 0.5}, {"val.loss": 3.0})]
    for number in range(1, 13):
        chosen = {"lr": 0.1 / (1 + number % 3), "optimizer": "adamw", "layers": number}
        rows.append(trial(number, "net", nested(chosen), {"val.loss": 1 / number}))
    names = differing_params(rows)
    assert telling_params(rows, names).main == ["lr", "layers"]
    assert set(telling_params(rows[:2], names).main) > {"lr"}
    groups = GroupedComparison(grouped(rows, names, "last"), ComparisonOptions())
    console = Console(file=io.StringIO(), width=40, color_system=None)
    console.print(groups.rich(40))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for number in range(1, 13):
        assert is_told(1 / number, shown)
    assert "layers" in shown.splitlines()[0]
    assert "optimizer" not in shown
