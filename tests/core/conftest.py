"""Every test of the core has a config file of its own, which does not exist yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.properties import load_profile

load_profile()


@pytest.fixture(autouse=True)
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home" / ".t9k" / "t9k-sdk-config.yaml"
    monkeypatch.setenv("T9K_CONFIG", str(path))
    monkeypatch.delenv("AIMD_HOST", raising=False)
    monkeypatch.delenv("AIMD_API_KEY", raising=False)
    return path
