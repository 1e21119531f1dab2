"""Long names of a sweep wherever they are cut: whole for who copies or hears them, different for who sees them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.world import folder_id, record_trial
from tests.server.api import User

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VALUES = (("lr0.1", "lr0.01"), ("wd1e-4", "wd5e-4"), ("seed0", "seed1", "seed2"))
# What is seen of each name: its parts that are there whole, and `…` for those that are cut.
_SEEN = """(names) => names.map((name) => [...name.querySelectorAll('.both > *')].map((part) => {
  const text = part.dataset.text ?? part.firstChild.data;
  return part.scrollWidth > part.clientWidth + 1 ? '…' : text;
}).join('').replace(/…+/g, '…'))"""


def seen(names: Locator) -> list[str]:
    """Return what is seen of names that are cut."""
    shown: list[str] = names.evaluate_all(_SEEN)
    return shown


def test_names_of_a_sweep_are_told_apart_wherever_they_are_cut(window: Window, person: User) -> None:
    names = [
        f"resnet50_augmix_{lr}_bs256_{decay}_cosine_adamw_nesterov_{seed}"
        for lr, decay, seed in itertools.product(*VALUES)
    ]
    ids = [record_trial(person, name, lr=at, width=at * 2, depth=at).id for at, name in enumerate(names)]
    place = folder_id(person, "/vision/mnist")
    console = Console(window(person))
    cells = console.page.locator("table.trials td.name a")
    for width in (0, 230, 290, 420):  # at first as wide as the list makes it beside its other columns
        console.folder(place, show="list", **({"widths": f"name:{width}"} if width else {}))
        expect(cells).to_have_count(len(names))
        parts = seen(cells)
        assert len(set(parts)) == len(names), (width, parts)
        assert sorted(cells.all_inner_texts()) == sorted(names)
        assert console.link(names[0]).count() == 1  # as it is read out
    console.compare(*ids)
    legend = console.page.locator("[data-line] a")
    expect(legend).to_have_count(len(names))
    assert len(set(seen(legend))) == len(names)
    console.go(f"#/compare?trials={','.join(ids)}&tab=parameters")
    heads = console.page.locator(".differences thead a")
    expect(heads).to_have_count(len(names))
    assert len(set(seen(heads))) == len(names)


def test_a_list_beside_its_charts_is_as_wide_as_its_columns(window: Window, person: User) -> None:
    for at in range(3):
        record_trial(person, f"cnn_augmented_lr0.{at}_w32", lr=at, width=at * 2, depth=at)
    console = Console(window(person, viewport={"width": 3840, "height": 900}))
    console.folder(folder_id(person, "/vision/mnist"), show="both")
    expect(console.page.locator(".line-mark")).to_have_count(3)
    box = console.page.locator(".table-box")
    assert box.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0


def test_on_a_phone_a_name_in_the_trash_is_read_in_words_not_in_letters(window: Window, person: User) -> None:
    gone = record_trial(person, "cnn_augmented_again").id
    assert person.v2("DELETE", f"/trials/{gone}").status_code == 204
    console = Console(window(person, viewport={"width": 390, "height": 844})).go("#/trash/")
    name = console.page.get_by_role("rowheader", name="cnn_augmented_again")
    expect(name).to_be_visible()
    assert name.evaluate("(cell) => cell.clientWidth") > 100
    assert console.page.evaluate("document.documentElement.scrollWidth") <= 390
