"""`aimd help`: topics that belong to no single command, and the help of any command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aimd_cli import output
from aimd_cli.typer_inside import below, names_in
from aimd_core.errors import NotFoundError
from aimd_core.language import said, translated


def help_(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC|COMMAND]...", help="A topic, or the words of a command.")
    ] = None,
) -> None:
    """Explain a topic or a command; alone, list the topics.

    Examples:

        aimd help

        aimd help exit-codes

        aimd help trial ls
    """
    from aimd_cli.topics import TOPICS, topic_text

    if not words:
        for topic, sentence in TOPICS.items():
            output.print_line(
                f"{topic}\t{sentence}" if not output.is_terminal() else f"  {topic:<14}{translated(sentence)}"
            )
        output.hint("Read one: aimd help TOPIC. A command's own help: aimd COMMAND -h")
    elif words[0] in TOPICS and len(words) == 1:
        output.print_line(topic_text(words[0]).rstrip("\n"))
    else:
        output.print_line(_command_help(context, words))


def _command_help(context: typer.Context, words: list[str]) -> str:
    """Return the output of `aimd WORDS --help`."""
    from difflib import get_close_matches

    from aimd_cli.topics import TOPICS
    from aimd_cli.tree import groups_with

    there: Any = context.parent
    for word in words:
        names = names_in(there)
        there = below(there, word)
        if there is None:
            within = groups_with(context.find_root(), word) if len(words) == 1 else []
            near = [f"{group} {word}" for group in within] or get_close_matches(word, [*names, *TOPICS], n=3)
            hint = (
                said("Did you mean: {near}", near=", ".join(near))
                if near
                else said("Topics: {topics}", topics=", ".join(TOPICS))
            )
            raise NotFoundError(
                message=said("no topic and no command is named {words!r}", words=" ".join(words)), hint=hint
            )
    return str(there.get_help())
