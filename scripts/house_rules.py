"""Checks the sizes and names that the house allows: see CONTRIBUTING.md, "Laws of the house"."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

MAX_FILE_LINES = 700
MAX_FUNCTION_LINES = 60
MAX_CLASS_METHODS = 20
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared"}
# An exception stands here with its reason.
EXCEPTIONS: dict[str, str] = {
    "aimd_core/reading/store.py:Trial": "one property a fact of the directory; views read it as a record",
    "t9k/aimd/trial.py:Trial": "the deployed SDK fixed the surface of this class",
}


def tracked_files() -> list[Path]:
    """Return the Python files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(line) for line in listed.stdout.splitlines() if Path(line).exists()]


def file_faults(path: Path) -> list[str]:
    """Return what is too large or wrongly named in one file."""
    text = path.read_text()
    faults = []
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        faults.append(f"{path}: {lines} lines, the limit is {MAX_FILE_LINES}")
    if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES:
        faults.append(f"{path}: says nothing by its name")
    tree = ast.parse(text)
    in_package = path.parts[0] in ("aimd_cli", "aimd_core", "aimd_server", "t9k")
    if in_package and text.strip() and ast.get_docstring(tree) is None:
        faults.append(f"{path}: no module docstring")
    for node in ast.walk(tree):
        faults += node_faults(path, node)
    return faults


def node_faults(path: Path, node: ast.AST) -> list[str]:
    """Return what is too large in one definition."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        first = node.body[0]
        documented = ast.get_docstring(node, clean=False) is not None
        start = (first.end_lineno or first.lineno) if documented else node.lineno
        lines = (node.end_lineno or start) - start
        if lines > MAX_FUNCTION_LINES:
            return [f"{path}:{node.lineno}: {node.name} has {lines} lines, the limit is {MAX_FUNCTION_LINES}"]
    if isinstance(node, ast.ClassDef) and f"{path}:{node.name}" not in EXCEPTIONS:
        methods = sum(isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) for item in node.body)
        if methods >= MAX_CLASS_METHODS:
            return [f"{path}:{node.lineno}: {node.name} has {methods} methods, the limit is {MAX_CLASS_METHODS}"]
    return []


def main() -> int:
    """Print all faults; return 1 when there is one."""
    faults = [fault for path in tracked_files() for fault in file_faults(path)]
    for fault in faults:
        print(fault)
    print(f"house rules: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
