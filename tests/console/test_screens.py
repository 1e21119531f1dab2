"""The main pages as pictures: AIMD_UPDATE_IMAGES=1 puts them into docs/images, for the README."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.console.conftest import ROOT, Window
from tests.console.pages import Console
from tests.console.world import curve, folder_id, record_trial
from tests.server.api import User

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 250_000


def save(console: Console, name: str, place: Path) -> None:
    """Take a picture and check that it shows something."""
    console.page.wait_for_timeout(400)  # what slides and fades has come to rest
    picture = console.page.screenshot(animations="disabled")
    assert 8_000 < len(picture) < MOST_BYTES, f"{name}: {len(picture)} bytes"
    folder = IMAGES if os.environ.get("AIMD_UPDATE_IMAGES") else place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"console-{name}.png").write_bytes(picture)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_main_pages_can_be_seen(window: Window, person: User, tmp_path: Path, scheme: str) -> None:
    trials = []
    for number, (rate, width) in enumerate([(0.1, 32), (0.03, 32), (0.01, 64), (0.003, 64), (0.1, 128), (0.03, 128)]):
        trial = record_trial(
            person,
            f"cnn_w{width}_{rate}",
            "image_classification/mnist",
            journal=curve(300, seed=1 + number / 3, pace=2.0 + number * 0.9),
            learning_rate=rate,
            width=width,
            optimizer="adam",
            seed=number,
        )
        trials.append(trial)
    person.v2("PATCH", f"/trials/{trials[0].id}", json={"tags": ["baseline"], "note": "The one to beat."})
    place = folder_id(person, "/image_classification/mnist")
    console = Console(window(person, color_scheme=scheme, device_scale_factor=1))
    suffix = "" if scheme == "light" else "-dark"
    console.folder(place)
    console.link(trials[0].name).wait_for()
    save(console, f"folder{suffix}", tmp_path)
    console.trial(trials[0].id)
    console.chart("loss")
    save(console, f"trial{suffix}", tmp_path)
    console.compare(*[trial.id for trial in trials])
    console.chart("loss")
    save(console, f"compare{suffix}", tmp_path)
    if scheme == "light":
        assert {path.name for path in IMAGES.glob("console-*.png")} >= {"console-folder.png", "console-compare.png"}
