"""Every use of Typer beyond its public API.

tests/cli/test_typer_inside.py names each part, says what would break, and checks that it exists. If moving the pin of
Typer breaks one, this file is what must change.
"""

from __future__ import annotations

import datetime  # noqa: F401 - what Typer needs of Python comes first, so that only Typer meets what comes later
import inspect  # noqa: F401
import pathlib  # noqa: F401
import re
import sys
import threading  # noqa: F401
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from aimd_core.late_modules import loaded_late

# Of these Typer uses something only to launch a program, to suggest a name or to show a traceback, and of its own
# completion one thing when it loads. They are a quarter of what loading Typer costs.
LATER = ("difflib", "gettext", "platform", "shutil", "subprocess", "traceback", "uuid", "typer.completion")

with loaded_late(LATER, {"typer.completion": {"get_completion_inspect_parameters": tuple}}):
    import typer
    import typer.core
    import typer.main
from typer._click import Command as Command  # noqa: E402
from typer._click import Context as Context  # noqa: E402
from typer._click import HelpFormatter as HelpFormatter  # noqa: E402
from typer._click import core, exceptions, formatting  # noqa: E402
from typer._click.globals import get_current_context  # noqa: E402
from typer.core import TyperCommand as TyperCommand  # noqa: E402
from typer.core import TyperGroup as TyperGroup  # noqa: E402

from aimd_core.language import ENGLISH, language, said, translated  # noqa: E402


def at_end(close: Callable[[], object]) -> None:
    """Have something closed when the command that runs ends, however it does."""
    get_current_context().call_on_close(close)


def application(app: typer.Typer, commands: Mapping[str, Command], sections: Mapping[str, Sequence[str]]) -> TyperGroup:
    """Return an application as a group of these commands, which its help lists by section."""
    made = typer.main.get_group(app)
    made.commands = commands  # type: ignore[assignment]  # nobody adds to it
    made.sections = sections  # type: ignore[attr-defined]  # of the class that the application was made with
    return made


def command_of(name: str, function: Callable[..., object], help_text: str | None) -> Command:
    """Build the command of a function."""
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
    """The functions of `translated_help` that Typer's texts go through."""

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
        """Wrap the texts of Typer and Click; call it once."""
        typer.core._ = translated  # type: ignore[attr-defined,assignment]
        formatting.wrap_text = self.wrap_text
        formatting.term_len = self.cells  # type: ignore[attr-defined,assignment]
        _sentences.append(self.sentence_of)
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


_sentences: list[Callable[[str], str]] = []  # what puts a sentence of Click into the user's language


_KINDS = ("float", "a", "number"), ("int", "an", "integer")  # Click's words, and those of everybody


def _show(self: exceptions.UsageError, file: IO[Any] | None = None) -> None:
    """Report a usage error as every other one: what is wrong, and what to do next."""
    from aimd_cli.output import say_lines
    from aimd_cli.text import clean

    if isinstance(self, exceptions.NoArgsIsHelpError):
        sys.stderr.write(f"{self.message}\n")
        return
    message = self.format_message()
    for sentence_of in _sentences[-1:]:
        message = translated(sentence_of(message))
    if language() == ENGLISH:
        message = message[:1].lower() + message[1:].removesuffix(".")
        for kind, article, noun in _KINDS:
            for said_kind in (f"{kind} range", kind):
                message = message.replace(f"a valid {said_kind}", f"{article} {noun}")
    say_lines(translated("aimd: error: ") + clean(message))
    if self.ctx is not None:
        sys.stderr.write("".join(f"  {line}\n" for line in self.ctx.get_usage().splitlines()))
        say_lines(translated(said("Run: {command}", command=f"{self.ctx.command_path} --help")), indent="  ")


exceptions.UsageError.show = _show  # type: ignore[method-assign]


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
