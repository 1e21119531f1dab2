"""A trial that went back, and one that was forked, as commands show them; and there and back again by a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


@pytest.fixture
def trial(home: Home) -> aimd.Trial:
    trial = aimd.create_trial(trial_name="cnn", capture_system=False, capture_output=False)
    for step in range(1, 6):
        trial.log("train", {"loss": float(step)}, step=step)
    trial.finish()
    again = aimd.load_trial(trial.path, from_step=4)
    again.log("train", {"loss": 9.0}, step=4)
    again.finish()
    return again


def test_describe_says_where_it_went_back_and_whose_points_it_starts_with(home: Home, trial: aimd.Trial) -> None:
    fork = aimd.fork_trial(trial, 3, trial_name="other", capture_output=False)
    (shown,) = home.aimd("trial", "describe", fork.alternative_name, "--json").json["trials"]
    assert shown["parent"] == {"id": trial.id, "alternative_name": trial.alternative_name, "from_step": 3}
    assert [line["kind"] for line in shown["segments"]] == ["fork"]
    assert f"{trial.alternative_name}, before step 3" in home.aimd_terminal(
        "trial", "describe", fork.alternative_name, columns=120
    )
    assert "from step 4" in home.aimd_terminal("trial", "describe", trial.alternative_name)
    values = {row["key"]: row["value"] for row in home.aimd("trial", "describe", trial.alternative_name).table}
    assert values["resumed_from_step"] == "4"


def test_all_segments_are_shown_when_they_are_asked_for(home: Home, trial: aimd.Trial) -> None:
    fork = aimd.fork_trial(trial, 3, trial_name="other", capture_output=False)
    names = (trial.alternative_name, fork.alternative_name)
    counts = {}
    for more in ((), ("--all-segments",)):
        exported = home.aimd("trial", "export", trial.alternative_name, *more).out.splitlines()[1:]
        series = home.aimd("trial", "plot", *names, "--json", *more).json["series"][-2]
        compared = home.aimd("trial", "compare", *names, "--aggregate", "max", "--json", *more).json
        counts[more] = (len(exported), series["last"], "5.0" in json.dumps(compared))
    assert counts == {(): (4, 9.0, False), ("--all-segments",): (6, 9.0, True)}


@pytest.mark.parametrize("axis", ["step", "time"])
def test_each_segment_is_a_line_of_its_own(home: Home, trial: aimd.Trial, axis: str) -> None:
    again = aimd.load_trial(trial.path, from_step=2)
    again.log("train", {"loss": 7.0}, step=2)
    again.finish()
    asked = (trial.alternative_name, "--all-segments")
    drawn = home.aimd("trial", "plot", *asked, "--x", axis, "--json").json["series"]
    values = {curve["segment"]: [value for _, value in curve["drawn"]] for curve in drawn}
    assert values == {1: [1.0, 2.0, 3.0, 4.0, 5.0], 2: [9.0], 3: [7.0]}
    assert [curve["last"] for curve in drawn] == [5.0, 9.0, 7.0]
    assert "segment 2" in home.aimd_terminal("trial", "plot", *asked)
    for more in ((), ("--wide",)):
        lines = home.aimd("trial", "export", *asked, "--format", "jsonl", *more).out.splitlines()
        assert [json.loads(line)["segment"] for line in lines] == [1] * 5 + [2, 3]
        assert "segment" not in home.aimd("trial", "export", trial.alternative_name, *more).out
    assert [point["segment"] for point in trial.history(all_segments=True)] == [1] * 5 + [2, 3]
    (only,) = home.aimd("trial", "plot", trial.alternative_name, "--json").json["series"]
    assert (only["segment"], only["points"]) == (None, 2)


def test_a_server_shows_what_counts_and_gives_every_byte_back(
    home: Home, trial: aimd.Trial, signed_in: Account, tmp_path: Path
) -> None:
    fork = aimd.fork_trial(trial, 3, trial_name="other", capture_output=False)
    fork.finish()
    headers = {"Authorization": f"Bearer {signed_in.key}"}

    def shown() -> dict[str, Any]:
        document: dict[str, Any] = httpx.get(
            f"{signed_in.url}/apis/v2/trials/{trial.id}", headers=headers, verify=False
        ).json()
        return document

    assert home.aimd("trial", "upload", "-d", ".").code == 0
    loss = shown()["metrics"]["train.loss"]
    assert (loss["last"], loss["count"], shown()["segments"][0]["from_step"]) == (9.0, 4, 4)
    again = aimd.load_trial(trial.path, from_step=2)
    again.log("train", {"loss": 7.0}, step=2)
    again.finish()
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    assert shown()["metrics"]["train.loss"]["count"] == 2
    query = {"where": f"parent = {trial.alternative_name}"}
    listed = httpx.get(f"{signed_in.url}/apis/v2/trials", params=query, headers=headers, verify=False).json()["trials"]
    assert [one["id"] for one in listed] == [fork.id]
    assert home.aimd("trial", "upload", "-d", ".", "--check").code == 0
    assert home.aimd("trial", "download", trial.id, "--to", tmp_path / "back").code == 0
    (back,) = (tmp_path / "back").rglob("segments")
    for file in ("segments", "metrics"):
        assert (back.parent / file).read_bytes() == (trial.path / file).read_bytes()
