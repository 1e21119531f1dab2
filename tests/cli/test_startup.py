"""Start-up is guarded by which modules are loaded: steady, where a time would not be."""

import json
import math
import os
import subprocess
import sys
import time

import pytest
import yaml

from t9k import aimd
from tests.support.home import Home
from tests.support.server import RunningServer

COMMAND_MODULES = "aimd_cli.commands."

HEAVY = {
    "subprocess",
    "shellingham",
    "typer.completion",
    "httpx",
    "numpy",
    "pydantic",
    "asyncio",
    "importlib.metadata",
    "starlette",
    "sqlalchemy",
    "msgspec",
    "aimd_server",
}


def loaded(*words: str) -> set[str]:
    code = (
        "import sys, json\n"
        f"sys.argv = ['aimd', *{list(words)!r}]\n"
        "from aimd_cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n@@' + json.dumps(sorted(sys.modules)))\n"
    )
    narrow = {**os.environ, "COLUMNS": "79"}  # so that help is Typer's; see test_help_pages.py for what is wider
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=narrow)
    names: list[str] = json.loads(done.stdout.rpartition("@@")[2])
    return set(names)


def test_version_loads_neither_typer_nor_anything_of_weight() -> None:
    assert not (loaded("--version") - {"json", "json.decoder", "json.scanner", "json.encoder"}) & (
        HEAVY | {"typer", "rich", "yaml", "dataclasses", "inspect"}
    )


@pytest.mark.parametrize("words", [("--help",), ("trial", "--help"), ("trial", "upload", "--help")])
def test_help_loads_no_client_and_no_rich(words: tuple[str, ...]) -> None:
    assert not loaded(*words) & (HEAVY | {"rich.console", "yaml", "aimd_core.client", "aimd_core.upload"})


def commands_loaded(*words: str) -> set[str]:
    return {name.removeprefix(COMMAND_MODULES) for name in loaded(*words) if name.startswith(COMMAND_MODULES)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--help",), set()),
        (("trial", "--help"), {"trial"}),
        (("server", "user", "--help"), {"server"}),
        (("trial", "trash", "ls", "--help"), {"trial", "trial.trash"}),
        (("trial", "logs", "--help"), {"trial", "trial.logs"}),
        (("trial", "lz"), {"trial"}),
        (("tril",), set()),
        (("help", "trial", "logs"), {"help", "trial", "trial.logs"}),
        (("trial", "ls"), {"trial", "trial.ls", "trial.listing"}),
    ],
)
def test_only_the_command_that_is_called_is_loaded(home: Home, words: tuple[str, ...], expected: set[str]) -> None:
    aimd.create_trial(trial_name="t")
    assert commands_loaded(*words) == expected


def test_a_list_builds_no_other_command(home: Home) -> None:
    from aimd_cli.app import root

    application = root()
    trial = application.commands["trial"]
    trial.commands["ls"]  # type: ignore[attr-defined]
    assert set(application.commands._built) == {"trial"}  # type: ignore[attr-defined]
    assert set(trial.commands._built) == {"ls"}  # type: ignore[attr-defined]


def test_what_reads_a_server_loads_no_command_line_of_others_and_no_reader_of_directories(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunningServer(home.path / "server") as server:
        monkeypatch.setenv("AIMD_HOST", server.url)
        monkeypatch.setenv("AIMD_API_KEY", server.new_user("ann"))
        names = loaded("trial", "ls", "--remote")
        with aimd.create_trial(trial_name="run") as trial:
            trial.log("val", {"acc": 0.5}, step=1)
        assert "httpx" in loaded("trial", "upload", "run", "-P", "/")
        shown = loaded("trial", "describe", "remote:run") | loaded("trial", "plot", "remote:run")
    assert "httpx" in names & shown
    assert not shown & {"difflib", "statistics", "fractions", "aimd_core.reading.directory", "aimd_core.sources.local"}
    assert not names & {
        "httpx._main",
        "click",
        "pygments",
        "rich.console",
        "asyncio",
        "platformdirs",
        "starlette",
        "yaml",
        "anyio",
        "certifi",
        "email.message",
        "hashlib",
        "http.client",
        "http.cookiejar",
        "httpcore._async",
        "idna",
        "mimetypes",
        "random",
        "shutil",
        "tempfile",
        "urllib.request",
        "zstandard",
    }


def test_a_local_listing_loads_no_client(home: Home) -> None:
    aimd.create_trial(trial_name="t")
    assert not loaded("trial", "ls") & (HEAVY | {"aimd_core.client", "aimd_core.upload"})


LATE = {
    "difflib",
    "gettext",
    "platform",
    "shutil",
    "subprocess",
    "traceback",
    "uuid",
}  # Typer's, which a list never uses


def test_a_warm_piped_list_loads_no_yaml_no_rich_and_no_query(home: Home) -> None:
    trial = aimd.create_trial(trial_name="t")
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    for file in trial.path.iterdir():
        os.utime(file, (time.time() - 60, time.time() - 60))  # as nobody writes it any more
    loaded("trial", "ls")
    late = {"yaml", "rich.console", "aimd_core.query", "aimd_core.reading.totals"} | LATE
    assert not loaded("trial", "ls") & (HEAVY | late)


@pytest.mark.parametrize("words", [("trial", "top", "--help"), ("trial", "top"), ("trial", "ls"), ("--help",)])
def test_only_the_live_screen_loads_textual(words: tuple[str, ...], home: Home) -> None:
    assert not loaded(*words) & {"textual", "aimd_cli.screen.app"}  # piped, `top` refuses before it loads anything


@pytest.mark.parametrize("words", [("trial", "ls"), ("trial", "lz"), ("help", "query")])
def test_a_process_ends_as_python_would_end_it(home: Home, words: tuple[str, ...]) -> None:
    """`start` leaves without taking the interpreter apart: output, exit code and exit handlers are the same."""
    aimd.create_trial(trial_name="t").finish()
    code = (
        f"import atexit, sys\nsys.argv = ['aimd', *{list(words)!r}]\natexit.register(print, 'handled')\n"
        "from aimd_cli import __main__\n__main__.{}()"
    )

    def ran(entry: str) -> tuple[int, str, str]:
        command = [sys.executable, "-c", code.format(entry)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert ran("start") == ran("main")


def test_threads_that_still_run_are_waited_for(home: Home) -> None:
    code = (
        "import sys, threading\nsys.argv = ['aimd', '--version']\n"
        "threading.Thread(target=lambda: (threading.main_thread().join(), print('last'))).start()\n"
        "from aimd_cli.__main__ import start\nstart()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("last\n")


def test_alone_the_wheel_records_and_its_commands_say_what_they_need(home: Home) -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in ('typer', 'rich', 'httpx', 'yaml', 'platformdirs'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from t9k import aimd\n"
        "with aimd.create_trial(trial_name='alone', trial_params={'lr': 0.1, 'note': 'two\\nlines'}) as trial:\n"
        "    trial.params['模型'] = {'名': '小', 'sizes': [1e-05, float('inf')]}\n"
        "    trial.log('train', {'loss': 1.0}, step=1)\n"
        "again = aimd.load_trial(trial.path)\n"
        "assert again.params['模型']['sizes'] == [1e-05, float('inf')] and again.history()\n"
        "try:\n"
        "    again.upload()\n"
        "except ImportError as error:\n"
        "    assert 'httpx is not installed' in str(error)\n"
        "sys.argv = ['aimd', 'trial', 'ls']\n"
        "from aimd_cli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=home.work, capture_output=True, text=True)
    *_, receipt, error = done.stderr.splitlines()
    assert (done.returncode, done.stdout, receipt.endswith("logged 1, on disk 1")) == (1, "", True)
    assert error == (
        "aimd: error: typer is not installed, which commands need and recording does not: pip install aimd-cli"
    )
    (row,) = home.aimd("trial", "ls").table
    assert (row["name"].partition("_")[0], row["state"]) == ("alone", "Succeeded")
    (parameters,) = home.work.glob(".aimd/trials/*/parameters.yaml")
    expected = {"lr": 0.1, "note": "two\nlines", "模型": {"名": "小", "sizes": [1e-05, math.inf]}}
    assert yaml.safe_load(parameters.read_text()) == expected
