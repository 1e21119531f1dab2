"""What is used of Typer beyond its promise: in one module, each part by name, and there as long as the pin holds."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from aimd_cli import typer_inside

ROOT = Path(__file__).resolve().parents[2]
INSIDE = re.compile(r"typer\._|typer\.core|typer\.main|from typer import (?:core|main)")

PRIVATE: dict[str, str] = {
    "typer._click.Command": "the type of what a group holds",
    "typer._click.Context": "the type of what help is made with",
    "typer._click.HelpFormatter": "the type of what help is written to",
    "typer._click.globals.get_current_context": "sources of trials closed when their command ends",
    "typer._click.core.Command.format_help_text": "the help of a command in Chinese",
    "typer._click.core.Command.get_help": "the reference, man pages, completion, `aimd help COMMAND`",
    "typer._click.core.Command.collect_usage_pieces": "the usage in man pages",
    "typer._click.exceptions.UsageError.show": "wrong calls told as every other error",
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
    "typer.main.get_completion_inspect_parameters": "a start that loads none of Typer's own completion",
    "typer.core.get_close_matches": "a start that does not load `difflib`",
    "typer.main.platform": "a start that does not load it",
    "typer.main.shutil": "a start that does not load it",
    "typer.main.subprocess": "a start that does not load it",
    "typer.main.traceback": "a start that does not load it",
    "typer.main.UUID": "a start that does not load `uuid`: no option of ours is one",
    "typer.main.get_group": "the application",
    "typer.main.get_command": "a command that is built when it is called",
}


@pytest.mark.parametrize("part", PRIVATE)
def test_each_private_part_is_there(part: str) -> None:
    assert resolved(part) is not None, f"without it: {PRIVATE[part]}"


def resolved(part: str) -> object:
    words = part.split(".")
    for end in range(len(words), 0, -1):
        try:
            value: object = import_module(".".join(words[:end]))
        except ModuleNotFoundError:
            continue
        for word in words[end:]:
            value = getattr(value, word, None)
        return value
    return None


def test_typers_own_completion_is_not_loaded_but_can_be() -> None:
    code = (
        "import sys\nimport aimd_cli.typer_inside\n"
        "assert not {'typer.completion', 'typer._completion_shared', 'shellingham'} & set(sys.modules)\n"
        "from typer.completion import shell_complete\nassert callable(shell_complete)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_only_some_calls_need_is_loaded_then() -> None:
    code = (
        "import sys\nfrom aimd_cli import typer_inside\n"
        "assert not set(typer_inside.LATER) & set(sys.modules)\n"
        "import typer.core, typer.main\n"
        "assert typer.core.get_close_matches('tril', ['trial']) == ['trial']\n"
        "assert typer.core._('text') == 'text'\n"
        "assert typer.main.StackSummary.from_list([]) == []\n"
        "for name in typer_inside.LATER:\n"
        "    __import__(name)\n"
        "    assert sys.modules[name].__file__ and not hasattr(sys.modules[name], 'nothing'), name\n"
        "import platform, subprocess, shutil, traceback, uuid\n"
        "assert typer.main.subprocess.Popen is subprocess.Popen\n"
        "assert typer.main.shutil.which is shutil.which\n"
        "assert typer.main.platform.system is platform.system\n"
        "assert typer.main.traceback.TracebackException is traceback.TracebackException\n"
        "assert typer.get_terminal_size() == shutil.get_terminal_size()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_part_that_is_gone_is_met() -> None:
    assert resolved("typer.main.get_nothing") is None
    assert resolved("typer._nothing.Command") is None


def test_only_one_module_looks_inside_typer() -> None:
    files = [*(ROOT / "aimd_cli").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
    inside = [path.name for path in files if INSIDE.search(path.read_text(encoding="utf-8"))]
    assert inside == ["typer_inside.py"]


def test_each_part_that_the_module_names_is_in_its_table() -> None:
    source = Path(typer_inside.__file__).read_text(encoding="utf-8").partition("\n\ndef ")[2]
    used = re.findall(r"\b(?:core|exceptions|formatting|typer\.core|typer\.main)\.(?:[A-Z]\w+\.)?\w+", source)
    short = {name.removeprefix("typer._click.") for name in PRIVATE}
    missing = {name for name in used if name not in short and not any(part.startswith(f"{name}.") for part in short)}
    assert len(set(used)) > 10
    assert not missing
