"""Uploads to a server that shares no code with ours and knows version 1 only."""

from collections.abc import Iterator

import pytest

from t9k import aimd
from tests.support.home import Home
from tests.support.v1_server import DeployedTestServer


@pytest.fixture
def deployed(home: Home) -> Iterator[DeployedTestServer]:
    with DeployedTestServer() as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {server.key}\n")
        yield server


def record(points: int) -> aimd.Trial:
    trial = aimd.create_trial(trial_name="cnn", folder_path="image/mnist", make_folder=True)
    trial.params.update({"lr": 0.1})
    for step in range(points):
        trial.log("train", {"loss": 1.0 / (step + 1)}, step=step)
    return trial


def test_points_parameters_and_folders_arrive_and_a_second_upload_appends_what_is_missing(
    home: Home, deployed: DeployedTestServer
) -> None:
    trial = record(5)
    assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "created"
    trial.log("train", {"loss": float("inf"), "acc": 1.0}, step=5)
    trial.log("val", {"acc": 0.5}, step=5)
    assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "updated"
    trial.finish()
    assert home.aimd("trial", "upload", "cnn").code == 0
    points = deployed.model.points[trial.id]
    assert [point["sequence"]["step"] for point in points["train"]] == [0, 1, 2, 3, 4, 5]
    assert points["train"][5]["value"] == {"acc": 1.0}
    assert len(points["val"]) == 1
    assert deployed.model.parameters[trial.id] == {"lr": 0.1}
    assert deployed.model.trials[trial.id]["status"] == "Succeeded"
    assert {one["metadata"]["name"] for one in deployed.model.folders.values()} == {"image", "mnist"}
    deployed.requests.clear()
    assert home.aimd("trial", "upload", "cnn").table[0]["outcome"] == "unchanged"
    assert home.aimd("trial", "upload", "cnn", "--check").code == 0
    assert {line.partition(" ")[0] for line in deployed.requests} == {"GET"}


@pytest.mark.parametrize(("strategy", "code"), [("new", 0), ("skip", 0), ("error", 1), ("replace", 0)])
def test_a_taken_name_is_met_as_the_strategy_says(
    home: Home, deployed: DeployedTestServer, strategy: str, code: int
) -> None:
    first, second = record(1), record(2)
    home.aimd("trial", "upload", "-p", first.path)
    assert home.aimd("trial", "upload", "-p", second.path, "-c", strategy).code == code
    kept = set(deployed.model.trials)
    assert (first.id in kept, second.id in kept) == (strategy != "replace", strategy in ("new", "replace"))


def test_points_of_somebody_else_are_reported_and_nothing_is_appended(home: Home, deployed: DeployedTestServer) -> None:
    trial = record(3)
    home.aimd("trial", "upload", "cnn")
    deployed.model.points[trial.id]["train"][1]["value"] = {"loss": 9.0}
    ran = home.aimd("trial", "upload", "cnn")
    assert ran.code == 1
    assert "nothing was overwritten" in ran.err
    assert "--overwrite" in ran.err
    assert len(deployed.model.points[trial.id]["train"]) == 3
    assert "--overwrite" in home.aimd("trial", "upload", "cnn", "--check").err
    assert home.aimd("trial", "upload", "cnn", "--overwrite").code == 0
    assert home.aimd("trial", "upload", "cnn", "--check").code == 0


def test_a_wrong_key_is_said_and_is_in_no_message(home: Home, deployed: DeployedTestServer) -> None:
    record(1)
    wrong = "123e4567-e89b-12d3-a456-426614174000"
    home.write_config(f"aimd_host: {deployed.url}\napi_key: {wrong}\n")
    ran = home.aimd("trial", "upload", "cnn")
    assert ran.code == 4
    assert wrong not in ran.err
