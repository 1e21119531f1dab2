"""What a command does where its streams are closed or full, as under daemons and on full disks."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.support.home import Home
from tests.support.trials import write_trial

COMMANDS = {
    "--version": 0,
    "trial ls -h": 0,
    "trial ls": 0,
    "trial describe zzz": 3,
    "trial ls --remote": 0,
    "trial upload -d .": 0,
}
STREAMS = {"no stdin": "<&-", "no stdout": ">&-", "no stderr": "2>&-", "a full stderr": "2>/dev/full"}


def run(words: str, redirection: str) -> subprocess.CompletedProcess[str]:
    command = f'exec "{sys.executable}" -m aimd_cli {words} {redirection}'
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_closed_or_full_stream_changes_no_exit_code(home: Home, signed_in: Account, stream: str) -> None:
    write_trial(home.work / ".aimd/trials", trial_id=str(uuid.uuid4()), status="Succeeded")
    for words, code in COMMANDS.items():
        ran = run(words, STREAMS[stream])
        assert (ran.returncode, "Traceback" in ran.stderr) == (code, False), (words, ran.stderr)


def test_data_that_cannot_be_written_is_an_error(home: Home, signed_in: Account) -> None:
    write_trial(home.work / ".aimd/trials", trial_id=str(uuid.uuid4()), status="Succeeded")
    for words, code in COMMANDS.items():
        ran = run(words, ">/dev/full")
        assert (ran.returncode, "Traceback" in ran.stderr) == (code or 7, False), (words, ran.stderr)


def test_a_home_that_is_no_directory_is_one_without_a_config_file(
    home: Home, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trial(home.work / ".aimd/trials", trial_id=str(uuid.uuid4()), status="Succeeded")
    for name, value in (
        ("HOME", "/dev/null"),
        ("XDG_CACHE_HOME", "/dev/null"),
        ("AIMD_HOST", account.url),
        ("AIMD_API_KEY", account.key),
    ):
        monkeypatch.setenv(name, value)
    assert Path("~/.t9k").expanduser() == Path("/dev/null/.t9k")
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    assert home.aimd("trial", "ls", "--remote").code == 0
    ran = home.aimd("login", "-H", account.url, "-k", account.key)
    assert (ran.code, "/dev/null/.t9k" in ran.err) == (7, True)
