"""Writes the files that are generated from the code, or checks that they are up to date.

python scripts/generate.py --write | --check
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLES = {"en": "aimd_cli/completion/commands.tsv", "zh": "aimd_cli/completion/commands.zh.tsv"}
os.environ.update(AIMD_LANG="en", COLUMNS="100", TERMINAL_WIDTH="100", NO_COLOR="1")


def command_reference() -> str:
    """Return docs/reference/cli.md: the help of every command."""
    from command_tree import walk

    parts = ["# Command reference\n\nMade from the program by `make fix`. See also [exit codes](exit-codes.md).\n"]
    for node in walk():
        text = "\n".join(line.rstrip() for line in node.page.strip().splitlines())
        parts.append(f"## `{' '.join(node.words)}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def exit_code_reference() -> str:
    """Return docs/reference/exit-codes.md."""
    from aimd_cli.errors import MEANINGS

    rows = "\n".join(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    return (
        "# Exit codes\n\nMade from the program by `make fix`. A code keeps its meaning; new ones may be added.\n\n"
        f"| code | meaning |\n|---|---|\n{rows}\n"
    )


def topic_reference() -> str:
    """Return docs/reference/topics.md: what `aimd help` says."""
    from aimd_cli.topics import TOPICS, topic_text

    parts = [f"## {topic}\n\n```text\n{topic_text(topic)}```\n" for topic in TOPICS]
    head = "# Help topics\n\nMade from the program by `make fix`; in the terminal: `aimd help TOPIC`.\n"
    return "\n".join([head, *parts])


def openapi_document() -> str:
    """Return docs/reference/openapi.json: version 2 of the HTTP API, from the server's routes."""
    import json

    from aimd_core.format.protocol import SERVER_PATH
    from aimd_server.routes import openapi, v2

    return json.dumps(openapi.document(v2.routes(SERVER_PATH)), indent=1, sort_keys=True) + "\n"


def completion_tables() -> dict[str, str]:
    """Return the tables of completion and group help, in each language, by path."""
    from command_tree import completion_table, walk

    nodes, tables = list(walk()), {}
    for language, path in TABLES.items():
        os.environ["AIMD_LANG"] = language
        tables[path] = completion_table(nodes)
    os.environ["AIMD_LANG"] = "en"
    return tables


def help_pages() -> dict[str, str]:
    """Return the help of every command in each language, by the path of its file."""
    from command_tree import walk

    from aimd_cli.pages import SEPARATOR
    from aimd_cli.translated_help import install

    install()
    files = {}
    for language in TABLES:
        os.environ["AIMD_LANG"] = language
        pages = [f"{SEPARATOR}{' '.join(node.words)}\n{node.page}\n" for node in walk()]
        files[f"aimd_cli/pages/{language}.txt"] = "".join([*pages, SEPARATOR, "\n"])
    os.environ["AIMD_LANG"] = "en"
    return files


def documents() -> dict[str, str]:
    """Return the text of every generated file by path."""
    from man_pages import man_pages

    from aimd_cli.completion.scripts import FILES, SCRIPTS

    return {
        "docs/reference/cli.md": command_reference(),
        "docs/reference/exit-codes.md": exit_code_reference(),
        "docs/reference/topics.md": topic_reference(),
        "docs/reference/openapi.json": openapi_document(),
        **completion_tables(),
        **help_pages(),
        **{f"completions/{FILES[shell]}": script for shell, script in SCRIPTS.items()},
        **{f"man/{name}": page for name, page in man_pages().items()},
    }


def surplus(wanted: dict[str, str]) -> list[Path]:
    """Return files in directories of generated files that nothing generates anymore."""
    there = [path for folder in ("man", "completions") for path in sorted((ROOT / folder).glob("*"))]
    return [path for path in there if str(path.relative_to(ROOT)) not in wanted]


def main() -> int:
    """Write or check all files; return 1 if a check finds a difference."""
    if sys.argv[1:] not in (["--write"], ["--check"]):
        print(__doc__)
        return 2
    writing = sys.argv[1] == "--write"
    if writing:
        for name, text in completion_tables().items():  # first, because group help reads them
            (ROOT / name).write_text(text)
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
