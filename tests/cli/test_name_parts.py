"""Names of a sweep in a column: different ones stay different as long as there is room for what tells them apart."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aimd_cli.views.name_parts import TELLS, name_family
from aimd_cli.views.shortening import shortened
from t9k import aimd
from tests.support.home import Home

FIXTURE = Path(__file__).parents[1] / "fixtures" / "name_parts.json"
WORDS = st.sampled_from(["resnet50", "augmix", "bs256", "cosine", "adamw", "数据集A", "nodecay", "v2"])
SLOTS = st.lists(
    st.sampled_from(["lr0.1", "lr0.01", "wd1e-4", "wd5e-4", "seed0", "seed1", "深度3"]), min_size=2, max_size=4
)


@st.composite
def sweeps(draw: st.DrawFn) -> list[str]:
    """Return the names of some trials of a sweep over some parameters, with words between them."""
    slots = draw(st.lists(SLOTS, min_size=1, max_size=3))
    between = [draw(st.lists(WORDS, max_size=3)) for _ in range(len(slots) + 1)]
    sign = draw(st.sampled_from("_-/ "))
    names = []
    for values in itertools.product(*slots):
        pieces = itertools.chain.from_iterable([*words, value] for words, value in zip(between, values, strict=False))
        names.append(sign.join([*pieces, *between[-1]]))
    return draw(st.lists(st.sampled_from(names), min_size=2, max_size=12, unique=True))


def least(names: list[str]) -> int:
    """Return the cells in which what tells names apart has room, and so have names that have no parts."""
    family = name_family(names)
    texts = [
        "".join(text if rank == TELLS else "…" for text, rank in family.get(name, [(name, TELLS)])) for name in names
    ]
    return max(cell_len(re.sub("…+", "…", text)) for text in texts)


@given(
    st.one_of(sweeps(), st.lists(st.text("ab_-1你", max_size=30), min_size=2, max_size=8, unique=True)),
    st.integers(8, 60),
)
def test_names_of_a_sweep_stay_different_where_they_have_room(names: list[str], width: int) -> None:
    shown = shortened(names, width)
    assert all(cell_len(text) <= width for text in shown)
    assert all(text == name for text, name in zip(shown, names, strict=True) if cell_len(name) <= width)
    family = name_family(names)
    assert all("".join(text for text, _ in parts) == name for name, parts in family.items())
    if least(names) <= width:
        assert len(set(shown)) == len(set(names)), (width, shown)


def test_the_console_finds_the_same_parts() -> None:
    for row in json.loads(FIXTURE.read_text(encoding="utf-8")):
        parts = {name: [list(part) for part in told] for name, told in name_family(row["names"]).items()}
        assert parts == row["parts"]


def test_a_list_of_a_sweep_tells_its_trials_apart_at_80_columns(home: Home) -> None:
    values = list(itertools.product((0.1, 0.01), ("1e-4", "5e-4"), range(5)))
    for lr, decay, seed in values:
        trial = aimd.create_trial(trial_name=f"resnet50_augmix_lr{lr}_bs256_wd{decay}_cosine_adamw_seed{seed}")
        trial.params.update({"lr": lr, "decay": decay, "seed": seed})
        trial.log("val", {"acc": lr}, 1)
        trial.finish()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", home.aimd_terminal("trial", "ls", columns=80))
    names = re.findall(r"\S*…\S*seed\d", shown)
    assert len(set(names)) == len(values), shown
