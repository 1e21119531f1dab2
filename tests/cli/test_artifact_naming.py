"""Artifacts are named alike in every command, here and on servers, by whatever a screen shows of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_core.errors import UsageError
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


def _made(name: str, content: str = "alpha", aliases: list[str] | None = None) -> aimd.Artifact:
    artifact = aimd.create_artifact(name, "model", aliases=aliases)
    Path("a.txt").write_text(content)
    artifact.add_file("a.txt")
    return artifact


@pytest.fixture
def named(signed_in: Account, home: Home) -> dict[str, aimd.Artifact]:
    """Two versions of a model in a folder, and another model, on a server that is called `team`."""
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    made = {"first": _made("resnet"), "second": _made("resnet", "beta", ["best"]), "other": _made("unet", "gamma")}
    for artifact in made.values():
        sent = home.aimd("artifact", "upload", artifact.id, "-P", "models", "-m")
        assert sent.code == 0, sent.err
    return made


def _id_of(home: Home, *words: str) -> str:
    ran = home.aimd("artifact", "describe", *words, "--json")
    assert ran.code == 0, (words, ran.err)
    (row,) = ran.json["artifacts"]
    return str(row["id"])


def test_every_name_that_a_list_shows_means_that_artifact(named: dict[str, aimd.Artifact], home: Home) -> None:
    first, second = named["first"], named["second"]
    for server in ("team:", "remote:"):
        listed = home.aimd("artifact", "ls", f"{server}/models", "-d").table
        assert {(row["name"], row["version"], row["path"]) for row in listed} == {
            ("resnet", "v1", "/models/resnet"),
            ("resnet", "v2", "/models/resnet"),
            ("unet", "v1", "/models/unet"),
        }
        for row in listed:
            names = [row["id"], row["id"][:8], row["commit"][:12], f"{row['path']}:{row['version']}"]
            names += [
                f"{row['name']}:{row['version']}",
                *(f"{row['name']}:{row['aliases']}" for _ in row["aliases"][:1]),
            ]
            for name in names:
                assert _id_of(home, f"{server}{name}") == row["id"], name
    assert _id_of(home, "team:/models/res:v1") == first.id
    assert _id_of(home, "team:models/resnet") == _id_of(home, "team:res") == second.id
    for row in home.aimd("artifact", "ls", "-d").table:
        here = [
            row["id"][:8],
            row["commit"][:12],
            f"{row['name']}:{row['version']}",
            f"{row['name'][:3]}:{row['version']}",
        ]
        assert {_id_of(home, name) for name in here} == {row["id"]}


def test_one_address_serves_every_command(named: dict[str, aimd.Artifact], home: Home, tmp_path: Path) -> None:
    first, second, other = named["first"], named["second"], named["other"]
    assert home.aimd("artifact", "download", "team:/models/resnet:v1", "--to", tmp_path / "there").code == 0
    assert home.aimd("artifact", "verify", "team:/models/resnet:v1", "--remote").code == 0
    assert home.aimd("artifact", "upload", "team:/models/resnet:v1", "--check").code == 0
    diff = home.aimd("artifact", "diff", "resnet:v1", "team:/models/resnet:best", "--json").json["differences"]
    assert [(row["key"], row["change"]) for row in diff] == [("a.txt", "changed")]
    assert home.aimd("artifact", "diff", "--remote", "resnet:v2", second.id[:8], "--json").json["differences"] == []
    assert home.aimd("artifact", "alias", "team:/models/resnet:v1", "best").code == 0
    assert _id_of(home, "team:resnet:best") == first.id
    lineage = home.aimd("artifact", "lineage", f"team:{other.id[:8]}", "--json")
    assert (lineage.code, lineage.json["nodes"][0]["id"]) == (0, other.id)
    assert home.aimd("artifact", "rm", "team:/models/unet:v1", "--yes").code == 0
    assert home.aimd("artifact", "describe", "team:unet").code == 3
    assert other.path.is_dir()
    assert home.aimd("artifact", "restore", "team:unet:v1").code == 0
    assert _id_of(home, "team:unet") == other.id
    assert aimd.grab_artifact(artifact_ref="team:/models/unet:v1").id == other.id


def test_what_is_not_there_or_means_several_is_said(named: dict[str, aimd.Artifact], home: Home) -> None:
    _made("resnext")
    for words, code in (
        (["describe", "team:nothing"], 3),
        (["describe", "team:/models/nothing"], 3),
        (["describe", "team:/nowhere/resnet"], 3),
        (["describe", "team:resnet:v7"], 3),
        (["describe", "nobody:/models/resnet"], 3),
        (["describe", "res"], 2),
        (["describe", "team:/models/"], 3),
        (["rm", "team:unet", "resnext", "--yes"], 2),
        (["restore", "team:nothing"], 3),
    ):
        ran = home.aimd("artifact", *words)
        assert ran.code == code, (words, ran.err)
    home.aimd("artifact", "rm", "unet", "--yes")
    ran = home.aimd("artifact", "verify", "team:unet")
    assert ran.code == 2
    assert "aimd artifact download team:unet" in ran.err


def test_what_was_removed_is_restored_by_its_name(named: dict[str, aimd.Artifact], home: Home) -> None:
    nothing = home.aimd("artifact", "restore", "unet")
    assert (nothing.code, "No artifact is in your trash" in nothing.err) == (3, True)
    assert home.aimd("artifact", "rm", "team:unet", "team:resnet:v1", "team:resnet:v2", "--yes").code == 0
    assert home.aimd("artifact", "restore", "unet").code == 0
    several = home.aimd("artifact", "restore", "resnet")
    assert (several.code, "means several" in several.err) == (2, True)
    other = home.aimd("artifact", "restore", "nothing")
    assert (other.code, "In the trash: resnet:v1, resnet:v2" in other.err) == (3, True)
    assert home.aimd("artifact", "restore", "resnet:v1", "models/resnet:v2").code == 0
    assert len(home.aimd("artifact", "ls", "--remote").table) == 3


def test_a_name_with_a_colon_is_that_name(home: Home) -> None:
    odd, _ = _made("a:b"), _made("al")
    assert _id_of(home, "a:b") == odd.id


def test_lineage_of_a_trial_is_asked_for_by_its_address(signed_in: Account, home: Home) -> None:
    trial = aimd.create_trial(trial_name="train", capture_output=False)
    trial.mark_output(_made("resnet"))
    trial.finish()
    assert home.aimd("trial", "upload", "train").code == 0
    for words in (["remote:train"], ["train", "--remote"], ["train"]):
        assert home.aimd("artifact", "lineage", *words, "--json").json["start"] == trial.id


def test_an_artifact_that_is_there_already_is_not_moved_and_that_is_said(signed_in: Account, home: Home) -> None:
    _made("resnet")
    assert home.aimd("artifact", "upload", "resnet", "-P", "models", "-m").code == 0
    ran = home.aimd("artifact", "upload", "resnet", "-P", "other", "-m")
    assert (ran.code, ran.table[0]["outcome"], ran.table[0]["location"]) == (0, "unchanged", "/models/resnet")
    assert "not moved to other" in ran.err
    assert "not moved" not in home.aimd("artifact", "upload", "resnet", "-P", "/models/").err


@pytest.mark.parametrize("alias", ["v7", "123", "latest", "v" + "9" * 20, "a:b", ""])
def test_an_alias_that_names_a_version_is_refused_everywhere(alias: str, signed_in: Account, home: Home) -> None:
    artifact = _made("resnet")
    assert home.aimd("artifact", "alias", "resnet", alias).code == 2
    if alias not in ("latest", ""):
        with pytest.raises(UsageError, match="cannot be used"):
            aimd.create_artifact("other", "model", aliases=[alias])
    assert home.aimd("artifact", "upload", "resnet").code == 0
    refused = home.aimd("artifact", "alias", "--remote", "resnet", alias)
    assert refused.code == 2
    assert "For example: best, production" in refused.err
    for tag in ("v1", "1"):
        assert _id_of(home, f"resnet:{tag}") == _id_of(home, f"remote:resnet:{tag}") == artifact.id


def test_an_alias_that_an_upload_moves_leaves_the_version_here_that_had_it(signed_in: Account, home: Home) -> None:
    first, elsewhere = _made("resnet", aliases=["best", "paper"]), _made("unet", aliases=["best"])
    assert home.aimd("artifact", "upload", first.id, elsewhere.id, "-P", "models", "-m").code == 0
    second = _made("resnet", "beta", ["best"])
    assert home.aimd("artifact", "upload", second.id, "-P", "other", "-m").code == 0
    assert _aliases(home) == {first.id: "best, paper", second.id: "best", elsewhere.id: "best"}  # of another folder
    third = _made("resnet", "gamma", ["best"])
    assert home.aimd("artifact", "upload", third.id, "-P", "models").code == 0
    expected = {first.id: "paper", second.id: "best", third.id: "best", elsewhere.id: "best"}
    assert _aliases(home) == _aliases(home, "--remote") == expected


def _aliases(home: Home, *words: str) -> dict[str, str]:
    return {row["id"]: row["aliases"] for row in home.aimd("artifact", "ls", "-d", *words).table}


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_aliases_that_were_asked_for_are_shown_at_any_width(signed_in: Account, home: Home, columns: int) -> None:
    made = _made("a_model_with_a_rather_long_name", aliases=["best"])
    assert home.aimd("artifact", "upload", made.id, "-P", "models", "-m").code == 0
    for words in (
        ["alias", made.id, "paper"],
        ["alias", "--remote", made.id, "paper"],
        ["ls", "-d"],
        ["ls", "--remote", "-d"],
    ):
        shown = home.aimd_terminal("artifact", *words, columns=columns, NO_COLOR="1")
        assert "best, paper" in shown, words
        assert "hidden" in shown, words  # COMMIT or others, which the list says
