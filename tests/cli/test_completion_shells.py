"""Completion in the shells themselves: a person types, presses TAB, and looks at the line."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.home import Home
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.trials import write_trial

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "cnn_keras_261123_150327_f9by70",
    "图像 分类_261124_000001_zzz999",
    "it's $x_261124_000001_zzz999",
)
PROGRAM = f"""#!/bin/sh
exec {sys.executable} -m aimd_cli "$@"
"""
REPORTER = """#!/bin/sh
for word; do printf '[%s]' "$word"; done > "$REPORT"
"""
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], "source {root}/completions/aimd.bash"),
    "zsh": (["-f", "-i"], "fpath=({root}/completions $fpath); autoload -Uz compinit; compinit -u -D"),
    "fish": (["--no-config", "-i"], "source {root}/completions/aimd.fish"),
}


class Shell:
    """A shell in a terminal. What a line has become is learnt by running it: `aimd` then reports its words."""

    def __init__(self, name: str, home: Home, setup: str | None = None, flags: list[str] | None = None) -> None:
        options, source = SHELLS[name]
        self.report = home.path / "report"
        self.bin = home.path / "bin"
        self.bin.mkdir()
        self._program("aimd", PROGRAM)
        environment = {
            **os.environ,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "TERM": "xterm" if name == "fish" else "dumb",
            "REPORT": str(self.report),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }
        self.child = pexpect.spawn(
            name, options if flags is None else flags, env=environment, encoding="utf-8", dimensions=(50, 200)
        )
        self.child.sendline((source if setup is None else setup).format(root=ROOT) + "; echo rea''dy")
        self.child.expect("ready\r\n", timeout=PATIENCE_S)

    def _program(self, name: str, text: str) -> None:
        path = self.bin / f".{name}"
        path.write_text(text)
        path.chmod(0o755)
        path.rename(self.bin / name)

    def words(self, typed: str) -> str:
        """Type, press TAB, run the line with an `aimd` that reports its arguments, and return them."""
        asked = self.report.with_name("asked")
        self._program("aimd", f"{PROGRAM.replace('exec ', '')}touch {asked}\n")
        self.child.send(typed + "\t")
        self._wait(asked)
        self._program("aimd", REPORTER)
        self.child.send("\r")
        self._wait(self.report)
        said = self.report.read_text()
        self.report.unlink()
        asked.unlink()
        return said

    def _wait(self, path: Path) -> None:
        """Read what the shell shows until a file is there and the shell is quiet."""
        for _ in range(300):
            try:
                self.child.read_nonblocking(65536, timeout=0.2)
            except pexpect.TIMEOUT:
                if path.exists() and (path.name != "report" or path.stat().st_size):
                    return
        raise AssertionError(f"the shell did not do it: {path.name}; it shows {self.child.before!r}")

    def close(self) -> None:
        self.child.close(force=True)


@pytest.fixture(params=sorted(SHELLS))
def shell_name(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    require_part(name, shutil.which(name) is not None)
    return name


@pytest.fixture
def shell(shell_name: str, home: Home) -> Iterator[Shell]:
    for name in NAMES:
        write_trial(home.work / ".aimd" / "trials", name)
    home.write_config("aimd_host: https://alpha.example/t9k\n")
    opened = Shell(shell_name, home)
    yield opened
    opened.close()


def test_commands_values_names_and_hosts_complete(shell: Shell) -> None:
    assert shell.words("aimd conf") == "[config]"
    assert shell.words("aimd trial uplo") == "[trial][upload]"
    assert shell.words("aimd trial upload --conf") == "[trial][upload][--conflict-strategy]"
    assert shell.words("aimd trial upload --conflict-strategy=re") == "[trial][upload][--conflict-strategy=replace]"
    assert shell.words("aimd trial upload -c re") == "[trial][upload][-c][replace]"
    assert shell.words("aimd trial upload -n cn") == f"[trial][upload][-n][{NAMES[0]}]"
    assert shell.words("aimd trial upload -n 图") == f"[trial][upload][-n][{NAMES[1]}]"
    assert shell.words("aimd trial upload -n it") == f"[trial][upload][-n][{NAMES[2]}]"
    assert shell.words("aimd trial upload -n '图像 ") == f"[trial][upload][-n][{NAMES[1]}]"
    assert shell.words("aimd config use https://al") == "[config][use][https://alpha.example/t9k]"
    assert shell.words("aimd trial upload -p .aim") in ("[trial][upload][-p][.aimd/]", "[trial][upload][-p][.aimd]")


def test_what_was_installed_works_in_the_next_shell(
    shell_name: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZDOTDIR", str(home.path))
    (home.path / ".zshrc").write_text("")
    assert home.aimd("--install-completion", shell_name).code == 0
    opened = Shell(shell_name, home, setup="true", flags=["-i"])
    try:
        assert opened.words("aimd trial uplo") == "[trial][upload]"
    finally:
        opened.close()
