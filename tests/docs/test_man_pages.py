import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.parts import require_part

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "man").glob("*.1"))


def render(page: str, *options: str) -> subprocess.CompletedProcess[str]:
    require_part("groff", shutil.which("groff") is not None)
    return subprocess.run(
        ["groff", "-man", "-Tascii", "-P-c", "-ww", *options], input=page, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_renders_without_a_warning_and_says_what_help_says(page: Path) -> None:
    done = render(page.read_text())
    assert done.stderr == ""
    assert done.returncode == 0
    plain = "".join(done.stdout.replace("_\b", "").split())
    assert page.stem.split("-")[0].upper() in done.stdout
    for line in page.read_text().splitlines():
        if line.startswith("aimd\\-"):
            assert "".join(line.replace("\\-", "-").split())[:20] in plain


def test_the_check_catches_a_page_with_a_fault() -> None:
    assert render('.TH "A" "1"\n.SH "NAME"\n.NOSUCH x\n').stderr != ""


def test_generated_files_are_checked_for_drift_and_surplus(tmp_path: Path) -> None:
    import sys

    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(".git", ".venv", "tests", "node_modules", "__pycache__", ".*_cache", ".demo"),
    )

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "scripts/generate.py", "--check"],
            cwd=copy,
            env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert check().returncode == 0, check().stdout
    (copy / "man" / "aimd-gone.1").write_text("old\n")
    page = copy / "man" / "aimd.1"
    page.write_text(page.read_text() + "changed by hand\n")
    said = check()
    assert said.returncode == 1
    assert "man/aimd-gone.1" in said.stdout
    assert "man/aimd.1 " in said.stdout
