"""Names, differences and lineage of artifacts, here and on a server; and that a trial takes its artifacts along."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


def _artifact(name: str, content: str = "alpha", kind: str = "model") -> aimd.Artifact:
    artifact = aimd.create_artifact(name, kind)
    Path("a.txt").write_text(content)
    artifact.add_file("a.txt")
    return artifact


@pytest.fixture
def made(home: Home) -> dict[str, str]:
    """data -> prep -> clean -> train -> model -> eval, with a second model of another training."""
    ids: dict[str, str] = {}
    data, clean, model, other = (_artifact(name) for name in ("data", "clean", "model", "other"))
    ids |= {artifact.name: artifact.id for artifact in (data, clean, model, other)}
    for name, used, produced in (
        ("prep", data, clean),
        ("train", clean, model),
        ("again", clean, other),
        ("eval", model, None),
    ):
        trial = aimd.create_trial(trial_name=name, capture_git=False)
        trial.mark_input(used)
        if produced is not None:
            trial.mark_output(produced)
        trial.finish()
        ids[name] = trial.id
    return ids


def _edges(document: dict[str, object], ids: dict[str, str]) -> set[tuple[str, str]]:
    names = {uid: name for name, uid in ids.items()}
    edges = document["edges"]
    assert isinstance(edges, list)
    return {(names[edge["source"]], names[edge["target"]]) for edge in edges}


CHAIN = {("data", "prep"), ("prep", "clean"), ("clean", "train"), ("train", "model")}


def test_lineage_leads_back_and_on_over_several_steps(home: Home, made: dict[str, str]) -> None:
    shown = home.aimd("artifact", "lineage", "model", "--json").json
    assert _edges(shown, made) == CHAIN | {("model", "eval")}
    assert _edges(home.aimd("artifact", "lineage", made["clean"][:8], "--json").json, made) == CHAIN | {
        ("model", "eval"),
        ("clean", "again"),
        ("again", "other"),
    }
    assert _edges(home.aimd("artifact", "lineage", "model", "--depth", "1", "--json").json, made) == {
        ("train", "model"),
        ("model", "eval"),
    }
    assert _edges(home.aimd("artifact", "lineage", "train", "--json").json, made) == CHAIN | {("model", "eval")}
    assert home.aimd("artifact", "lineage", "nothing").code == 3


def test_lineage_is_drawn_as_a_tree_and_as_graphs(home: Home, made: dict[str, str]) -> None:
    tree = home.aimd_terminal("artifact", "lineage", "model")
    assert [word for word in ("train_", "clean", "prep_", "data", "eval_") if word not in tree] == []
    mermaid = home.aimd("artifact", "lineage", "model", "--format", "mermaid").out.splitlines()
    assert mermaid[0] == "flowchart LR"
    assert len([line for line in mermaid if "-->" in line]) == 5
    dot = home.aimd("artifact", "lineage", "model", "--format", "dot").out
    assert dot.startswith("digraph {")
    assert dot.count("->") == 5


def test_a_name_in_a_graph_is_text_and_nothing_else(home: Home) -> None:
    artifact = _artifact('x"]; end --> <script>|')
    trial = aimd.create_trial(trial_name="t", capture_git=False)
    trial.mark_output(artifact)
    trial.finish()
    mermaid = home.aimd("artifact", "lineage", artifact.id, "--format", "mermaid").out
    assert "<script>" not in mermaid
    assert mermaid.count('"') == 4
    dot = home.aimd("artifact", "lineage", artifact.id, "--format", "dot").out
    assert r"x\"]; end" in dot


def test_an_artifact_that_is_not_here_is_named_by_its_id(home: Home) -> None:
    trial = aimd.create_trial(trial_name="t", capture_git=False)
    trial.mark_input("8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60")
    trial.finish()
    (row,) = home.aimd("artifact", "lineage", trial.alternative_name).table
    assert (row["source"], row["source_id"]) == ("8d5f6a5e", "8d5f6a5e-0d3c-4f5e-9f0a-1b2c3d4e5f60")


def test_a_trial_takes_its_artifacts_along_and_lineage_is_the_same_there(
    signed_in: Account, home: Home, made: dict[str, str]
) -> None:
    sent = home.aimd("trial", "upload", "-d", ".", "-P", "chain", "-m", "--json")
    assert sent.code == 0, sent.err
    notes = {row["name"].split("_")[0]: row["note"] for row in sent.json["uploads"]}
    assert sum("uploaded with it" in note for note in notes.values()) >= 3
    rows = home.aimd("artifact", "ls", "--remote", "-P", "chain", "--json").json["artifacts"]
    assert {row["name"]: row["id"] for row in rows} == {
        name: made[name] for name in ("data", "clean", "model", "other")
    }
    there = home.aimd("artifact", "lineage", "--remote", made["model"], "--json").json
    assert _edges(there, made) == CHAIN | {("model", "eval")}
    assert home.aimd("artifact", "lineage", "--remote", "chain/model", "--json").json["nodes"][0]["name"] == "model"
    again = home.aimd("trial", "upload", "-d", ".", "--json")
    assert not [row for row in again.json["uploads"] if "uploaded with it" in row["note"]]


def test_later_checkpoints_get_later_versions(signed_in: Account, home: Home) -> None:
    with aimd.create_trial(trial_name="t", capture_git=False) as trial:
        for step in range(4):
            Path("model.pt").write_text(str(step))
            trial.checkpoint("model.pt", step, {"val.acc": step}, keep="last:4")
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    with aimd.create_trial(trial_name="other", capture_git=False) as trial:
        for step in range(4, 8):
            Path("model.pt").write_text(str(step))
            trial.checkpoint("model.pt", step, {"val.acc": step}, keep="last:4")
    assert home.aimd("artifact", "upload", "-n", trial.alternative_name, "-P", "other", "-m").code == 0
    for folder in ("default", "other"):
        rows = home.aimd("artifact", "ls", "--remote", "-P", folder, "--json").json["artifacts"]
        assert [row["version"] for row in sorted(rows, key=lambda row: row["created"])] == ["v1", "v2", "v3", "v4"]


def test_the_address_of_an_artifact_is_never_cut(signed_in: Account, home: Home) -> None:
    Path("a").write_text("a")
    artifact = aimd.create_artifact("data", "dataset")
    artifact.add_file("a")
    shown = home.aimd_terminal("artifact", "upload", "data", columns=40)
    (address,) = home.aimd("artifact", "upload", "data", "--json").json["artifacts"]
    assert address["address"] in shown


def test_a_name_whose_artifacts_were_all_removed_is_not_there(home: Home) -> None:
    aimd.create_artifact("data", "dataset")
    assert home.aimd("artifact", "rm", "data", "--yes").code == 0
    again = home.aimd("artifact", "describe", "data")
    assert (again.code, "no artifact 'data'" in again.err) == (3, True)


def test_artifacts_of_a_running_trial_stay_open(signed_in: Account, home: Home) -> None:
    artifact = _artifact("model")
    trial = aimd.create_trial(trial_name="running", capture_git=False)
    trial.mark_output(artifact)
    trial.log("train", {"loss": 1.0}, step=1)
    assert home.aimd("trial", "upload", trial.alternative_name).code == 0
    assert artifact.is_open
    trial.finish()
    trial.upload()
    assert not artifact.is_open


def test_a_broken_artifact_is_named_and_the_trial_is_there(signed_in: Account, home: Home) -> None:
    artifact = _artifact("model")
    trial = aimd.create_trial(trial_name="t", capture_git=False)
    trial.mark_output(artifact)
    trial.finish()
    Path(artifact.local_path("a.txt") or "").unlink()
    sent = home.aimd("trial", "upload", trial.alternative_name, "--json")
    assert sent.code == 8
    assert "artifact model" in sent.json["uploads"][0]["note"]
    assert home.aimd("trial", "ls", "--remote", "-q").out.split() == [trial.id]


def test_aliases_move_in_one_step_here_and_there(signed_in: Account, home: Home) -> None:
    first, second = _artifact("model"), _artifact("model", "beta")
    assert home.aimd("artifact", "alias", first.id, "best", "old").code == 0
    assert home.aimd("artifact", "alias", second.id, "best").code == 0
    assert (first.aliases, second.aliases) == (["old"], ["best"])
    for artifact in (first, second):
        artifact.upload(folder_path="a", make_folder=True)
    moved = home.aimd("artifact", "alias", "--remote", "a/model:v1", "best", "paper", "--remove", "old", "--json")
    assert moved.json["artifacts"][0]["aliases"] == ["best", "paper"]
    assert aimd.grab_artifact(artifact_ref="a/model:best").id == first.id
    rows = home.aimd("artifact", "ls", "--remote", "-d").table
    assert {row["version"]: row["aliases"] for row in rows} == {"v1": "best, paper", "v2": ""}
    for words, there in (([first.id], "old"), (["--remote", "a/model:v1"], "best")):
        told = home.aimd("artifact", "alias", *words, "--remove", "bset", "--remove", there)
        assert (told.code, told.err.count("has no alias")) == (0, 1), words
        assert "has no alias bset" in told.err
    for name in ("latest", "v3", "a/b"):
        assert home.aimd("artifact", "alias", first.id, name).code == 2
        assert home.aimd("artifact", "alias", "--remote", "a/model", name).code != 0


def test_differences_are_told_by_digest(signed_in: Account, home: Home) -> None:
    first, second = _artifact("model"), _artifact("model", "ALPHA")
    Path("b.txt").write_text("b")
    second.add_file("b.txt")
    second.add_reference("s3://bucket/x", "x")
    expected = [("a.txt", "changed"), ("b.txt", "added"), ("x", "added")]
    assert [(row["key"], row["change"]) for row in home.aimd("artifact", "diff", first.id, second.id).table] == expected
    assert home.aimd("artifact", "diff", first.id, first.id, "--json").json["differences"] == []
    for artifact in (first, second):
        artifact.upload(folder_path="a", make_folder=True)
    there = home.aimd("artifact", "diff", "--remote", "a/model:v1", "a/model:v2").table
    assert [(row["key"], row["change"]) for row in there] == expected
    digests = [
        hashlib.sha256(Path(made.local_path("a.txt") or "").read_bytes()).hexdigest() for made in (first, second)
    ]
    assert [there[0]["before_digest"], there[0]["after_digest"]] == digests
    shown = home.aimd_terminal("artifact", "diff", first.id, second.id, columns=80, NO_COLOR="1")
    assert all(digest[:12] in shown for digest in digests)  # their sizes may be equal
    assert f"Delete model:v1 {first.id} for good?" in home.aimd("artifact", "rm", first.id).err


def test_what_is_removed_there_comes_back_and_what_is_removed_here_is_gone(signed_in: Account, home: Home) -> None:
    artifact = _artifact("model")
    artifact.upload()
    assert home.aimd("artifact", "rm", "--remote", artifact.id).code == 2
    assert home.aimd("artifact", "rm", "--remote", artifact.id, "--yes").code == 0
    assert home.aimd("artifact", "download", artifact.id, "--to", "there").code == 3
    assert home.aimd("artifact", "restore", artifact.id).code == 0
    assert home.aimd("artifact", "download", artifact.id, "--to", "there").code == 0
    second = _artifact("model", "beta")
    second.upload()
    assert second.version == "v2"
    assert home.aimd("artifact", "rm", artifact.id, "--yes").code == 0
    assert [row["id"] for row in home.aimd("artifact", "ls").table] == [second.id]
    assert not artifact.path.exists()
    assert json.loads(json.dumps(home.aimd("artifact", "ls", "--json").json["artifacts"][0]["version"])) == "v2"


@pytest.mark.parametrize("options", [(), ("--remote",)])
def test_a_name_of_nothing_is_said_to_be_of_no_artifact_and_no_trial(
    signed_in: Account, home: Home, options: tuple[str, ...]
) -> None:
    _artifact("model")
    ran = home.aimd("artifact", "lineage", "nothing", *options)
    assert (ran.code, "artifact" in ran.err, "trial" in ran.err.splitlines()[0]) == (3, True, True)
