from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from t9k.aimd.environment import capture_platform, imported_packages
from tests.support.scripts import run_script


def test_the_platform_is_this_one() -> None:
    captured = capture_platform()
    assert (captured["hostname"], captured["python"]) == (platform.node(), platform.python_version())
    assert captured["os"] == platform.platform()


def test_packages_are_those_imported_with_their_versions_and_never_our_own() -> None:
    packages = imported_packages()
    assert packages["pytest"] == pytest.__version__
    assert list(packages) == sorted(packages)
    assert not {"json", "aimd_core", "t9k", "os"} & set(packages)


def test_packages_are_listed_while_a_finaliser_imports_more(tmp_path: Path) -> None:
    """Else the end of a training could raise."""
    code = """
    import gc, sys
    from t9k.aimd.environment import imported_packages
    class Late:
        number = 0
        def __init__(self):
            self.itself = self
        def __del__(self):
            Late.number += 1
            sys.modules[f"late{Late.number}"] = sys
    gc.set_threshold(40)
    for _ in range(100):
        Late(), Late()
        imported_packages()
    print(Late.number > 100)
    """
    done = run_script(code, tmp_path)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_asking_for_versions_imports_nothing() -> None:
    before = set(sys.modules)
    imported_packages()
    assert set(sys.modules) == before


def test_no_environment_variable_and_no_argument_is_recorded(work: Path) -> None:
    done = run_script(
        """
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {"a": 1.0}, step=1)
        trial.finish()
        """,
        work,
        "--token=sentinel-argument",
        AIMD_API_KEY="sentinel-environment",
    )
    assert done.returncode == 0
    for path in work.rglob("*"):
        assert not path.is_file() or b"sentinel" not in path.read_bytes(), path
