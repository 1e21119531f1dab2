"""A place that is not there is an error that names it, whichever command it is given to, and nothing is made."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home

if TYPE_CHECKING:
    from scripts.command_tree import Node

ROOT = Path(__file__).parents[2]
# What a command needs besides the place, for it to come so far as to look there; without an entry, a trial.
WORDS = {
    "artifact alias": ["run0", "best"],
    "artifact diff": ["run0", "model"],
    "artifact ls": [],
    "du": [],
    "folder note": [],
    "folder report": [],
    "gc": [],
    "trial check": ["run0", "val.acc > 0.5"],
    "trial compare": ["run0", "run1"],
    "trial ls": [],
    "trial mv": ["run0", "elsewhere"],
    "trial note": ["run0", "fine"],
    "trial rename": ["run0", "run1"],
    "trial rm": ["run0", "-y"],
    "trial tag": ["run0", "good"],
    "trial trash empty": ["-y"],
    "trial trash ls": [],
    "trial views ls": [],
    "trial views push": ["team:/", "night"],
    "trial views pull": ["team:/", "night"],
    "trial views rm": ["night"],
    "trial views save": ["night", "val.acc > 0.5"],
}
# Whose DIR is where something is put, which they make.
TARGETS = {"artifact download", "trial import"}
# A folder may be gone of which there are trials in the trash.
TRASH = {"trial trash ls", "trial trash empty"}
PLACES = ("nodir", "nodir/", "./nodir", "team:/nope", "nobody:/vision")
NAMES = ("nodir/", "nodir/run0", "team:/nope/run0", "team:/nope/", "nobody:/vision/run0")


@cache
def _nodes() -> dict[str, Node]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from command_tree import walk
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    return {" ".join(node.words[1:]): node for node in walk() if not node.children}


def _that_take(value: str) -> list[str]:
    """Return the commands with an argument that is called so in help, or with an option of that name."""
    return sorted(
        name
        for name, node in _nodes().items()
        for parameter in node.parameters
        if value in parameter.names or (not parameter.is_option and parameter.value.strip("[").startswith(value))
    )


WITH_DIRECTORY = [name for name in _that_take("--dir") if name not in TARGETS]
WITH_PATH = [name for name in _that_take("PATH") if name in {"artifact ls", "trial ls"}]  # top needs a terminal
WITH_NAME = [*_that_take("TRIAL"), *_that_take("ARTIFACT")]


@pytest.fixture
def before(home: Home, signed_in: Account) -> dict[str, bytes]:
    """One trial in the working directory and a view on the server; return every file that there is here."""
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    assert home.aimd("trial", "views", "save", "night", "val.acc > 0.5", "-d", "team:/").code == 0
    with aimd.create_trial(trial_name="run0") as trial:
        trial.log("val", {"acc": 0.5}, step=0)
    return _files(home)


def _files(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.work)): path.read_bytes() if path.is_file() else b""
        for path in home.work.rglob("*")
        if "cache" not in path.name
    }


def test_the_commands_that_take_a_place_are_found() -> None:
    assert set(WORDS) <= {*WITH_DIRECTORY, *WITH_PATH, *WITH_NAME}
    assert {"trial describe", "trial baseline", "trial views save", "du"} <= set(WITH_DIRECTORY)
    assert WITH_PATH == ["artifact ls", "trial ls"]
    assert {"trial describe", "trial mv", "trial download", "artifact alias"} <= set(WITH_NAME)


@pytest.mark.parametrize("command", [*WITH_DIRECTORY, *WITH_PATH])
def test_a_directory_that_is_not_there(command: str, home: Home, before: dict[str, bytes]) -> None:
    for place in PLACES:
        if (place == "team:/nope" and command in TRASH) or (place, command) == ("nodir", "trial ls"):  # a query there
            continue
        words = [*WORDS.get(command, ["run0"]), *(["-d"] if command in WITH_DIRECTORY else []), place]
        ran = home.aimd(*command.split(), *words)
        assert (ran.code in (2, 3), ran.out) == (True, ""), (place, ran)
        assert place.strip("./").removeprefix("team:/").partition(":")[0] in ran.err, (place, ran)
        assert _files(home) == before, place


@pytest.mark.parametrize("command", WITH_NAME)
def test_a_name_in_a_place_that_is_not_there(command: str, home: Home, before: dict[str, bytes]) -> None:
    for place in NAMES:
        ran = home.aimd(*command.split(), *(place if word == "run0" else word for word in WORDS.get(command, ["run0"])))
        assert (ran.code in (2, 3), ran.out) == (True, ""), (place, ran)
        assert _files(home) == before, place
