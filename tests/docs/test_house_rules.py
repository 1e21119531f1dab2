"""The rules of the house find what they are for."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import house_rules  # noqa: E402 - in scripts/


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", sorted(house_rules.VAGUE_NAMES))
def test_a_name_that_says_nothing_is_found(name: str) -> None:
    path = Path("aimd_core", "planted.py")
    for planted in (
        f"def f({name}): ...",
        f"def f(*, {name}=1): ...",
        f"class A:\n    {name}: int",
        f"def f(a): {name} = a",
        f"def f(a): return [0 for {name} in a]",
    ):
        assert len(house_rules.vague_faults(path, ast.parse(planted))) == 1
    assert house_rules.vague_faults(path, ast.parse(f"def f(a): return a.{name}")) == []


def test_two_classes_of_one_name_in_a_package_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [Path("aimd_cli", "a.py"), Path("aimd_cli", "b.py"), Path("aimd_core", "c.py")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("class Trial: ...\n")
    faults = house_rules.class_faults(paths)
    assert len(faults) == 1
    assert f"{paths[0]}:1, {paths[1]}:1" in faults[0]


@pytest.mark.parametrize("back", ["from aimd import a", "from aimd.a import f", "def f():\n    import aimd.a"])
def test_a_circle_of_imports_is_found(back: str) -> None:
    sources = {"aimd.a": "from aimd.b import g", "aimd.b": "from aimd import c", "aimd.c": ""}
    assert house_rules.circle_faults(sources) == []
    faults = house_rules.circle_faults({**sources, "aimd.c": back})
    assert len(faults) == 1
    assert all(module in faults[0] for module in sources)
