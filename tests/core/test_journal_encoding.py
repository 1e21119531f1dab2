from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aimd_core.format.journal import encode_number, encode_record

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
STEPS = st.integers()


@given(
    metrics_type=NAMES,
    values=st.dictionaries(NAMES, st.floats(), max_size=12),
    step=STEPS,
    epoch=st.none() | STEPS,
)
@example(metrics_type="train", values={"lo\u2028ss": -0.0, '"\\\n': 5e-324}, step=2**63 - 1, epoch=0)
@example(metrics_type="验证", values={"🎉": float("nan"), "": float("-inf")}, step=-1, epoch=None)
def test_a_record_is_byte_for_byte_what_json_dumps_writes(
    metrics_type: str, values: dict[str, float], step: int, epoch: int | None
) -> None:
    when = "2026-11-23T15:03:27.946397+00:00"
    document = {metrics_type: {"value": values, "sequence": {"epoch": epoch, "step": step, "timestamp": when}}}
    assert encode_record(metrics_type, values, step, epoch, when) == json.dumps(document).encode() + b"\n"


@pytest.mark.parametrize(
    ("value", "token"),
    [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity"), (1e22, "1e+22")],
)
def test_a_number_that_is_not_finite_becomes_the_token_that_python_reads(value: float, token: str) -> None:
    assert encode_number(value) == token
