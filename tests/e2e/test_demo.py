import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_tells_the_whole_story_and_ends(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "AIMD_DEMO_DIR": str(tmp_path / "demo")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    accuracies = [float(value) for value in re.findall(r"val\.accuracy\.last\t([0-9.]+)", done.stdout)]
    assert accuracies
    assert min(accuracies) > 0.95
    assert done.stdout.count("\tcreated\t") == 3
    assert done.stdout.count("\tunchanged\t") == 3
    assert "/t9k/experiment/web/" in done.stdout
    assert not (tmp_path / ".t9k").exists()
    assert f"aimd console {tmp_path / 'demo'}" in done.stdout
