"""Checks sizes and names against CONTRIBUTING.md, "Rules"."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("aimd_cli", "aimd_core", "aimd_server", "t9k")
MAX_FILE_LINES = 700
MAX_FUNCTION_LINES = 60
MAX_CLASS_METHODS = 20
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared"}
# Names that say nothing of a parameter, field or variable; the subject has a word: names, directory, query, totals.
VAGUE_NAMES = {"found", "place", "wanted", "one", "known"}
# Classes of one name in one package, each with its reason.
SAME_CLASSES: dict[str, str] = {
    "t9k: AIMDCallback": "each framework's callback has the name that its users import",
    "t9k: AIMDLogger": "so has each framework's logger",
    "t9k: Artifact": "a script written for W&B calls its own by this name",
}
# Exceptions, with their reasons.
EXCEPTIONS: dict[str, str] = {
    "aimd_core/reading/documents.py:Trial": "one property a fact of the directory; views read it as a record",
    "t9k/aimd/trial.py:Trial": "the deployed SDK fixed the surface of this class",
    "aimd_core/reading/artifacts.py:StoredArtifact": "one property a fact of the directory",
    "t9k/aimd/artifact.py:Artifact": "the deployed SDK fixed the surface of this class",
}


# Only aimd_core/reading/facts.py decides in which state a trial is. These words belong to that decision.
STATE_WORDS = {"is_gone", "_exit", "UNFINISHED", "KILLED", "LOST", "INTERRUPTED", "Killed", "Lost", "Interrupted"}
# The other modules that may use some of them, and why.
STATE_USERS: dict[str, tuple[set[str], str]] = {
    "aimd_core/format/model.py": (
        {"UNFINISHED", "KILLED", "LOST", "INTERRUPTED", "Killed", "Lost", "Interrupted"},
        "the words themselves",
    ),
    "aimd_core/format/process.py": ({"is_gone"}, "what facts.py asks"),
    "aimd_core/reading/facts.py": (STATE_WORDS, "the one place that decides"),
    "aimd_cli/views/states.py": ({"KILLED", "LOST", "INTERRUPTED"}, "how each looks"),
    "aimd_cli/__main__.py": ({"INTERRUPTED"}, "an exit code of the same name"),
    "aimd_cli/importing/mlflow.py": ({"KILLED"}, "MLflow's own word"),
    "aimd_cli/importing/sacred.py": ({"INTERRUPTED"}, "Sacred's own word"),
    "aimd_cli/importing/writing.py": ({"_exit"}, "the writer of an imported trial's `_exit`"),
    "aimd_cli/errors.py": ({"INTERRUPTED"}, "an exit code of the same name"),
    "aimd_server/stores/indexes.py": (
        {"UNFINISHED", "LOST", "INTERRUPTED"},
        "the decision as SQL",
    ),
    "aimd_server/stores/sealed.py": ({"UNFINISHED"}, "a state that was told, not derived, as SQL"),
    "t9k/aimd/trial.py": ({"_exit", "UNFINISHED", "INTERRUPTED"}, "the writer of status and `_exit`"),
    "t9k/aimd/endings.py": ({"_exit", "UNFINISHED", "INTERRUPTED"}, "the writer of `_exit`"),
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
    """Return what is too large or badly named in a file."""
    text = path.read_text()
    faults = []
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        faults.append(f"{path}: {lines} lines, the limit is {MAX_FILE_LINES}")
    if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES:
        faults.append(f"{path}: says nothing by its name")
    tree = ast.parse(text)
    in_package = path.parts[0] in PACKAGES
    if in_package and text.strip() and ast.get_docstring(tree) is None:
        faults.append(f"{path}: no module docstring")
    if in_package:
        faults += state_faults(path, tree)
        faults += vague_faults(path, tree)
    for node in ast.walk(tree):
        faults += node_faults(path, node)
    return faults


def state_faults(path: Path, tree: ast.Module) -> list[str]:
    """Return where another module decides in which state a trial is."""
    allowed = STATE_USERS.get(path.as_posix(), (set(), ""))[0]
    words: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "os"):
            words.append((node.lineno, node.attr))
        elif isinstance(node, ast.Name):
            words.append((node.lineno, node.id))
        elif isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value if isinstance(node.value, str) else node.value.decode("ascii", "replace")
            words.append((node.lineno, text.strip("\n:")))
    return [
        f"{path}:{line}: {word}: ask aimd_core/reading/facts.py in which state a trial is"
        for line, word in words
        if word in STATE_WORDS - allowed
    ]


def vague_faults(path: Path, tree: ast.Module) -> list[str]:
    """Return the parameters, fields and variables of one file whose names say nothing."""
    names: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            names += [(item.lineno, item.arg) for item in [*node.posonlyargs, *node.args, *node.kwonlyargs]]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append((node.lineno, node.id))
    return [f"{path}:{line}: {name} says nothing; what is it?" for line, name in names if name in VAGUE_NAMES]


def class_faults(paths: list[Path]) -> list[str]:
    """Return the classes that have the name of another one in their package."""
    places: dict[str, list[str]] = {}
    for path in paths:
        if path.parts[0] in PACKAGES:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    places.setdefault(f"{path.parts[0]}: {node.name}", []).append(f"{path}:{node.lineno}")
    return [
        f"{', '.join(lines)}: one name, two meanings: {name.partition(': ')[2]}"
        for name, lines in places.items()
        if len(lines) > 1 and name not in SAME_CLASSES
    ]


def circle_faults(sources: dict[str, str]) -> list[str]:
    """Return a circle of modules that import each other, also inside functions or for types only.

    Args:
        sources: The text of each module, by its dotted name.
    """
    imports: dict[str, set[str]] = {}
    for module, text in sources.items():
        names: set[str] = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{item.name}" for item in node.names}
                names |= {name if name in sources else node.module for name in inner}
            elif isinstance(node, ast.Import):
                names |= {item.name for item in node.names}
        imports[module] = (names & sources.keys()) - {module}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return [f"{' > '.join(reversed(error.args[1]))}: a circle of imports"]
    return []


def node_faults(path: Path, node: ast.AST) -> list[str]:
    """Return what is too large in a definition."""
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
    """Print all faults; return 1 if there are any."""
    paths = tracked_files()
    faults = [*(fault for path in paths for fault in file_faults(path)), *class_faults(paths)]
    modules = [path for path in paths if path.parts[0] in PACKAGES and path.stem != "__init__"]
    faults += circle_faults({".".join(path.with_suffix("").parts): path.read_text() for path in modules})
    for fault in faults:
        print(fault)
    print(f"house rules: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
