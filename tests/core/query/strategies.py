"""Hypothesis strategies: fields, values, conditions and trials, odd names included."""

from __future__ import annotations

from hypothesis import strategies as st

from aimd_core.format.model import STATES
from aimd_core.query.literals import read_moment
from aimd_core.query.tree import (
    AGGREGATES,
    GIT_FIELDS,
    ORDERINGS,
    TRIAL_FIELDS,
    Among,
    And,
    Compare,
    Condition,
    Field,
    Flag,
    Missing,
    Moment,
    Not,
    Number,
    Or,
    Text,
    Value,
)
from aimd_core.reading.facts import WholeFacts

words = st.sampled_from(
    ["a", "b", "loss", "max", "and", "学习率", "x y", 'q"uote', "back\\slash", "-x", "a:b", "", "1"]
)
any_text = st.one_of(words, st.text(max_size=6))
dotted = st.lists(any_text, min_size=1, max_size=3).map(".".join)
numbers = st.one_of(st.integers(-3, 3), st.floats(allow_nan=False, width=32), st.sampled_from([0.1, 1e300]))
moments = st.sampled_from(["2026", "2026-11", "2026-11-23", "2026-11-23T15:03", "2026-11-23 15:03:27.5+08:00"])


def _moment(text: str) -> Moment:
    moment = read_moment(text)
    assert moment is not None
    return moment


fields = st.one_of(
    st.builds(Field, st.just("trial"), st.sampled_from(list(TRIAL_FIELDS)), st.just("")),
    st.builds(Field, st.sampled_from(["params", "platform"]), dotted, st.just("")),
    st.builds(Field, st.just("git"), st.sampled_from(list(GIT_FIELDS)), st.just("")),
    st.builds(
        Field,
        st.just("metric"),
        st.tuples(any_text, dotted).map(".".join),
        st.sampled_from(AGGREGATES),
    ),
)


def values_for(field: Field) -> st.SearchStrategy[Value]:
    """Values of the shape of a field."""
    shape = field.shape
    if shape in ("number", "duration"):
        return st.builds(Number, numbers)
    if shape == "moment":
        return moments.map(_moment)
    if shape == "boolean":
        return st.builds(Flag, st.booleans())
    if shape == "state":
        return st.sampled_from(STATES).map(Text)
    if shape == "any":
        return st.one_of(st.builds(Number, numbers), st.builds(Flag, st.booleans()), st.builds(Text, any_text))
    return st.builds(Text, any_text)


def operators_for(field: Field, value: Value) -> list[str]:
    """The operators that the language allows between these two."""
    allowed = ["=", "!="]
    if field.shape not in ("number", "duration", "moment", "boolean") and value.kind == "text":
        allowed += ["~", "!~"]
    if field.shape not in ("state", "tags", "names", "boolean", "prefix") and value.kind != "flag":
        allowed += ORDERINGS
    return allowed


@st.composite
def leaves(draw: st.DrawFn) -> Condition:
    """One comparison."""
    field = draw(fields)
    kind = draw(st.sampled_from(["compare", "among", "missing"]))
    if kind == "missing":
        return Missing(field, draw(st.booleans()))
    if kind == "among":
        return Among(field, tuple(draw(st.lists(values_for(field), min_size=1, max_size=3))), draw(st.booleans()))
    value = draw(values_for(field))
    return Compare(field, draw(st.sampled_from(operators_for(field, value))), value)


def _grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


conditions = st.recursive(leaves(), _grown, max_leaves=8)

_scalars = st.one_of(numbers, st.booleans(), st.none(), any_text, st.just(float("nan")))
_summaries = st.dictionaries(
    st.sampled_from(AGGREGATES), st.one_of(numbers, st.none(), st.sampled_from(["NaN", "Infinity", "-Infinity"]))
)
trials = st.builds(
    WholeFacts,
    name=any_text,
    alternative_name=any_text,
    id=st.sampled_from(["", "ab12cd34", "ab99"]),
    state=st.sampled_from(STATES),
    folder=any_text,
    started=st.sampled_from([None, "2026-11-23T15:03:27.664883+00:00", "2026-11-20T00:00:00Z", "no time"]),
    ended=st.sampled_from([None, "2026-11-23T16:00:00+00:00"]),
    tags=st.lists(words, max_size=3),
    note=any_text,
    params=st.dictionaries(dotted, _scalars, max_size=4),
    metrics=st.dictionaries(st.tuples(words, words).map(".".join), _summaries, max_size=3),
    git=st.fixed_dictionaries({}, optional={"commit": words, "branch": words, "is_dirty": st.booleans()}),
    platform=st.dictionaries(words, words, max_size=2),
    segments=st.lists(
        st.fixed_dictionaries(
            {"kind": st.just("fork"), "parent": words, "parent_name": words, "from_step": st.just(5)}
        ),
        max_size=1,
    ),
)
