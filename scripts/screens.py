"""Makes the pictures of the README in docs/images/*.svg, with the real program on real training, in both languages.

    python scripts/screens.py

It trains on handwritten digits in a scratch directory, uploads to its own server there, and keeps what the commands
show in a terminal. The pictures load nothing: they name fonts that a reader's machine has.
"""

from __future__ import annotations

import asyncio
import html
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
RUNS = (
    ("digits-slow", "0.003", "48", "7"),
    ("digits-wide", "0.03", "128", "7"),
    ("digits-fast", "0.3", "48", "7"),
    ("digits-small", "0.03", "12", "7"),
    ("digits-base", "0.03", "48", "7"),
)
LANGUAGES = ("en", "zh")
FONTS = (
    "ui-monospace, 'SF Mono', Menlo, Consolas, 'Cascadia Mono', 'DejaVu Sans Mono',"
    " 'Noto Sans Mono CJK SC', 'PingFang SC', monospace"
)
SCREENS = {
    "ls": (["trial", "ls"], 122),
    "describe": (["trial", "describe", "digits-base", "-H", "-m"], 104),
    "plot": (["trial", "plot", "digits-base", "digits-slow", "digits-fast", "-m", "val.loss", "--log-y"], 104),
    "parallel": (["trial", "plot", "-d", ".", "--parallel", "-m", "val.loss", "--height", "12"], 104),
    "compare": (["trial", "compare", "digits-base", "digits-wide", "digits-fast", "-m", "val.loss"], 104),
    "upload": (["trial", "upload", "-d", "."], 104),
}


def train(place: Path, environment: dict[str, str]) -> None:
    """Record the trials of RUNS, one after the other."""
    for name, rate, hidden, seed in RUNS:
        words = ["--learning-rate", rate, "--hidden", hidden, "--seed", seed, "--name", name]
        run([sys.executable, str(ROOT / "examples" / "digits_numpy.py"), *words], place, environment)
        time.sleep(1.1)  # lists are ordered by the second


def run(words: list[str], place: Path, environment: dict[str, str]) -> str:
    """Run a command and return its output; a failure ends everything."""
    return subprocess.run(words, cwd=place, env=environment, check=True, capture_output=True, text=True).stdout


def in_terminal(words: list[str], columns: int, place: Path, environment: dict[str, str]) -> str:
    """Return what `aimd` shows in a terminal of some width, escapes included."""
    sys.path.insert(0, str(ROOT))
    from tests.support.home import in_terminal as shown

    before = Path.cwd()
    os.chdir(place)
    try:
        return shown([sys.executable, "-m", "aimd_cli", *words], columns, {**environment, "COLORTERM": "truecolor"})
    finally:
        os.chdir(before)


def drawn(command: str, shown: str, columns: int) -> str:
    """Return a picture of a command and its output."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor", markup=False
    )
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    console.print(Text.from_ansi(final(shown)))
    return console.export_svg(title=command, theme=theme(), unique_id="aimd", font_aspect_ratio=0.6)


def final(shown: str) -> str:
    """Return the final state of output that was overwritten, as by a progress display."""
    cleared = re.split(r"\x1b\[2K|\x1b\[J", shown)[-1] if "\x1b[2K" in shown else shown
    kept = re.sub(r"\x1b\[\?[0-9;]*[hl]|\x1b\[[0-9]*[ABCDGJK]", "", cleared).replace("\r", "")
    return kept.strip("\n")


def theme() -> object:
    """Return colours that are readable on light and dark pages."""
    from rich.terminal_theme import TerminalTheme

    normal = [(40, 42, 54), (255, 110, 103), (90, 210, 140), (244, 200, 100), (100, 160, 255), (214, 130, 240)]
    normal += [(90, 205, 220), (210, 214, 224)]
    bright = [(110, 118, 140), *normal[1:7], (255, 255, 255)]
    return TerminalTheme((22, 24, 33), (214, 218, 228), normal, bright)


async def live_screen(place: Path) -> str:
    """Return a picture of the live screen with three trials marked."""
    from aimd_cli.commands.trial.live import LocalSources
    from aimd_cli.screen.app import TopApp
    from aimd_cli.screen.panes import Settings

    sources = LocalSources(place)
    sources.location = "~/digits"
    os.environ["COLORTERM"] = "truecolor"
    app = TopApp(sources, Settings(sort="val.loss", metric="val.loss", interval_s=0.2))
    app.ansi_theme_dark = theme()  # type: ignore[assignment]
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause(2)
        await pilot.press("space", "space", "j", "space", "k", "y")
        await pilot.pause(2)
        return app.export_screenshot(title="aimd trial top")


def _of_true_width(tag: re.Match[str]) -> str:
    """Return a piece of text with the length of its cells, of which Rich takes one for each character."""
    from rich.cells import cell_len

    text = html.unescape(tag[3])
    length = float(tag[1]) * cell_len(text) / max(1, len(text))
    return f'textLength="{length:.1f}"{tag[2]}>{tag[3]}</text>' if cell_len(text) != len(text) else tag[0]


def self_contained(picture: str) -> str:
    """Return a picture that loads nothing, with local fonts instead of remote ones, and Chinese as wide as it is."""
    picture = re.sub(r'textLength="([0-9.]+)"([^>]*)>([^<]*)</text>', _of_true_width, picture)
    picture = re.sub(r"@font-face\s*\{.*?\}\s*", "", picture, flags=re.DOTALL)
    picture = re.sub(r"font-family:\s*[^;]*;", f"font-family: {FONTS};", picture)
    picture = picture.replace("<!-- Generated with Rich https://www.textualize.io -->", "")
    return re.sub(r"[ \t]+\n", "\n", picture).strip() + "\n"


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "digits")
        place.mkdir()
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIMD_", "T9K_"))}
        environment |= {"HOME": scratch, "XDG_CACHE_HOME": f"{scratch}/cache", "XDG_DATA_HOME": f"{scratch}/data"}
        environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "AIMD_CAPTURE_SYSTEM": "0", "AIMD_PAGER": ""}
        train(place, environment)
        longer = [sys.executable, str(ROOT / "examples" / "digits_numpy.py"), "--name", "digits-long", "--epochs", "90"]
        longer += ["--learning-rate", "0.01"]
        with subprocess.Popen(longer, cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as training:
            assert training.stdout is not None
            while not training.stdout.readline().startswith("epoch  20"):
                pass
            training.send_signal(signal.SIGSTOP)  # it stays Running while the pictures are made
            try:
                # The uploads last, because a description says what was uploaded; and a process for each language,
                # because a program speaks one.
                for part, language in product(("look", "upload"), LANGUAGES):
                    data = {"XDG_DATA_HOME": f"{scratch}/data-{language}-{part}", "AIMD_LANG": language}
                    words = [sys.executable, __file__, str(place), language, part]
                    subprocess.run(words, env={**environment, **data}, check=True)
            finally:
                training.kill()


def make(place: Path, language: str, part: str) -> None:
    """Write the picture of the upload, or of everything else, in the language of this process."""
    environment = dict(os.environ)
    suffix = "" if language == LANGUAGES[0] else f".{language}"
    aimd = [sys.executable, "-m", "aimd_cli"]
    run([*aimd, "trial", "tag", "digits-base", "baseline"], place, environment)
    words = [*aimd, "server", "start", "--port", "0"]
    with subprocess.Popen(
        words, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().rpartition(" ")[2].strip()
        try:
            run([*aimd, "server", "user", "add", "lin"], place, environment)
            key = run([*aimd, "server", "key", "create", "--user", "lin"], place, environment).strip()
            run([*aimd, "login", "-H", address, "-k", key], place, environment)
            for name, (command, columns) in SCREENS.items():
                if (name == "upload") != (part == "upload"):
                    continue
                shown = (
                    in_terminal(command, columns, place, environment)
                    .replace(str(place), "~/digits")
                    .replace(address.partition("/t9k/")[0], "https://aimd.example")
                )
                write(name + suffix, drawn(f"aimd {' '.join(command)}", shown, columns))
        finally:
            server.terminate()
    if part == "look":
        write(f"top{suffix}", asyncio.run(live_screen(place)))


def write(name: str, picture: str) -> None:
    """Write a picture."""
    path = IMAGES / f"{name}.svg"
    path.write_text(self_contained(picture), encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    if sys.argv[1:]:
        make(Path(sys.argv[1]), *sys.argv[2:4])
    else:
        main()
