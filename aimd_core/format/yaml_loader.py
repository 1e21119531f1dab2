"""YAML by PyYAML, for documents that `plain_yaml` leaves to it. Values are plain data: a date stays text.

It is loaded only for them, because PyYAML is a third of what the first trial of a script loads.
"""

from __future__ import annotations

from functools import lru_cache

import yaml

from aimd_core.errors import DamagedError
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path

STRING = "tag:yaml.org,2002:str"
# Which unquoted scalars are not strings, by their first character: as YAML has it, but a date stays text.
RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _PlainLoader(_BaseLoader):  # type: ignore[valid-type,misc]
    """Loads plain data: time stamps stay text, and there are no merge keys, which can expand endlessly."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, "merge keys are not supported", key.start_mark)
        super().flatten_mapping(node)


class _PlainDumper(_BaseDumper):  # type: ignore[valid-type,misc]
    """Writes no anchors, so that a value used twice stays readable."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_PlainLoader.yaml_implicit_resolvers = RESOLVERS
_MAP, _SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class _SimpleLoader(_PlainLoader):
    """Loads documents without anchors in less than half the time: a listing reads thousands of them."""

    def descend_resolver(self, *_: object) -> None:
        """Do nothing: there are no path resolvers."""

    def ascend_resolver(self) -> None:
        """Do nothing: there are no path resolvers."""

    def resolve(self, kind: type, value: str, implicit: tuple[bool, bool]) -> str:
        if kind is yaml.ScalarNode:
            return plain_tag(value) if implicit[0] else STRING
        return str(super().resolve(kind, value, implicit))

    def construct_document(self, node: yaml.Node) -> object:
        return self._build(node)

    def _build(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == STRING else self.construct_object(node)
        if node.tag == _MAP:
            return {self._build(key): self._build(value) for key, value in node.value}
        if node.tag == _SEQUENCE:
            return [self._build(item) for item in node.value]
        return self.construct_object(node, deep=True)


@lru_cache(maxsize=4096)
def plain_tag(value: str) -> str:
    """Return the tag of an unquoted scalar."""
    for tag, pattern in RESOLVERS.get(value[:1], []) + RESOLVERS.get(None, []):
        if pattern.match(value):
            return str(tag)
    return STRING


def load(text: bytes, origin: str | Path) -> object:
    """Return the document in a text.

    Args:
        text: The document.
        origin: Where it came from, for the error.

    Raises:
        DamagedError: It is not valid YAML.
    """
    try:
        return _load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DamagedError(path=origin, reason=_fault(error)) from error


def dump(document: dict[str, object]) -> bytes:
    """Return a mapping as YAML, keeping the order of keys."""
    rendered: bytes = yaml.dump(
        document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, encoding="utf-8", default_flow_style=False
    )
    return rendered


def _load(text: bytes) -> object:
    if b"&" not in text and b"*" not in text:  # no anchors, so nothing expands or contains itself
        try:
            return yaml.load(text, Loader=_SimpleLoader)  # noqa: S506 - a subclass of the safe loader
        except (yaml.YAMLError, TypeError, UnicodeDecodeError, RecursionError, ValueError):
            pass  # reported below, in the plain loader's words
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a subclass of the safe loader


def _fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0] if str(error) else "unreadable"
    where = said("line {line}", line=mark.line + 1) if mark is not None else "the file"
    return said("{where} is not valid YAML ({problem})", where=where, problem=problem)
