from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aimd_core.errors import DamagedError
from aimd_core.format import documents, plain_yaml, yaml_loader
from aimd_core.format.documents import parse_mapping, render_mapping
from aimd_core.format.plain_yaml import read_plain, render_plain

KEYS = st.sampled_from(
    ["a", "b", "lr", "yes", "null", "_git", "a.b", "a/b", "x-y", "1", "~", "=", "<<", "'q'", "模型", "a b"]
)
PRINTED = """\
1|-1|0x1F|010|1_000|1:30|1e3|1.0e+3|.5|.nan|-.inf|true|NO|~|null|=|<<|2024-01-01|2022-01-31T09:59:59+00:00|a|a:b|a:
https://x/y|a b|a  b|a #b|a#b|- a|-|--|-a|?|? a|*a|&a|!x|!!str 1|%a|@a|`a|a: b|=a|.|..|a,b|a]|(a)|a%20|a |...|---|>|值
''|'a b'|'a: b'|'it''s'|""|"a"|"a\\n"|"a|'a|a'b|[]|{}|[1, 2]|[1,2]|[a, 'b: c']|[a: 1]|[a, [b]]|[,]
{a: 1, b: no}|{a: 1, a: 2}|{a:1}|{a}|{1: 2}|{no: 2}""".replace("\n", "|").split("|")
WORDS = st.sampled_from([*PRINTED, "|", "a\u0301", "\u00a0", "\u2028", "\ufeff", "a\tb", "a\r", "\x85"])
VALUES = WORDS | st.text("ab1:-,.'\"#[]{} ~", max_size=5)
LINES = st.builds(
    lambda indent, head, value: " " * indent + head + value,
    st.sampled_from([0, 0, 0, 1, 2, 2, 4]),
    KEYS.map("{}:".format) | st.just("-") | KEYS.map("- {}:".format) | st.sampled_from(["", "#", "---", "..."]),
    st.just("") | VALUES.map(" {}".format) | VALUES,
)
NAMES = st.text("abcxyz_./-01", min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
PLAIN = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def loaded(text: bytes) -> object:
    """Return what the loader says, without the shortcut, as JSON has it."""
    return documents._as_json_has_it(yaml.load(text, Loader=yaml_loader._PlainLoader), 0, [1000])


@given(lines=st.lists(LINES, min_size=1, max_size=6), end=st.sampled_from(["", "\n", "\n\n", "\r\n"]))
@example(lines=["a:", "  b:", "- x"], end="\n")
@example(lines=["a:", "- 1", "- 2", "b:", "  - 3", "c: 4"], end="\n")
@example(lines=["a: 1", "  b"], end="\n")
def test_whatever_is_taken_at_sight_is_what_the_loader_takes_it_for(lines: list[str], end: str) -> None:
    text = ("\n".join(lines) + end).encode()
    read = read_plain(text)
    if read is not None:
        assert repr(read) == repr(loaded(text))  # also 1, 1.0 and True, the order, and NaN


@given(document=PLAIN)
def test_what_programs_write_is_read_alike(document: dict[str, object]) -> None:
    text = render_mapping(document)
    read = read_plain(text)
    if read is not None:
        assert repr(read) == repr(loaded(text))


METADATA = b"""\
kind: Trial
metadata:
  folder: null
  name: cnn_keras
  id: afc6e66f-a3ca-4103-ae8b-b74a872f6b07
platform:
  os: Linux-6.18.44-x86_64-with-glibc2.36
  python: 3.11.7
  pypkgs: {torch: 2.13.0, numpy: 2.4.6}
  framework: PyTorch Lightning
startTime: '2026-11-23T15:03:27.664883+00:00'
endTime: null
inputArtifacts: []
layers:
- 64
- 1.0e-05
_upload:
  folder_path: image_classification/mnist
  make_folder: true
_git: {}
"""


def test_the_metadata_of_a_trial_needs_no_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = loaded(METADATA)
    monkeypatch.setattr(yaml_loader, "_load", lambda text: pytest.fail("the loader was asked"))
    assert repr(parse_mapping(METADATA, "here")) == repr(expected)


@pytest.mark.parametrize("text", [b"a: [1]\nb: {c: 2}\n", b"a:\n- 1\nb:\n  c: 2\n"])
def test_no_document_shares_a_value_with_another(text: bytes) -> None:
    first = parse_mapping(text, "here")
    assert isinstance(first["a"], list)
    assert isinstance(first["b"], dict)
    first["a"].append("mine")
    first["b"]["mine"] = 1
    assert parse_mapping(text, "here") == {"a": [1], "b": {"c": 2}}


def test_deep_and_long_documents_are_left_to_the_loader() -> None:
    deep = "".join(f"{' ' * level}a:\n" for level in range(70)).encode()
    assert read_plain(deep) is None
    with pytest.raises(DamagedError, match="nested too deep"):
        parse_mapping(deep, "here")
    assert read_plain(b"a: " + b"x" * 2000 + b"\n") is None
    assert read_plain(b"a: 1\n" * 60_000) is None


def test_lines_that_are_kept_are_few_and_short() -> None:
    assert plain_yaml._line.cache_info().maxsize == 1024
    with pytest.raises(ValueError, match="xxx"):
        plain_yaml._line(f"a: {'x' * 1100}")


SOMETHING_ELSE = st.text("0123456789_.:+-eExXabnifNITZz ~", min_size=1, max_size=12) | st.sampled_from(
    [text for text in PRINTED if text]
)


@given(SOMETHING_ELSE)
@example("2024-1-1 1:00:00.5 -05:30")
@example("190:20:30.15")
def test_what_is_text_is_told_as_by_yaml(value: str) -> None:
    if value[0] in "<=!&*":  # no plain scalar of ours begins so
        return
    assert plain_yaml._is_text(value) == (yaml_loader.plain_tag(value) == yaml_loader.STRING)


TEXTS = st.text("abnoNOyesTRUEnull019-_./:+=~@() eE", max_size=90) | SOMETHING_ELSE | st.text(max_size=8)
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(DOCUMENTS)
@example({})
@example({"a": {"b": {}, "c": [], "d": [1.5, "x", None]}, "e": [[1]], "f": {"g": {"h": 1e-05}}})
@example({"a" * 100: {"b": "c " * 30}, "kind": "Trial", "at": "2026-11-23T15:03:27.664883+00:00"})
@example({"url": "https://x/y", "command": "python train.py --lr 0.1", "n": -0.0, "i": [1e16, float("-inf")]})
def test_what_is_written_at_sight_is_written_as_by_yaml(document: dict[str, object]) -> None:
    rendered = render_plain(document)
    assert rendered is None or rendered == yaml_loader.dump(document)
