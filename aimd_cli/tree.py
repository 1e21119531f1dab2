"""The command tree as locations: the module of a command is imported only when the command is called.

Typer builds every option of every command that it knows, which costs as much as ten bare interpreters. So a group only
knows where its commands are; the lines of its help come from `completion/commands.tsv`, which `make fix` generates from
the commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aimd_cli.options import HELP
from aimd_cli.typer_inside import TyperGroup, command_of
from aimd_core.language import ENGLISH, language, said, translated

if TYPE_CHECKING:
    from aimd_cli.typer_inside import Command, Context, HelpFormatter

SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "context_settings": HELP,
    "rich_markup_mode": None,  # plain help, because Rich would double its time
}


class CommandPath(NamedTuple):
    """Where a command is, as `module:function` within its group's package, and its help if not the docstring."""

    where: str
    help: str | None = None


class CommandGroup(NamedTuple):
    """A group of commands.

    Attributes:
        package: Where the modules of its commands are.
        help: Its help text.
        commands: By name, in the order of its help: a path, a group in another module, or a group within this one.
        sections: The names of its commands by what they are for; without any, they are in one list.
    """

    package: str
    help: str
    commands: Mapping[str, str | CommandPath | CommandGroup]
    sections: Mapping[str, Sequence[str]] = {}


class Commands(Mapping[str, "Command"]):
    """The commands of a group, each built on demand."""

    def __init__(self, group: CommandGroup) -> None:
        self._group = group
        self._built: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group.commands)

    def __len__(self) -> int:
        return len(self._group.commands)

    def __contains__(self, name: object) -> bool:
        return name in self._group.commands

    def _build(self, name: str) -> Command:
        from importlib import import_module

        entry = self._group.commands[name]
        path = CommandPath(entry) if isinstance(entry, str) else entry
        if isinstance(path, CommandGroup):
            return group_of(name, path)
        module, _, attribute = path.where.partition(":")
        there = getattr(import_module(f"{self._group.package}.{module}"), attribute)
        return group_of(name, there) if isinstance(there, CommandGroup) else command_of(name, there, path.help)


_UNCUT = 10_000  # characters; longer than any sentence


class LazyGroup(TyperGroup):
    """A group whose help imports none of its commands."""

    sections: Mapping[str, Sequence[str]] = {}

    def list_commands(self, ctx: Context) -> list[str]:
        """Return their names."""
        return list(self.commands)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Return the command that is called; of a name that only a group within has, say where it is."""
        name = args[0]
        if name not in self.commands and not ctx.resilient_parsing and (owners := groups_with(ctx, name)):
            names = ", ".join(repr(f"{owner} {name}") for owner in owners)
            ctx.fail(said("No such command {name}. Did you mean {names}?", name=repr(name), names=names))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands, which most people look for, and then the options."""
        self._write_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write nothing: the commands stand before the options."""

    def _write_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the names by section with a description each, which is wrapped and never cut."""
        sentences = _sentences(ctx)
        end = "." if language() == ENGLISH else "。"
        shown = {
            name: f"{sentences[name]}{end}" if name in sentences else self.commands[name].get_short_help_str(_UNCUT)
            for name in self.commands
        }
        widest = max(map(len, shown))
        for title, names in (self.sections or {"Commands": list(shown)}).items():
            with formatter.section(translated(title)):
                formatter.write_dl([(name.ljust(widest), shown[name]) for name in names])


def groups_with(ctx: Context, name: str) -> list[str]:
    """Return which groups of the program have a command of this name; none within a group."""
    from aimd_cli.completion.tree import read_tree

    if " " in ctx.command_path:
        return []
    tree = read_tree()
    return [group for group in tree.children if name in tree.child(group).children]


def _sentences(ctx: Context) -> Mapping[str, str]:
    """Return the description of each command of a group, except for those not yet in the table."""
    from aimd_cli.completion.tree import read_tree

    tree = read_tree()
    for name in ctx.command_path.split(" ")[1:]:
        if name not in tree.children:
            return {}
        tree = tree.child(name)
    return tree.children


def group_of(name: str, group: CommandGroup) -> LazyGroup:
    """Build a group, whose commands are built on demand."""
    made = LazyGroup(name=name, help=group.help, **SETTINGS)
    made.commands = Commands(group)  # type: ignore[assignment]  # nobody adds to it
    made.sections = group.sections
    return made
