"""What this program uses of Typer that Typer does not promise. All of it is here, and nothing of it anywhere else.

`PRIVATE` names each part with what would break; a test looks for each. Typer is pinned below 0.29, so a part that goes
away is met when the pin is moved, and this file is what has to change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

import typer
import typer.core
import typer.main
from typer._click import Command as Command
from typer._click import Context as Context
from typer._click import HelpFormatter as HelpFormatter
from typer._click import core, exceptions, formatting
from typer.core import TyperCommand as TyperCommand
from typer.core import TyperGroup as TyperGroup

from aimd_core.language import said, translated

PRIVATE: dict[str, str] = {
    "typer._click.Command": "the type of what a group holds",
    "typer._click.Context": "the type of what help is made with",
    "typer._click.HelpFormatter": "the type of what help is written to",
    "typer._click.core.Command.format_help_text": "the help of a command in Chinese",
    "typer._click.core.Command.get_help": "the reference, man pages, completion, `aimd help COMMAND`",
    "typer._click.core.Command.collect_usage_pieces": "the usage in man pages",
    "typer._click.exceptions.UsageError.show": "wrong calls told in Chinese",
    "typer._click.exceptions.NoArgsIsHelpError": "a group called alone, in Chinese",
    "typer._click.formatting.wrap_text": "lines of Chinese",
    "typer._click.formatting.term_len": "columns of options in Chinese",
    "typer._click.formatting.HelpFormatter.write_usage": "'Usage:' in Chinese",
    "typer._click.formatting.HelpFormatter.write_heading": "headings in Chinese",
    "typer._click.formatting.HelpFormatter.write_dl": "the commands of a group, which are built one at a time",
    "typer.core._": "Typer's own words in Chinese",
    "typer.core.TyperOption.get_help_record": "the sentence of an option in Chinese",
    "typer.core.TyperArgument.get_help_record": "the sentence of an argument in Chinese",
    "typer.core.TyperGroup.list_commands": "commands in the order in which they are declared",
    "typer.core.TyperGroup.format_commands": "help of a group that imports none of its commands",
    "typer.core.TyperCommand.get_short_help_str": "the line of a command in the help of its group",
    "typer.main.get_group": "the application",
    "typer.main.get_command": "a command that is built when it is called",
}


def application(app: typer.Typer, commands: Mapping[str, Command]) -> TyperGroup:
    """Return an application as a group that holds these commands."""
    made = typer.main.get_group(app)
    made.commands = commands  # type: ignore[assignment]  # nobody adds to it
    return made


def command_of(name: str, function: Callable[..., object], help_text: str | None) -> Command:
    """Build the command that a function describes."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, help=help_text)(function)
    return typer.main.get_command(alone)


def below(context: Any, name: str) -> Any:
    """Return the context of a command of a group, or None when the group has no such command."""
    group = context.command
    command = group.get_command(context, name) if hasattr(group, "get_command") else None
    return command and type(context)(command, info_name=name, parent=context, **command.context_settings)


def names_in(context: Any) -> list[str]:
    """Return the names of the commands of a group; a command has none."""
    return list(context.command.list_commands(context)) if hasattr(context.command, "list_commands") else []


class Translation:
    """How Typer is made to speak another language: what it says goes through these functions of `translated_help`."""

    def __init__(
        self,
        wrap_text: Callable[..., str],
        cells: Callable[[str], int],
        help_text: Callable[[str], str],
        sentence_of: Callable[[str], str],
    ) -> None:
        self.wrap_text = wrap_text
        self.cells = cells
        self.help_text = help_text
        self.sentence_of = sentence_of

    def install(self) -> None:
        """Wrap what Typer and Click say; call it once."""
        typer.core._ = translated  # type: ignore[attr-defined,assignment]
        formatting.wrap_text = self.wrap_text
        formatting.term_len = self.cells  # type: ignore[attr-defined,assignment]
        exceptions.UsageError.show = self._shown()  # type: ignore[method-assign]
        _wrap_usage()
        _wrap_records(typer.core.TyperOption)
        _wrap_records(typer.core.TyperArgument)
        self._wrap_help()

    def _wrap_help(self) -> None:
        format_help_text = core.Command.format_help_text
        translate = self.help_text

        def write(self: Any, ctx: Any, formatter: Any) -> None:
            english = self.help
            self.help = translate(english) if english else english
            try:
                format_help_text(self, ctx, formatter)
            finally:
                self.help = english

        core.Command.format_help_text = write  # type: ignore[method-assign]

    def _shown(self) -> Callable[..., None]:
        sentence_of = self.sentence_of

        def show(self: exceptions.UsageError, file: IO[Any] | None = None) -> None:
            """Say that a call is wrong."""
            if isinstance(self, exceptions.NoArgsIsHelpError):
                sys.stderr.write(f"{self.message}\n")
                return
            lines = []
            if self.ctx is not None:
                command = f"{self.ctx.command_path} {self.ctx.help_option_names[0]}"
                lines += [self.ctx.get_usage(), translated(said("Try '{command}' for help.", command=command)), ""]
            lines.append(translated(said("Error: {message}", message=sentence_of(self.format_message()))))
            sys.stderr.write("".join(f"{line}\n" for line in lines))

        return show


def _wrap_usage() -> None:
    write_usage = formatting.HelpFormatter.write_usage

    def write(self: Any, prog: str, args: str = "", prefix: str | None = None) -> None:
        write_usage(self, prog, args, translated("Usage: ") if prefix is None else prefix)

    def write_heading(self: Any, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{translated('{heading}:').format(heading=heading)}\n")

    formatting.HelpFormatter.write_usage = write  # type: ignore[method-assign]
    formatting.HelpFormatter.write_heading = write_heading  # type: ignore[method-assign]


def _wrap_records(kind: Any) -> None:
    get_help_record = kind.get_help_record

    def get(self: Any, ctx: Any) -> Any:
        english = self.help
        self.help = translated(re.sub(r"\s+", " ", english).strip()) if english else english
        try:
            return get_help_record(self, ctx)
        finally:
            self.help = english

    kind.get_help_record = get


english_wrap_text = formatting.wrap_text
