"""The wheel as a user installs it: first bare, then with the server, then one whole story."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
from t9k import aimd

trial = aimd.create_trial(trial_name='story', folder_path='a/b', make_folder=True)
trial.params.update({'lr': 0.1})
for step in range(100):
    trial.log('train', {'loss': 1 / (step + 1)}, step=step, epoch=1)
trial.finish()
"""


class Installed:
    """A virtual environment with nothing of this checkout but the wheel."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.bin = place / "venv" / "bin"
        self.work = place / "work"
        self.work.mkdir()
        self.wheel = wheel
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
        self.environment = {**kept, **pip, "HOME": str(place)}
        subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)

    def pip(self, requirement: str) -> subprocess.CompletedProcess[str]:
        words = [
            str(self.bin / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
            requirement,
        ]
        environment = {**os.environ, "PYTHONPATH": ""}
        return subprocess.run(words, cwd=self.work, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)

    def run(self, *words: str, code: int = 0) -> str:
        command = [str(self.bin / words[0]), *words[1:]]
        done = subprocess.run(
            command, cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == code, done.stderr
        return done.stdout + (done.stderr if code else "")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked sdist, as one is published."""
    place = tmp_path_factory.mktemp("source")
    require_part("a package index to build from", built("--sdist", ROOT, place).returncode == 0)
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(place, filter="data")
    (unpacked,) = (path for path in place.iterdir() if path.is_dir())
    return unpacked


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel that a machine without Node builds of it."""
    done = built("--wheel", source, source.parent, PATH=str(source.parent))
    assert done.returncode == 0, done.stderr
    assert "nodejs" not in done.stdout
    (made,) = source.parent.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    made = Installed(tmp_path_factory.mktemp("installed"), wheel)
    done = made.pip(str(wheel))
    require_part("a package index to install from", done.returncode == 0)
    return made


def built(kind: str, source: Path, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "build", kind, "--outdir", str(place), str(source)]
    settings = {**os.environ, **environment}
    return subprocess.run(words, env=settings, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_wheel_holds_each_package_and_no_namespace_file(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert "t9k/__init__.py" not in names
    assert "aimd_autoload.pth" in names
    for needed in (
        "t9k/aimd/__init__.py",
        "aimd_core/upload/__init__.py",
        "aimd_cli/__main__.py",
        "aimd_server/app.py",
    ):
        assert needed in names
    assert "aimd_server/static/index.html" in names
    assert any(re.fullmatch(r"aimd_server/static/assets/.+\.js", name) for name in names)
    assert not any("node_modules" in name or name.startswith("console/") for name in names)
    for shared in (
        "man/man1/aimd-trial-upload.1",
        "bash-completion/completions/aimd",
        "zsh/site-functions/_aimd",
        "fish/vendor_completions.d/aimd.fish",
    ):
        assert any(name.endswith(f".data/data/share/{shared}") for name in names)
    assert "aimd_cli/completion/commands.tsv" in names
    assert not any(name.startswith("tests") for name in names)


def test_a_bare_install_works_and_then_with_the_server_the_whole_story_does(installed: Installed) -> None:
    assert installed.run("aimd", "--version").startswith("aimd ")
    told = installed.run("aimd", "server", "start", code=1)
    assert "pip install 'aimd-cli[server]'" in told
    assert "pip install 'aimd-cli[server]'" in installed.run("aimd", "console", code=1)
    installed.run("python", "-c", SCRIPT)
    assert "story" in installed.run("aimd", "trial", "ls")

    assert installed.pip(f"{installed.wheel}[server]").returncode == 0
    command = [str(installed.bin / "aimd"), "server", "start", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=installed.work,
        env=installed.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("Listening on ").strip()
            check_console(url.removesuffix("/server") + "/web/")
            tell_story(installed, url)
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE_S) == 0


def check_console(page: str) -> None:
    """Load the console as a browser does: the page, then all that it names."""
    index = httpx.get(page, verify=False)
    assert index.status_code == 200
    scripts = re.findall(r'(?:src|href)="\./([^"]+)"', index.text)
    assert any(name.endswith(".js") for name in scripts)
    for name in scripts:
        answer = httpx.get(page + name, verify=False)
        assert answer.status_code == 200, name
        assert answer.content


def tell_story(installed: Installed, url: str) -> None:
    installed.run("aimd", "server", "user", "add", "lin")
    key = installed.run("aimd", "server", "key", "create", "--user", "lin").strip()
    installed.run("aimd", "login", "-H", url, "-k", key)
    assert "\tcreated\t" in installed.run("aimd", "trial", "upload", "-d", ".")
    assert "\tunchanged\t" in installed.run("aimd", "trial", "upload", "-d", ".")
    assert "/a/b" in installed.run("aimd", "trial", "ls", "--remote")
    assert "train.loss.last\t0.01" in installed.run("aimd", "trial", "describe", "-n", "story", "-a")


def test_an_sdist_holds_the_built_console_so_that_installing_it_needs_no_node(source: Path, wheel: Path) -> None:
    names = {path.name for path in (source / "aimd_server" / "static").iterdir()}
    assert {"index.html", "assets"} <= names
    assert (source / "console" / "package.json").is_file()
    assert not (source / "console" / "node_modules").exists()
    assert "aimd_server/static/index.html" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.soak
def test_a_checkout_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    done = built("--wheel", ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(made).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())
