"""What an import costs is what it loads; tests here name the modules, and benchmarks/imports.py measures the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scripts import run_script

REPORT = "import sys; before = set(sys.modules)\n{}\nprint(*sorted(set(sys.modules) - before))"
RECORDING = """
from t9k import aimd
trial = aimd.create_trial(trial_name="a")
trial.params.lr = 0.1
trial.log("train", {"a": 1.0}, step=1)
trial.finish()
"""


def loaded_by(code: str, work: Path) -> set[str]:
    done = run_script(REPORT.format(code), work)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_sdk_loads_nothing_but_itself(work: Path) -> None:
    assert loaded_by("import t9k.aimd", work) - {"__future__"} == {"t9k", "t9k.aimd"}


def test_recording_a_trial_loads_nothing_of_the_network_the_terminal_or_the_server(work: Path) -> None:
    loaded = {name.split(".")[0] for name in loaded_by(RECORDING, work)}
    heavy = {"httpx", "rich", "typer", "numpy", "platformdirs", "ssl", "asyncio", "http", "typing", "dataclasses"}
    assert loaded & (heavy | {"aimd_cli", "aimd_server", "inspect", "logging", "concurrent"}) == set()


def test_recording_a_trial_in_a_script_loads_nothing_that_only_notebooks_need(work: Path) -> None:
    notebook = {"IPython", "marimo", "t9k.aimd.cells", "t9k.aimd.shell", "t9k.aimd.progress_line", "t9k.aimd.notebook"}
    assert loaded_by(RECORDING, work) & notebook == set()


def test_recording_without_captures_loads_nothing_that_only_they_need(work: Path) -> None:
    off = "import os\nos.environ.update(AIMD_CAPTURE_GIT='0', AIMD_CAPTURE_OUTPUT='0', AIMD_CAPTURE_SYSTEM='0')\n"
    loaded = loaded_by(off + RECORDING, work)
    assert not {"subprocess", "selectors", "datetime", "t9k.aimd.git", "t9k.aimd.companions"} & loaded


def test_recording_a_trial_loads_of_the_core_only_what_it_needs(work: Path) -> None:
    loaded = loaded_by(RECORDING, work)
    assert not {"aimd_core.client", "aimd_core.upload", "aimd_core.config", "t9k.aimd.session"} & loaded
    assert not {"aimd_core.reading", "aimd_core.format.yaml_loader", "yaml"} & loaded


@pytest.mark.parametrize("name", ["create_trial", "Trial", "CONFIG", "login", "logout", "upload_trial"])
def test_every_public_name_is_there_and_listed(name: str) -> None:
    from t9k import aimd

    assert getattr(aimd, name) is getattr(aimd, name)
    assert name in aimd.__all__
    assert name in dir(aimd)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    from t9k import aimd

    with pytest.raises(AttributeError, match="'nothing'"):
        aimd.nothing  # noqa: B018 - reading it is the test


def test_t9k_stays_open_for_other_distributions() -> None:
    import t9k

    assert getattr(t9k, "__file__", None) is None
