"""Help that is answered before Typer is loaded is what Typer says."""

import io
import subprocess
import sys

import pytest

from aimd_cli import pages
from tests.support import texts
from tests.support.home import Home, in_terminal

sys.path.insert(0, str(texts.ROOT / "scripts"))


def typers_pages(language: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    from command_tree import walk

    from aimd_cli.translated_help import install

    install()
    monkeypatch.setenv("AIMD_LANG", language)
    monkeypatch.setenv("COLUMNS", str(columns))
    return {" ".join(node.words[1:]): f"{node.page}\n" for node in walk()}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [80, 81, 200])
def test_each_page_is_what_typer_says(language: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = typers_pages(language, columns, monkeypatch)
    assert len(expected) > 70
    for words, text in expected.items():
        assert pages.page(words.split()) == text


@pytest.mark.parametrize("columns", [1, 40, 79])
def test_a_narrower_terminal_is_left_to_typer(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert pages.page([]) is None


@pytest.mark.parametrize(
    "words", [["trial ls"], ["trial\nls"], ["lz"], ["trial", "ls", "."], ["--debug"], ["trial", ""]]
)
def test_whatever_is_no_command_is_left_to_typer(words: list[str]) -> None:
    assert pages.page(words) is None


@pytest.mark.parametrize("columns", [55, 79, 80, 100])
def test_help_is_as_wide_as_the_terminal(home: Home, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    answered = in_terminal([sys.executable, "-m", "aimd_cli", "trial", "ls", "--help"], columns, {})
    code = "import sys; sys.argv[0] = 'aimd'; from aimd_cli.app import root; root()(prog_name='aimd')"
    by_typer = in_terminal([sys.executable, "-c", code, "trial", "ls", "--help"], columns, {})
    assert answered == by_typer


def test_a_page_loads_neither_typer_nor_anything_of_weight(home: Home) -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nsys.argv = ['aimd', 'trial', 'upload', '-h']\n"
        "from aimd_cli.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
        "print('@@' + ' '.join(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: aimd trial upload")
    assert set(done.stdout.rpartition("@@")[2].split()) == {
        "__future__", "aimd_cli", "aimd_cli.__main__", "aimd_cli.pages", "aimd_core", "aimd_core.language"
    }  # fmt: skip


def test_chinese_for_another_encoding_is_left_to_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMD_LANG", "zh")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="gbk"))
    assert pages.page([]) is None
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert pages.page([]) is not None
