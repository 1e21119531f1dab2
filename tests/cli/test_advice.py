"""Where an error prints a command as advice, running it helps: each is run here, as printed.

A test counts the commands in hints of the code, so that none is added without a case.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home, Ran
from tests.support.server import RunningServer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"aimd (?:\w+ ?)+.*")


def record(name: str = "cnn") -> Path:
    with aimd.create_trial(trial_name=name) as trial:
        for step in range(3):
            trial.log("train", {"loss": 1 / (step + 1)}, step=step)
    return Path(".aimd/trials") / trial.alternative_name


def shorten(home: Home) -> None:
    path = record()
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    metrics = path / "metrics"
    metrics.write_bytes(metrics.read_bytes()[:-20])


def grow(home: Home) -> None:
    path = record()
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    (path / "labels.yaml").write_text("tags: [a]\n")


def sign_out(home: Home) -> None:
    home.config.unlink()


def spoil_config(home: Home) -> None:
    home.write_config("{ not yaml")


def spoil_key(home: Home) -> None:
    home.write_config(re.sub("api_key: .*", f"api_key: {uuid.uuid4()}", home.config.read_text()))


def make_folders(home: Home) -> None:
    assert home.aimd("folder", "mk", "-p", "images/mnist").code == 0


def make_and_remove_folders(home: Home) -> None:
    make_folders(home)
    assert home.aimd("folder", "rm", "images/mnist", "-y").code == 0


def make_folders_and_record(home: Home) -> None:
    make_folders(home)
    record()


def record_and_remove(home: Home) -> None:
    record()
    assert home.aimd("trial", "rm", "cnn", "-y").code == 0


def record_elsewhere(home: Home) -> None:
    path = record()
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    shutil.rmtree(path)


def create_artifact(home: Home) -> None:
    Path("weights").write_bytes(b"1")
    aimd.create_artifact("weights", "model").add_file("weights")


def upload_artifact(home: Home) -> None:
    create_artifact(home)
    assert home.aimd("artifact", "upload", "weights", "-P", "models", "-m").code == 0


class Case(NamedTuple):
    """A command that fails, and what to do with its advice.

    Attributes:
        advice: The hint in the code, to which this is the case.
        words: The command that fails.
        prepare: What was done before.
        between: What a person does besides the advice.
        mends: Whether the command works afterwards; otherwise the advice only shows what to type.
        shows: A text in the output of the advice, if it only shows.
    """

    advice: str
    words: str
    prepare: Callable[[Home], object] = lambda _: None
    between: Callable[[Home], object] = lambda _: None
    mends: bool = True
    shows: str = ""


CASES = (
    Case("Fix the file, or move it away and run: aimd login", "trial ls --remote", spoil_config, sign_out),
    Case("Run: aimd login -H {address} -k KEY", "trial ls --remote -H {url}", sign_out),
    Case("Get a new key, then run: aimd login -H {host} -k KEY", "trial ls --remote", spoil_key),
    Case("Run: aimd login -H https://HOST/t9k/experiment/server", "login", sign_out, mends=False),
    Case("Sign in to it: aimd login -H URL", "config use {url}", sign_out),
    Case("Run: aimd trial ls", "trial describe zzz", lambda _: record(), mends=False, shows="cnn_"),
    Case("Run: aimd trial ls --remote", "trial download zzz", grow, mends=False, shows="cnn"),
    Case("Run: {command}", "trial restore zzz", record_and_remove, mends=False, shows="cnn_"),
    Case("Upload some: aimd trial upload -d .", "trial describe --remote @latest", lambda _: record()),
    Case(
        "To get it: aimd trial download {trial}",
        "trial upload remote:/default/cnn",
        record_elsewhere,
        mends=False,
    ),
    Case("Run: aimd artifact ls", "artifact describe zzz", create_artifact, mends=False, shows="weights"),
    Case(
        "Run: aimd artifact ls --remote", "artifact download models/zzz", upload_artifact, mends=False, shows="weights"
    ),
    Case("Run: aimd folder tree", "folder id zzz", make_folders, mends=False, shows="/images/mnist"),
    Case(
        "Create it with -m, or choose another: aimd folder tree",
        "trial upload -d . -P zzz",
        make_folders_and_record,
        mends=False,
        shows="/images/mnist",
    ),
    Case("Run: aimd folder ls --trash", "folder restore zzz", make_and_remove_folders, mends=False, shows="mnist"),
    Case(
        "Choose another name. To see what is there: aimd folder tree --trials",
        "folder mk images",
        make_folders,
        mends=False,
        shows="/images/mnist",
    ),
    Case("To create missing parents too: aimd folder mk -p PATH", "folder mk a/b"),
    Case("See: aimd folder ls-shares PATH", "folder unshare images/mnist zzz", make_folders, mends=False, shows="with"),
    Case(
        "If the files here are right, replace the server's: aimd trial upload -p {trial} --overwrite",
        "trial upload -d .",
        shorten,
    ),
    Case("If the files here are right, replace the server's: {command}", "trial upload -d . --check", shorten),
    Case("Bring the server up to date with: {command}", "trial upload -d . --check", grow),
    Case("Run: {command}", "trial ls -P images", make_folders, mends=False),
)
# Hints that are no errors' advice, name only a form of a command, or belong to other tests.
OTHERS = {
    "An artifact is final: bring its objects back with aimd artifact download, or upload them as a new one": "two ways",
    "Bring the server up to date with: aimd artifact upload": "without its names",
    "Run: aimd server user add {user}": "aimd server quota set of an unknown user",
    "See what differs: aimd artifact upload --check": "without its names",
    "To get it: aimd artifact download {artifact}": "tests/cli/test_artifact.py",
    "Type more of the name, or the beginning of an id, as aimd artifact ls shows it": "no command to run",
    "Delete there what nobody needs, or ask whoever runs the server for more: aimd server quota set": "somebody else's",
    "Look at it with aimd trial views ls, then save yours again": "a person decides",
    "Run: aimd trial views ls; --shared names the one that all see": "a person decides",
    "Run: aimd artifact ls, or: aimd trial ls": "two commands",
    "See it: aimd trial media TRIAL": "a form",
    "Such as remote:/vision, or team:/vision after aimd login --as team": "an example",
    "To make trials of its runs: aimd trial import {store}": "tests/cli/test_trial_stores.py",
    "To copy it: aimd trial upload, aimd trial download": "two commands, neither with its names",
    "There are: {names}; to name a server: aimd login -H URL --as NAME": "a form",
    "Add it again, or bring it back: aimd artifact download": "two ways, neither with its names",
    "For example: aimd trial views save {name} 'val.acc > 0.9'": "an example of a query",
    "There are: {names}. To save one: aimd trial views save {name} QUERY": "an example of a query",
    "Trials of several: aimd trial compare -d DIR, or import one into the other": "two ways, neither with its names",
    "Bring the server up to date with: aimd trial upload": "the default; the command always says more",
    "Type more of the name, or the beginning of an id, as aimd trial ls shows it": "no command to run",
    "Wait until it ends: aimd trial wait {name}": "tests/cli/test_trial_trash.py",
    "Copy the key again; on your own server: aimd server key create --user NAME": "an example",
    "For example: aimd login -H https://HOST/t9k/experiment/server": "an example",
    "Pass it on stdin: aimd login -H URL -k -": "a form",
    "Restore a backup: {command}": "aimd server check, in tests/server",
    "Ask whoever uploaded it to make you an editor of its folder: aimd folder share PATH USER editor": (
        "the last test of this file"
    ),
    "Change or unset it; aimd help environment explains it": "help",
    "Run: aimd login --status": "the same command with less",
    "Run: aimd config list": "needs nothing",
    "See: aimd folder share -h": "help",
    "For example: aimd trial ls -q | aimd trial verify -": "an example",
    "Without one, run: aimd trial ls --watch": "never ends",
    "Run: aimd trial describe -m -n NAME": "needs nothing",
    "Such as: aimd trial check cnn_keras 'val.acc > 0.9'": "an example",
    "For example: aimd trial tag cnn_keras baseline": "an example",
}


def advised(ran: Ran, account: Account, words: str) -> list[str]:
    """Return the words of the command that is printed as advice, with what a person fills in."""
    *_, line = [line for line in ran.err.splitlines() if COMMAND.search(line)]
    command = COMMAND.search(line)
    assert command is not None
    text = command[0].replace("https://HOST/t9k/experiment/server", "URL")
    fills = {"KEY": account.key, "URL": account.url, "PATH": words.split()[-2 if "unshare" in words else -1]}
    filled = [fills.get(word, word) for word in shlex.split(text)[1:]]
    if filled[0] == "login":
        filled += [] if "-H" in filled else ["-H", account.url]
        filled += [] if "-k" in filled else ["-k", account.key]
    return filled


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_a_command_that_is_advised_helps(home: Home, signed_in: Account, case: Case) -> None:
    case.prepare(home)
    words = case.words.format(url=signed_in.url)
    failed = home.aimd(*words.split())
    assert failed.code not in (0, 130), failed
    advice = advised(failed, signed_in, words)
    case.between(home)
    helped = home.aimd(*advice)
    assert helped.code == 0, (advice, helped.err)
    assert case.shows in helped.out
    if case.mends and advice[1:2] != ["mk"]:
        again = home.aimd(*words.split())
        assert again.code == 0, (advice, again.err)


def _hints() -> set[str]:
    """Return the texts of the code that are passed or set as hints and hold a command, except the server's own."""
    hints = set()
    for root in ("aimd_core", "aimd_cli", "t9k"):
        for file in (ROOT / root).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "hint":
                    value: ast.AST = node.value
                elif isinstance(node, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id.lower().endswith("hint") for target in node.targets
                ):
                    value = node.value
                else:
                    continue
                for part in ast.walk(value):
                    text = part.value if isinstance(part, ast.Constant) else None
                    if isinstance(text, str) and re.search(r"\baimd [a-z]|\{command\}", text):
                        hints.add(text)
    return hints


def test_every_command_in_a_hint_has_a_case() -> None:
    cases = {case.advice for case in CASES}
    hints = _hints()
    assert len(hints) > 20
    assert sorted(hints - cases - OTHERS.keys()) == []
    assert sorted(OTHERS.keys() - hints) == []
    computed = {text for text in cases - hints if "{command}" in text}
    assert sorted(cases - hints - computed) == []


def test_a_harness_of_advice_catches_one_that_leads_nowhere(
    home: Home, signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: after a changed journal the advice is to run the same command again."""
    monkeypatch.setattr("aimd_core.errors.ContentDiffersError.hint", "Run it again: aimd trial upload -d .")
    case = next(case for case in CASES if case.prepare is shorten)
    with pytest.raises(AssertionError):
        test_a_command_that_is_advised_helps(home, signed_in, case)


def test_a_trial_that_a_colleague_uploaded_is_said_and_can_be_shared(
    home: Home, signed_in: Account, running_server: RunningServer
) -> None:
    record()
    theirs = home.config.read_text()
    assert home.aimd("trial", "upload", "-d", ".", "-P", "images", "-m").code == 0
    name = f"lin-{uuid.uuid4().hex[:8]}"
    mine = theirs.replace(signed_in.key, running_server.new_user(name))
    home.write_config(mine)
    ran = home.aimd("trial", "upload", "-d", ".")
    assert (ran.code, "belongs to somebody who does not share it with you" in ran.err) == (1, True)
    home.write_config(theirs)
    advice = shlex.split(ran.err[ran.err.index("aimd folder share") :])[1:]
    assert home.aimd(*[{"PATH": "images", "USER": name}.get(word, word) for word in advice]).code == 0
    home.write_config(mine)
    assert home.aimd("trial", "upload", "-d", ".").code == 0
