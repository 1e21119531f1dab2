"""Every command of `aimd server` takes the settings that `start` takes, from options, the environment and files.

The commands come from the command tree and the settings from their table, so a new one of either is tested, too.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aimd_cli.commands.server import GROUP
from aimd_cli.tree import CommandGroup
from aimd_server.settings import SETTINGS
from tests.support.home import Home

pytestmark = pytest.mark.sqlite
NOBODY = "postgresql://aimd@127.0.0.1:1/nothing"  # where nothing listens
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "backup": ("b.db",),
    "restore": ("b.db",),
    "migrate": ("--to", "elsewhere"),
    "user add": ("mei",),
    "user rm": ("lin", "--yes"),
    "user": ("lin",),
    "key create": ("--user", "lin"),
    "key revoke": ("1",),
    "quota set": ("lin", "5GB"),
    "quota rm": ("lin",),
    "group": ("team",),
    "group join": ("team", "lin"),
    "group leave": ("team", "lin"),
}
NO_ARGUMENTS = ("start", "status", "check", "user ls", "key ls", "group ls", "quota ls")
# A value that each setting refuses, and one for those that say where the data is.
WRONG: Mapping[str, Any] = {
    "host": "",
    "port": 70_000,
    "allowed_hosts": 3,
    "trusted_proxies": 3,
    "database": "sqlite:///x",
    "blobs": "ftp://x",
    "blobs_public_endpoint": "ftp://x",
    "base_path": "../x",
    "trash_days": 0,
    "log_format": "xml",
    "log_level": "loud",
}


def commands(group: CommandGroup = GROUP, above: str = "") -> Iterator[str]:
    for name, entry in group.commands.items():
        if isinstance(entry, CommandGroup):
            yield from commands(entry, f"{above}{name} ")
        else:
            yield f"{above}{name}"


COMMANDS = list(commands())


def words(command: str) -> list[str]:
    own = () if command in NO_ARGUMENTS else ARGUMENTS.get(command) or ARGUMENTS[command.split()[0]]
    return ["server", *command.split(), *own]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server with one user, made once, because making it takes longer than most tests here."""
    directory = tmp_path_factory.mktemp("made") / "d"
    words = ["server", "user", "add", "lin", "--data-dir", str(directory)]
    subprocess.run([sys.executable, "-m", "aimd_cli", *words], check=True, capture_output=True)
    return directory


@pytest.fixture
def data_dir(home: Home, made: Path) -> Path:
    shutil.copytree(made, home.path / "d")
    (home.work / "b.db").write_bytes(b"")
    return home.path / "d"


def set_up(way: str, setting: str, value: Any, home: Home, data_dir: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Set a setting in one of the ways, and return the options for it."""
    if way == "option":
        return [f"--{setting}", str(value)]
    if way == "environment":
        patch.setenv(f"AIMD_SERVER_{setting.upper()}", str(value))
        return []
    file = data_dir / "server.yaml" if way == "own file" else home.path / "other.yaml"
    file.write_text(f"{setting}: {value!r}\n")
    if way == "environment's file":
        patch.setenv("AIMD_SERVER_CONFIG", str(file))
    return ["--config", str(file)] if way == "named file" else []


WAYS = ("option", "environment", "own file", "named file", "environment's file")


def test_every_setting_has_a_value_that_it_refuses() -> None:
    assert WRONG.keys() == SETTINGS.keys()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_uses_the_database_that_is_set(
    home: Home, data_dir: Path, command: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = set_up(way, "database", NOBODY, home, data_dir, monkeypatch)
    ran = home.aimd(*words(command), "--data-dir", data_dir, *options)
    assert ran.code == (2 if command in ("backup", "restore") else 5), ran.err
    assert "127.0.0.1:1" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_uses_every_setting_it_is_given(
    home: Home, data_dir: Path, command: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, value in WRONG.items():
        if way == "option" and setting not in ("database", "blobs"):
            continue  # those are options of `start` alone: its own test
        with monkeypatch.context() as patch:
            options = set_up(way, setting, value, home, data_dir, patch)
            if way.startswith("environment") and value == 3:
                continue  # any text is a list there
            ran = home.aimd(*words(command), "--data-dir", data_dir, *options)
        assert (ran.code, "Traceback" in ran.err) == (2, False), (setting, ran.err)
        assert setting in ran.err.replace(" ", "_").replace("object_store", "blobs"), (setting, ran.err)


@pytest.mark.parametrize("setting", SETTINGS)
def test_start_takes_every_setting_as_an_option(home: Home, setting: str) -> None:
    option = {"allowed_hosts": "--allowed-host", "trusted_proxies": "--trusted-proxy"}.get(setting, f"--{setting}")
    assert f"{option.replace('_', '-')} " in home.aimd("server", "start", "--help").out


def test_a_named_file_stands_for_the_data_directorys_own(home: Home, data_dir: Path) -> None:
    (data_dir / "server.yaml").write_text(f"database: {NOBODY}\n")
    (home.path / "other.yaml").write_text("port: 0\n")
    ran = home.aimd("server", "user", "ls", "--data-dir", data_dir, "--config", home.path / "other.yaml")
    assert ran.code == 0, ran.err


def test_advice_names_the_data_it_is_about_and_runs_as_printed(home: Home) -> None:
    data_dir = home.path / "data of lin's; $(touch hacked)"
    config = home.path / "its settings.yaml"
    config.write_text("port: 0\n")
    said = home.aimd_terminal("server", "user", "add", "lin", "--data-dir", data_dir, "--config", config, columns=400)
    advice = said[said.index("aimd server key create") :].strip()
    assert home.aimd(*shlex.split(advice)[1:]).code == 0
    assert shlex.split(advice)[-4:] == ["--data-dir", str(data_dir), "--config", str(config)]
    missing = home.aimd("server", "user", "ls", "--data-dir", home.path / "no data")
    assert f"aimd server user add NAME --data-dir '{home.path / 'no data'}'" in missing.err


def test_advice_never_repeats_a_password(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimd_server.settings import command, of_data

    monkeypatch.setenv("AIMD_SERVER_DATABASE", "postgresql://aimd:open-sesame@db.example.org/aimd?password=open-sesame")
    shown = command("user add NAME", home.path, of_data(home.path))
    assert "--database postgresql://aimd@db.example.org/aimd" in shown
    assert "open-sesame" not in shown
