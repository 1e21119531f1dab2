import subprocess
import sys

import pytest

from tests.support.home import Home


def test_a_plain_sh_between_does_not_hide_the_shell_of_the_person(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")
    command = f"{sys.executable} -m aimd_cli --show-completion; exit $?"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "complete " in done.stdout
