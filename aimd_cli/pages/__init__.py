"""Help before Typer is loaded: the pages of all commands, as Typer prints them where there are 80 columns or more.

Loading Typer and building a command costs five times a bare interpreter, and help is the same text every time.
`make fix` makes the pages from the commands, one file a language. A narrower terminal, and whatever else is not simply
a command and `--help`, is left to Typer.
"""

import os
import sys

from aimd_core.language import ENGLISH, language

WIDTH = 80  # Typer makes no use of more
SEPARATOR = "\f"


def page(words: list[str]) -> str | None:
    """Return the help of a command as it is printed, or None when Typer has to be asked."""
    spoken = language()
    if _columns() < WIDTH or not all(word.replace("-", "").isalpha() for word in words):
        return None
    if spoken != ENGLISH and (sys.stdout.encoding or "").lower() != "utf-8":
        return None
    with open(os.path.join(os.path.dirname(__file__), f"{spoken}.txt"), encoding="utf-8") as file:
        text = file.read()
    start = text.find(f"{SEPARATOR}{' '.join(['aimd', *words])}\n")
    if start < 0:
        return None
    return text[text.index("\n", start) + 1 : text.find(SEPARATOR, start + 1)]


def _columns() -> int:
    """Return the width that Typer would find: COLUMNS, else that of the terminal on stdout, else 80.

    As `shutil.get_terminal_size`, which would load three libraries for compression.
    """
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            columns = WIDTH
    return columns or WIDTH
