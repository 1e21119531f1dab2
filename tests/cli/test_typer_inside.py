"""What is used of Typer beyond its promise: in one module, each part by name, and there as long as the pin holds."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from aimd_cli import typer_inside
from aimd_cli.typer_inside import PRIVATE

ROOT = Path(__file__).resolve().parents[2]
INSIDE = re.compile(r"typer\._|typer\.core|typer\.main|from typer import (?:core|main)")


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


def test_a_part_that_is_gone_is_met() -> None:
    assert resolved("typer.main.get_nothing") is None
    assert resolved("typer._nothing.Command") is None


def test_only_one_module_looks_inside_typer() -> None:
    files = [*(ROOT / "aimd_cli").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
    inside = [path.name for path in files if INSIDE.search(path.read_text(encoding="utf-8"))]
    assert inside == ["typer_inside.py"]


def test_each_part_that_the_module_names_is_in_its_table() -> None:
    source = Path(typer_inside.__file__).read_text(encoding="utf-8").partition("\n}\n")[2]
    used = re.findall(r"\b(?:core|exceptions|formatting|typer\.core|typer\.main)\.(?:[A-Z]\w+\.)?\w+", source)
    short = {name.removeprefix("typer._click.") for name in PRIVATE}
    missing = {name for name in used if name not in short and not any(part.startswith(f"{name}.") for part in short)}
    assert len(set(used)) > 10
    assert not missing
