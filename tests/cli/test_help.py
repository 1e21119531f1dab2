import re
from pathlib import Path

import pytest

from aimd_cli.errors import MEANINGS
from aimd_cli.topics import TOPICS, WIDTH
from tests.support.home import Home


def test_alone_it_lists_the_topics(home: Home) -> None:
    assert [line.split("\t")[0] for line in home.aimd("help").out.splitlines()] == list(TOPICS)
    assert "aimd help TOPIC" in home.aimd_terminal("help")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_plain_text_that_fits_a_usual_terminal(home: Home, topic: str) -> None:
    ran = home.aimd("help", topic)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= WIDTH
    assert home.aimd_terminal("help", topic) == ran.out


def test_every_exit_code_and_variable_is_told(home: Home) -> None:
    codes = home.aimd("help", "exit-codes").out
    assert [int(line[:5]) for line in codes.splitlines()[2:] if line[:5].strip()] == list(MEANINGS)
    told = home.aimd("help", "environment").out
    for variable in ("AIMD_HOST", "AIMD_API_KEY", "T9K_CONFIG", "AIMD_DEBUG", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        assert variable in told


def test_a_command_is_explained_as_by_its_own_option(home: Home) -> None:
    assert home.aimd("help", "trial", "upload").out == home.aimd("trial", "upload", "-h").out
    assert home.aimd("help", "trial").out == home.aimd("trial", "--help").out


@pytest.mark.parametrize(("word", "near"), [("exit-code", "exit-codes"), ("trail", "trial"), ("zzz", "environment")])
def test_an_unknown_word_is_not_found_and_near_ones_are_named(home: Home, word: str, near: str) -> None:
    ran = home.aimd("help", word)
    assert ran.code == 3
    assert near in ran.err


def test_a_command_without_its_group_is_told_with_it(home: Home) -> None:
    assert "Did you mean: trial plot\n" in home.aimd("help", "plot").err
    assert "aimd: error: no such command 'plot'. Did you mean 'trial plot'?\n  Usage: aimd " in home.aimd("plot").err
    assert "Did you mean 'trial upload', 'artifact upload'?" in home.aimd("upload").err


def test_help_names_values_and_not_types() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"<(?:int|str|float|path)[^|>]*>", page) == []


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize(
    "group", ["", "trial", "trial trash", "folder", "config", "server", "server user", "server key"]
)
def test_no_description_of_a_command_is_cut(
    home: Home, group: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    listed = home.aimd(*group.split(), "-h").out.partition("\n\n")[2]
    assert listed
    assert "..." not in listed
    assert "…" not in listed
    assert max(map(len, listed.splitlines())) <= int(columns)


@pytest.mark.parametrize(
    ("group", "sections"),
    [
        ("", ["Record and look", "Share through a server", "Run a server", "Settings and help"]),
        ("trial", ["Look", "Change", "Upload and exchange", "Check"]),
    ],
)
def test_commands_are_listed_by_what_they_are_for_before_the_options(
    home: Home, group: str, sections: list[str]
) -> None:
    shown = home.aimd(*group.split(), "-h").out
    assert re.findall(r"^([A-Z].*):$", shown, re.MULTILINE) == [*sections, "Options"]


def test_every_command_is_in_one_section() -> None:
    from aimd_cli.app import COMMANDS
    from aimd_cli.commands.trial import GROUP

    for group in (COMMANDS, GROUP):
        listed = [name for names in group.sections.values() for name in names]
        assert sorted(listed) == sorted(group.commands)


def test_aimd_alone_begins_with_trials_and_an_example_of_each_task(home: Home) -> None:
    shown = (alone := home.aimd()).out + alone.err
    assert shown.index("aimd trial ls") < shown.index("Record and look:") < shown.index("\n  trial ")
    assert shown.index("\n  trial ") < shown.index("\n  login ")
