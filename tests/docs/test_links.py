"""What the documents point at is there: pages, headings, files of the repository, and every page from the index."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.prose import prose_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
TOP = ("aimd_cli", "aimd_core", "aimd_server", "t9k", "benchmarks", "console", "docs", "examples", "scripts", "tests")
# Made by a build, absent on purpose, an address of the server, a folder that trials are uploaded to.
NOT_FILES = ("aimd_server/static", "console/node_modules", "t9k/__init__.py", "t9k/experiment", "examples/digits")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(rf"(?<![\w./<-])(?:{'|'.join(TOP)})/[\w./-]*[\w/]")
_SECTION = re.compile(r'((?:docs/[\w./-]+|[A-Z]+)\.md), "([^"]+)"')


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / line for line in sorted(set(listed.stdout.splitlines())) if (ROOT / line).is_file()]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    slugs: set[str] = set()
    for heading in re.findall(r"^#+ +(.*)$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        repeats = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in slugs)
        slugs.add(f"{slug}-{repeats}" if repeats else slug)
    return slugs


def dead_links(page: Path, text: str) -> Iterator[str]:
    """Return the links of a page that lead nowhere in the repository."""
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if file != page and not (file.exists() and file.is_relative_to(ROOT)):
            yield f"{page.relative_to(ROOT)}: {target} does not exist"
        elif anchor and anchor not in anchors(text if file == page else file.read_text(encoding="utf-8")):
            yield f"{page.relative_to(ROOT)}: {target} has no such heading"


def dead_paths(file: Path, text: str) -> Iterator[str]:
    """Return the paths of the repository that a text names and that do not exist, and headings that are not there."""
    for path in _PATH.findall(text):
        if not path.startswith(NOT_FILES) and not (ROOT / path).exists() and not list(ROOT.glob(f"{path}.*")):
            yield f"{file.relative_to(ROOT)}: {path} does not exist"
    for page, heading in _SECTION.findall(re.sub(r"\n\s*(#\s*)?", " ", text)):
        if (ROOT / page).exists() and heading not in re.findall(r"^#+ +(.*)$", (ROOT / page).read_text(), re.MULTILINE):
            yield f"{file.relative_to(ROOT)}: {page} has no heading {heading!r}"


def unlisted(index: str, pages: list[Path]) -> list[str]:
    """Return the pages that the index does not link to."""
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in _LINK.findall(index)}
    return [str(page.relative_to(ROOT)) for page in pages if page not in linked and page != INDEX]


def test_every_link_of_a_document_leads_somewhere() -> None:
    assert [dead for page in tracked("*.md") for dead in dead_links(page, page.read_text(encoding="utf-8"))] == []


def text_of(file: Path) -> str:
    """Return what may name paths of the repository; a test's own strings may name files that it plants."""
    text = file.read_text(encoding="utf-8")
    return "\n".join(prose_of(text)) if file.suffix == ".py" and ROOT / "tests" in file.parents else text


def test_every_path_that_documents_and_code_name_exists() -> None:
    files = tracked("*.md", "*.py", "*.ts", "pyproject.toml")
    assert [dead for file in files for dead in dead_paths(file, text_of(file))] == []


def dead_modules(text: str) -> list[str]:
    """Return the modules in backquotes, with or without directories before them, that no package has."""
    modules = [f"/{path.relative_to(ROOT)}" for path in tracked("aimd_*.py", "t9k/*.py")]
    names = dict.fromkeys(re.findall(r"`([\w/]+\.py)`", text))
    return [name for name in names if not any(module.endswith(f"/{name}") for module in modules)]


def test_every_module_that_the_architecture_names_exists() -> None:
    assert dead_modules((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")) == []
    assert dead_modules("`growth.py`, `trial.py`, `stores/gone.py`, `stores/schema.py`") == [
        "growth.py",
        "stores/gone.py",
    ]


def test_every_page_has_a_place_in_the_index() -> None:
    pages = [path for path in tracked("docs") if path.suffix in (".md", ".json")]
    assert unlisted(INDEX.read_text(encoding="utf-8"), pages) == []


def test_dead_links_paths_and_missing_pages_are_seen() -> None:
    page = DOCS / "guides" / "planted.md"
    text = (
        "# One\n[a](server.md) [b](gone.md) [c](#one) [d](#two) [e](server.md#nothing-of-that) [f](https://x.org/y)\n"
    )
    assert [dead.split(": ")[1] for dead in dead_links(page, text)] == [
        "gone.md does not exist",
        "#two has no such heading",
        "server.md#nothing-of-that has no such heading",
    ]
    text = 'See `aimd_core/gone.py`, `docs/README.md`, docs/README.md, "Guides" and docs/README.md, "Nothing".'
    assert [dead.split(": ")[1] for dead in dead_paths(page, text)] == [
        "aimd_core/gone.py does not exist",
        "docs/README.md has no heading 'Nothing'",
    ]
    assert unlisted("[a](guides/server.md)", [page, DOCS / "guides" / "server.md"]) == ["docs/guides/planted.md"]
    assert anchors("# A `b` c!\n## d\n## d\n```\n# no\n```\n") == {"a-b-c", "d", "d-1"}
