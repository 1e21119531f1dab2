"""What a person at a terminal sees of an upload."""

import os
from pathlib import Path

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_person_sees_why_a_trial_failed_at_any_width(home: Home, signed_in: Account, columns: int) -> None:
    for name in ("good", "bad"):
        aimd.create_trial(trial_name=name).finish()
    (bad,) = home.work.glob(".aimd/trials/bad_*")
    (bad / "metadata.yaml").write_text("{ not yaml")
    shown = " ".join(home.aimd_terminal("trial", "upload", "-d", ".", columns=columns, NO_COLOR="1").split())
    assert "is not valid YAML" in shown
    assert "1 of 2 uploads failed" in shown
    checked = " ".join(home.aimd_terminal("trial", "upload", "-d", ".", "--check", columns=columns).split())
    assert "1 of 2 trials are not the same" in checked
    assert "is not valid YAML" in checked


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_person_sees_what_stays_here_at_any_width(home: Home, signed_in: Account, columns: int) -> None:
    (home.work / ".aimdignore").write_text("*.tmp\n")
    trial = aimd.create_trial(trial_name="a" * 20)
    trial.finish()
    (trial.path / "files").mkdir()
    (trial.path / "files" / "scratch.tmp").write_text("x")
    (trial.path / "forgotten.txt").write_text("x")
    for words in ([], [], ["--check"]):
        shown = " ".join(home.aimd_terminal("trial", "upload", "aaa", *words, columns=columns, NO_COLOR="1").split())
        assert shown.count("forgotten.txt") == 1
        assert "1 other file stays here" in shown
        assert "left out by .aimdignore: 1 file" in shown
    (trial.path / "parameters.yaml").write_text("lr: 1\n")
    shown = " ".join(home.aimd_terminal("trial", "upload", "aaa", "--check", columns=columns, NO_COLOR="1").split())
    assert "parameters.yaml" in shown
    assert "1 other file stays here: forgotten.txt; left out by .aimdignore: 1 file" in shown


@pytest.mark.parametrize("speaks", ["en", "zh"])
def test_a_person_sees_each_file_that_cannot_be_sent_with_the_reason_in_their_language(
    home: Home, signed_in: Account, speaks: str
) -> None:
    trial = aimd.create_trial(trial_name="cnn")
    trial.finish()
    files = trial.path / "files"
    files.mkdir()
    for number in range(9):
        (files / f"link{number}").symlink_to("/etc/passwd")
    Path(os.fsdecode(os.fsencode(files) + b"/\xff")).write_text("not UTF-8")
    reasons = {
        "en": ("is a link, which is not followed", "it is not valid Unicode"),
        "zh": ("是链接，不会读取其指向的内容", "不是有效的 Unicode"),
    }
    for words in (["trial", "upload", "cnn"], ["trial", "upload", "cnn", "--check"], ["trial", "files", "cnn"]):
        shown = home.aimd_terminal(*words, columns=200, NO_COLOR="1", AIMD_LANG=speaks)
        for language, (link, name) in reasons.items():
            assert (link in shown, name in shown) == (language == speaks, language == speaks), (words, language)
        assert all(f"files/link{number}" in shown for number in range(9)), words
