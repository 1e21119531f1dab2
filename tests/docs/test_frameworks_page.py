"""The guide to frameworks: a test runs each of its scripts, and its table names what there is. Needs no framework."""

from __future__ import annotations

import ast
import re

from tests.sdk.integrations.adapters import ADAPTERS
from tests.support.scripts import ROOT

PAGE = (ROOT / "docs" / "guides" / "frameworks.md").read_text()
SDK = ROOT / "t9k" / "aimd"
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `t9k\.aimd\.(\w+)`(?:: ([^|]+))? \|$", PAGE, flags=re.MULTILINE)


def names_in(module: str) -> set[str]:
    """Return the classes and functions that a module has, its own and those of ours that it imports."""
    names = set()
    for node in ast.parse((SDK / f"{module}.py").read_text()).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("t9k.aimd."):
            names.update(name.name for name in node.names)
    return names


def run_by_tests() -> set[str]:
    """Return the sections whose script a test asks for."""
    asked = {adapter.shown.section for adapter in ADAPTERS.values() if adapter.shown}
    for path in (ROOT / "tests" / "sdk" / "integrations").glob("test_*.py"):
        text = path.read_text()
        asked.update(re.findall(r'documented\("([^"]+)"\)', text))
    return asked


def test_a_test_runs_each_script_of_the_page() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    with_scripts = {section.splitlines()[0] for section in sections if "\n```python\n" in section}
    assert len(with_scripts) > 15
    assert with_scripts - run_by_tests() == set()


def test_the_table_names_modules_classes_and_extras_that_are_there() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    extras = set(re.findall(r"^([\w-]+) = \[", project.partition("[project.optional-dependencies]")[2], re.MULTILINE))
    assert len(ROWS) > 15
    for framework, install, module, names in ROWS:
        assert set(re.findall(r"`(\w+)`", names)) <= names_in(module), framework
        assert set(re.findall(r"\[([\w-]+)\]", install)) <= extras, framework


def test_each_integration_is_in_the_table() -> None:
    named = {(module, name) for *_, module, names in ROWS for name in re.findall(r"`(\w+)`", names)}
    recorders = {(path.stem, name) for path in SDK.glob("*.py") for name in names_in(path.stem) if name[:4] == "AIMD"}
    assert len(recorders) > 15
    assert recorders - named == {("optuna_artifacts", "AIMDArtifactStore")}  # which `optuna` has
