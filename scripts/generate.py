"""Writes the documents that are made from the code, or checks that they are up to date.

python scripts/generate.py --write | --check
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
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


def topic_reference() -> str:
    """Return docs/topics.md: what `aimd help` says."""
    from aimd_cli.topics import TOPICS, topic_text

    parts = [f"## {topic}\n\n```text\n{topic_text(topic)}```\n" for topic in TOPICS]
    head = "# Help topics\n\nMade from the program by `make fix`; in the terminal: `aimd help TOPIC`.\n"
    return "\n".join([head, *parts])


def documents() -> dict[str, str]:
    """Return every generated file's text by its path."""
    from command_tree import completion_table
    from man_pages import man_pages

    from aimd_cli.completion.scripts import FILES, SCRIPTS

    return {
        "docs/cli.md": command_reference(),
        "docs/exit-codes.md": exit_code_reference(),
        "docs/topics.md": topic_reference(),
        "aimd_cli/completion/commands.tsv": completion_table(),
        **{f"completions/{FILES[shell]}": script for shell, script in SCRIPTS.items()},
        **{f"man/{name}": page for name, page in man_pages().items()},
    }


def surplus(wanted: dict[str, str]) -> list[Path]:
    """Return files of the directories that hold nothing but generated ones, which nothing makes any more."""
    there = [path for folder in ("man", "completions") for path in sorted((ROOT / folder).glob("*"))]
    return [path for path in there if str(path.relative_to(ROOT)) not in wanted]


def main() -> int:
    """Write or check all documents; return 1 when a check finds a difference."""
    if sys.argv[1:] not in (["--write"], ["--check"]):
        print(__doc__)
        return 2
    writing = sys.argv[1] == "--write"
    wanted = documents()
    stale = [ROOT / name for name, text in wanted.items() if not _says(ROOT / name, text)]
    for path in stale:
        if writing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[str(path.relative_to(ROOT))])
    for path in surplus(wanted):
        stale.append(path)
        if writing:
            path.unlink()
    for path in stale:
        name = path.relative_to(ROOT)
        print(f"wrote {name}" if writing else f"{name} is not what the program says now: run make fix")
    return 1 if stale and not writing else 0


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
