"""What an upload says: where trials went, also where nobody asked for it, and a summary."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from aimd_core.upload import Uploaded
from aimd_core.upload.refusals import Refusal
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.v1_server import DeployedTestServer


@pytest.fixture(params=["version 2", "version 1"])
def server(request: pytest.FixtureRequest, home: Home) -> object:
    """A server in each protocol, signed in to."""
    if request.param == "version 2":
        yield request.getfixturevalue("signed_in")
        return
    with DeployedTestServer() as deployed:
        home.write_config(f"aimd_host: {deployed.url}\napi_key: {deployed.key}\n")
        yield deployed


def record(name: str = "cnn", folder: str | None = None) -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name, folder_path=folder, capture_output=False)
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    return trial


@pytest.mark.parametrize("options", [["-P", "no/where"], ["-I", "7d9c3b52-58c1-4d0e-9f41-0d5b1a1f2c11"]])
def test_a_folder_that_was_typed_must_exist(home: Home, server: object, options: list[str]) -> None:
    record()
    ran = home.aimd("trial", "upload", "cnn", *options)
    assert (ran.code, options[1] in ran.err, "-m" in ran.err) == (3, True, True)
    assert home.aimd("trial", "upload", "cnn", "--check").code != 0
    assert home.aimd("trial", "upload", "cnn", "-P", "no/where", "-m").table[0]["folder"] == "/no/where"
    assert home.aimd("trial", "upload", "cnn", *options).table[0]["outcome"] == "unchanged"


def test_a_folder_that_a_trial_asks_for_may_be_missing_and_that_is_said(home: Home, server: object) -> None:
    record(folder="no/where")
    record("other")
    ran = home.aimd("trial", "upload", "-d", ".")
    assert {row["folder"] for row in ran.table} == {"/default"}
    assert [line.split(" went to ")[1][:8] for line in ran.err.splitlines() if "WARNING" in line] == ["/default"]


@pytest.mark.parametrize(
    "options", [["-P", "b/c"], ["-P", "b/c", "-m"], ["-I", "7d9c3b52-58c1-4d0e-9f41-0d5b1a1f2c11"]]
)
def test_a_folder_that_is_typed_for_a_trial_that_is_there_moves_nothing_and_that_is_said(
    home: Home, server: object, options: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    trial = record()
    record("other")
    assert home.aimd("trial", "upload", "-d", ".", "-P", "a", "-m").code == 0
    for words in (["cnn"], ["cnn", "--dry-run"], ["cnn", "--follow"], ["-d", "."]):  # the last asks for many at once
        ran = home.aimd("trial", "upload", *words, *options)
        assert (ran.code, {row["folder"] for row in ran.table}) == (0, {"/a"}), (words, ran.err)
        assert ran.err.count(f"WARNING: not moved to {options[1]}: ") == 1, ran.err
        assert all(options[1] in row["note"] for row in ran.table)
    assert "WARNING" not in home.aimd("trial", "upload", "cnn", "-P", "/a//").err
    if not isinstance(server, DeployedTestServer):  # the advice helps
        assert home.aimd("trial", "mv", "--remote", trial.id, "b/c", "-m").code == 0
        assert "WARNING" not in home.aimd("trial", "upload", "cnn", "-P", "b/c").err
        assert home.aimd("trial", "mv", "--remote", trial.id, "a").code == 0
    capfd.readouterr()
    trial.upload(**{"-P": {"folder_path": "b/c"}, "-I": {"folder_id": options[1]}}[options[0]])
    assert f"stays in /a: an upload does not move it to {options[1]}" in capfd.readouterr().err
    trial.upload(folder_path="a")
    assert "WARNING" not in capfd.readouterr().err


@pytest.mark.parametrize("columns", [50, 100, 160])
def test_a_person_reads_the_warning_at_any_width(home: Home, signed_in: Account, columns: int) -> None:
    record(folder="no/where")
    shown = home.aimd_terminal("trial", "upload", "cnn", columns=columns, NO_COLOR="1")
    assert "WARNING: cnn_" in shown


def test_the_sdk_warns_of_it_and_says_where_the_trial_is(
    home: Home, server: object, capfd: pytest.CaptureFixture[str]
) -> None:
    for folder, warned in (("no/where", True), (None, False)):
        trial = record(folder=folder)
        capfd.readouterr()
        uploaded = trial.upload()
        said = capfd.readouterr().err
        assert uploaded is not None
        assert ("WARNING" in said) == warned
        assert uploaded.address in said.splitlines()[-1]
        assert uploaded.address.endswith(f"/web/#/trials/{trial.id}/")
        assert repr(uploaded).startswith("<Uploaded created: cnn")
        assert uploaded.address in repr(uploaded)
        assert f'<a href="{uploaded.address}" ' in uploaded._repr_html_()


def test_a_notebook_shows_text_of_a_server_as_text() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    folder = {"path": hostile, "fallback": False}
    uploaded = Uploaded({"outcome": "created", "id": "1", "name": hostile, "folder": folder})
    uploaded.address = 'javascript:alert("x")'
    uploaded.refusals = [Refusal(hostile, hostile)]
    shown = uploaded._repr_html_()
    assert "<script>" not in shown
    assert "javascript:" not in shown
    uploaded.address = 'https://host/"onload="x'
    assert '"onload' not in uploaded._repr_html_()


def spoil(home: Home) -> None:
    (bad,) = home.work.glob(".aimd/trials/bad_*")
    (bad / "metadata.yaml").write_text("{ not yaml")


def test_where_nothing_arrived_there_is_nothing_to_see(home: Home, signed_in: Account) -> None:
    for name in ("a", "b"):
        path = home.work / ".aimd/trials" / record(name).alternative_name / "metadata.yaml"
        path.write_text("{ not yaml")
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ("2 failed; 0 B sent" in ran.err.splitlines(), "See:" in ran.err) == (True, False), ran.err


def test_the_summary_counts_every_outcome(home: Home, server: object) -> None:
    summaries: list[Callable[[str], bool]] = [
        lambda line: line.startswith("2 created; ") and "sent. See: http" in line,
        lambda line: line.startswith("2 unchanged; 0 B sent. See: http"),
    ]
    record("a")
    record("b")
    for is_right in summaries:
        ran = home.aimd("trial", "upload", "-d", ".")
        assert is_right(ran.err.splitlines()[-1]), ran.err
    address = ran.err.split()[-1]
    assert address.endswith("/t9k/experiment/web/")
    if not isinstance(server, DeployedTestServer):
        assert httpx.get(address, verify=False).status_code == 200
    record("bad")
    spoil(home)
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    assert any(line.startswith("2 unchanged, 1 failed; ") for line in ran.err.splitlines()), ran.err
    assert "2 unchanged, 1 failed; " in home.aimd("relay", ".", "--once").err


def test_files_that_stay_here_are_named(home: Home, server: object) -> None:
    trial = record()
    for name in ("model.pt", "a.txt", "b.txt", "c.txt"):
        (home.work / ".aimd/trials" / trial.alternative_name / name).write_text("x")
    for _ in range(2):
        (row,) = home.aimd("trial", "upload", "cnn").table
        assert row["note"] == "4 other files stay here: a.txt, b.txt, c.txt, ..."
    names = ["a.txt", "b.txt", "c.txt", "model.pt"]
    assert home.aimd("trial", "upload", "cnn", "--json").json["uploads"][0]["left_behind"] == names
    (row,) = home.aimd("trial", "upload", "cnn", "--check").table
    assert row["note"] == f"4 other files stay here: {', '.join(names)}"
    (home.work / ".aimd/trials" / trial.alternative_name / "parameters.yaml").write_text("lr: 1\n")
    check = home.aimd("trial", "upload", "cnn", "--check")
    assert check.code == 1
    assert ", ".join(names) in check.err


def test_a_script_that_uploads_is_told_of_files_that_stay_here(
    home: Home, server: object, capfd: pytest.CaptureFixture[str]
) -> None:
    trial = record()
    (home.work / ".aimd/trials" / trial.alternative_name / "model.pt").write_text("x")
    trial.upload()
    assert "1 other file stays here: model.pt" in capfd.readouterr().err


def test_the_advice_after_a_changed_journal_is_not_to_run_it_again(home: Home, signed_in: Account) -> None:
    record("good")
    changed = record("changed")
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    metrics = home.work / ".aimd/trials" / changed.alternative_name / "metrics"
    metrics.write_bytes(metrics.read_bytes()[:-9])
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    assert "Run the same command again" not in ran.err
    assert f"aimd trial upload -p .aimd/trials/{changed.alternative_name} --overwrite" in ran.err


def test_overwriting_keeps_the_place_the_name_and_the_labels(home: Home, signed_in: Account) -> None:
    trial = record(folder="images")
    assert home.aimd("trial", "upload", "-d", ".", "-P", "images", "-m").code == 0
    base = f"{signed_in.url}/apis/v2/trials"
    with httpx.Client(headers={"Authorization": f"Bearer {signed_in.key}"}, trust_env=False, verify=False) as http:
        http.patch(f"{base}/{trial.id}", json={"name": "best", "tags": ["a"], "note": "keep"})
        metrics = home.work / ".aimd/trials" / trial.alternative_name / "metrics"
        metrics.write_bytes(metrics.read_bytes() * 2)
        metrics.write_bytes(metrics.read_bytes()[5:])
        assert home.aimd("trial", "upload", "-d", ".").code == 1
        ran = home.aimd("trial", "upload", "-d", ".", "--overwrite")
        assert ran.code == 0, ran.err
        shown = http.get(f"{base}/{trial.id}").json()
        assert [shown[name] for name in ("name", "tags", "note")] == ["best", ["a"], "keep"]
        assert shown["folder"]["path"] == "/images"
        assert http.get(f"{base}/{trial.id}/files/metrics").content == metrics.read_bytes()
    assert home.aimd("trial", "upload", "-d", ".", "--check").code == 0
