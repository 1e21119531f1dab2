"""Writes the documents that are made from the code, or checks that they are up to date.

python scripts/generate.py --write | --check
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.update(COLUMNS="100", TERMINAL_WIDTH="100", NO_COLOR="1")


def command_reference() -> str:
    """Return docs/cli.md: the help of every command."""
    import typer
    from typer.testing import CliRunner

    from aimd_cli.app import app

    def walk(words: list[str], group: typer.Typer) -> Iterator[list[str]]:
        yield words
        for command in group.registered_commands:
            assert command.callback is not None
            yield [*words, command.name or command.callback.__name__]
        for inner in group.registered_groups:
            assert inner.typer_instance is not None
            yield from walk([*words, str(inner.name)], inner.typer_instance)

    parts = ["# Command reference\n\nMade from the program by `make fix`. See also docs/exit-codes.md.\n"]
    for words in walk([], app):
        result = CliRunner().invoke(app, [*words, "--help"], prog_name="aimd")
        assert result.exit_code == 0, result.output
        title = " ".join(["aimd", *words])
        text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## `{title}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def exit_code_reference() -> str:
    """Return docs/exit-codes.md."""
    from aimd_cli.errors import MEANINGS

    rows = "\n".join(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    return (
        "# Exit codes\n\nMade from the program by `make fix`. A code keeps its meaning; new ones may be added.\n\n"
        f"| code | meaning |\n|---|---|\n{rows}\n"
    )


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/cli.md": command_reference,
    "docs/exit-codes.md": exit_code_reference,
}


def main() -> int:
    """Write or check all documents; return 1 when a check finds a difference."""
    if sys.argv[1:] not in (["--write"], ["--check"]):
        print(__doc__)
        return 2
    stale = 0
    for name, make in DOCUMENTS.items():
        path = ROOT / name
        wanted = make()
        if path.exists() and path.read_text() == wanted:
            continue
        if sys.argv[1] == "--write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted)
            print(f"wrote {name}")
        else:
            stale += 1
            print(f"{name} is not what the program says now: run make fix")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
