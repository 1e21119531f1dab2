"""The console's types of the API's answers against the document that the server serves.

docs/reference/openapi.json is what is served (scripts/generate.py --check). A type may leave members out; it may not
name one that is not described, require one that may be missing, or give it another type.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.console.conftest import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
SOURCE = (ROOT / "console" / "src" / "api" / "types.ts").read_text(encoding="utf-8")
SCHEMAS = DOCUMENT["components"]["schemas"]
PLAIN = {"string": {"string"}, "number": {"integer", "number"}, "boolean": {"boolean"}}
ANY = {"Num", "Value", "State"}  # values of people, and numbers that JSON has no form for


def answer(method: str, path: str, *members: str) -> dict[str, Any]:
    """Return the schema of a good answer, or of something in it."""
    answers = DOCUMENT["paths"][path][method]["responses"]
    found = next(answers[status] for status in ("200", "201") if status in answers)
    schema = found["content"]["application/json"]["schema"]
    for member in members:
        schema = resolved(schema)
        schema = schema["items"] if member == "[]" else schema["properties"][member]
    return resolved(schema)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return SCHEMAS[reference.rpartition("/")[2]] if reference else schema


ROOTS = {
    "Trial": SCHEMAS["Trial"],
    "TrialDetail": answer("get", "/trials/{id}"),
    "TrialPage": answer("get", "/trials"),
    "TrialColumns": answer("get", "/trials/columns"),
    "TrialValues": answer("get", "/trials/values"),
    "Folder": SCHEMAS["Folder"],
    "FolderPage": answer("get", "/folders"),
    "Session": SCHEMAS["Session"],
    "Key": answer("post", "/me/keys"),
    "Share": answer("post", "/folders/{id}/shares"),
    "SharedItem": answer("get", "/shared", "items", "[]"),
    "TrashPage": answer("get", "/trash"),
    "ServerInfo": answer("get", "/info"),
    "Artifact": SCHEMAS["Artifact"],
    "ArtifactPage": answer("get", "/artifacts"),
    "ObjectPage": answer("get", "/artifacts/{id}/objects"),
    "Lineage": answer("get", "/artifacts/{id}/lineage"),
    "MediaKeys": answer("get", "/trials/{id}/media/keys"),
    "MediaSteps": answer("get", "/trials/{id}/media/steps"),
    "MediaPage": answer("get", "/trials/{id}/media"),
    "SavedView": answer("get", "/folders/{id}/views", "views", "[]"),
}


def aliases(source: str) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in re.findall(r"export type (\w+) = ([^;{]+);", source)}


def interfaces(source: str) -> dict[str, dict[str, tuple[bool, str]]]:
    """Return, by interface and member, whether it may be missing and its type."""
    found: dict[str, dict[str, tuple[bool, str]]] = {}
    for name, parent, body in re.findall(r"export interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", source, re.DOTALL):
        body = re.sub(r"/\*\*.*?\*/", "", body, flags=re.DOTALL)
        members = re.findall(r"^  (\w+)(\??): (.+);$", body, re.MULTILINE)
        found[name] = {**found.get(parent, {}), **{member: (mark == "?", kind) for member, mark, kind in members}}
    return found


class Comparison:
    """Finds what the types of a source say otherwise than the document."""

    def __init__(self, source: str) -> None:
        self.known, self.names = interfaces(source), aliases(source)
        self.found: list[str] = []

    def whole(self, where: str, kind: str, schema: dict[str, Any]) -> None:
        """Compare a type, of which null may be a part."""
        kind = self.names.get(kind.strip(), kind.strip())
        if kind in ANY or kind == self.names.get("Num"):
            return
        parts = [kind] if "{" in kind else [part.strip() for part in kind.split(" | ")]
        choices = [resolved(one) for one in resolved(schema).get("anyOf", [resolved(schema)])]
        is_null = {"type": "null"} in choices
        if is_null != ("null" in parts):
            self.found.append(f"{where}: null is {'missing' if is_null else 'never sent'}")
        one = next((choice for choice in choices if choice != {"type": "null"}), {})
        self.part(where, [self.names.get(part, part) for part in parts if part != "null" and part not in ANY], one)

    def part(self, where: str, parts: list[str], schema: dict[str, Any]) -> None:
        if not parts:
            return
        kind = " | ".join(parts)
        if kind.startswith('"'):
            fits = sorted(json.loads(part) for part in kind.split(" | ")) == sorted(schema.get("enum", []))
            self.check(fits, where, kind, schema)
        elif kind.endswith("[]"):
            self.check(schema.get("type") == "array", where, kind, schema)
            self.whole(f"{where}[]", kind.removesuffix("[]"), schema.get("items", {}))
        elif kind.startswith("Record<string, "):
            self.check(schema.get("type") == "object", where, kind, schema)
            values = schema.get("additionalProperties")
            if values is not None:
                self.whole(f"{where}.*", kind.removeprefix("Record<string, ").removesuffix(">"), values)
        elif kind.startswith("{"):
            members = re.findall(r"(\w+)(\??): ([^;}]+)", kind)
            self.members(where, {name: (mark == "?", of.strip()) for name, mark, of in members}, schema)
        elif kind in self.known:
            self.members(where, self.known[kind], schema)
        else:
            sent = schema.get("type") or ("string" if "const" in schema or "enum" in schema else None)
            self.check(sent in PLAIN[kind], where, kind, schema)

    def members(self, where: str, members: dict[str, tuple[bool, str]], schema: dict[str, Any]) -> None:
        described = schema.get("properties")
        if described is None:
            self.check(schema.get("type") == "object", where, "an interface", schema)
            return
        for name, (is_optional, kind) in members.items():
            if name not in described:
                self.found.append(f"{where}.{name} is not described")
                continue
            if not is_optional and name not in schema.get("required", []):
                self.found.append(f"{where}.{name} may be missing")
            self.whole(f"{where}.{name}", kind, described[name])

    def check(self, fits: bool, where: str, kind: str, schema: dict[str, Any]) -> None:
        if not fits:
            self.found.append(f"{where}: {kind} is not {schema}")


def drift(source: str) -> list[str]:
    comparison = Comparison(source)
    for name, schema in ROOTS.items():
        comparison.members(name, comparison.known[name], schema)
    return list(dict.fromkeys(comparison.found))


def test_the_types_say_what_the_document_says() -> None:
    assert len(interfaces(SOURCE)) >= 15
    assert drift(SOURCE) == []


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("  owner: string;\n  status", "  owner: number;\n  status", "Trial.owner: number is not"),
        ("  tags: string[];", "  tags: string[];\n  colour: string;", "Trial.colour is not described"),
        ("  count?: Count;", "  count: Count;", "TrialPage.count may be missing"),
        ('"viewer" | "editor" | "owner"', '"viewer" | "editor"', "Trial.role: "),
        (
            "  alternative_name: string | null;",
            "  alternative_name: string;",
            "Trial.alternative_name: null is missing",
        ),
        ("varies: boolean", "varies: string", "TrialColumns.parameters[].varies: string is not"),
    ],
)
def test_a_planted_drift_is_found(before: str, after: str, wanted: str) -> None:
    assert before in SOURCE
    found = drift(SOURCE.replace(before, after, 1))
    assert any(one.startswith(wanted) for one in found), found
