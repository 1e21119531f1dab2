"""Every test of the SDK runs in an empty working directory outside of git, with a config file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.properties import load_profile

load_profile()


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("T9K_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")  # no companion processes but where a test asks for them
    monkeypatch.delenv("AIMD_HOST", raising=False)
    monkeypatch.delenv("AIMD_API_KEY", raising=False)
    return directory
