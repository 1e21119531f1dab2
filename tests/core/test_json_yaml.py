"""What is written without PyYAML is the same document for PyYAML, and for whoever reads it without."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aimd_core.errors import MissingPackageError
from aimd_core.format.documents import parse_mapping
from aimd_core.format.json_yaml import dump, load
from tests.core.test_plain_yaml import WORDS

NAMES = WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = NAMES | st.none() | st.booleans() | st.integers() | st.floats()
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
    ),
    max_size=4,
)


@given(document=DOCUMENTS)
@example(document={"a": [1e-05, 1e16, 5e-324, math.inf, -math.inf, math.nan], "b": ".nan -.inf", "c": '".inf"\\'})
@example(document={"模型": "第一行\n第二行", "😀": "\x7f\x85\u2028\ufeff\uffff\x00", "yes": "no", "<<": {"=": "~"}})
def test_every_document_is_read_as_it_was_by_either_reader(document: dict[str, object]) -> None:
    text = dump(document)
    assert repr(load(text, "here")) == repr(document)  # also 1, 1.0 and True, the order, and NaN
    assert repr(parse_mapping(text, "here")) == repr(document)
    assert repr(yaml.safe_load(text)) == repr(document)


@pytest.mark.parametrize("text", [b"a: |\n  b\n", b"a: &x 1\nb: *x\n", b"\xff", b"[" * 100_000])
def test_what_only_pyyaml_reads_says_so(text: bytes) -> None:
    with pytest.raises(MissingPackageError, match="yaml is not installed"):
        load(text, "here")


def test_a_key_that_yaml_would_not_read_is_refused() -> None:
    assert yaml.safe_load(dump({"k" * 1000: {"n" * 1000: 1}})) == {"k" * 1000: {"n" * 1000: 1}}
    with pytest.raises(MissingPackageError):
        dump({"k" * 1001: 1})
