"""Parses queries and sort keys by recursive descent, one function per rule of the grammar in docs/reference/query.md.

It raises only `QueryError`, and refuses nesting deeper than `MAX_DEPTH` instead of exhausting the stack.
"""

from __future__ import annotations

from typing import NoReturn

from aimd_core.format.model import STATES
from aimd_core.language import said
from aimd_core.query.fields import RESERVED, field_of
from aimd_core.query.lexer import Token, fail, tokens_of
from aimd_core.query.literals import read_duration_s, read_moment, read_number
from aimd_core.query.tree import (
    EVERYTHING,
    OPERATORS,
    ORDERINGS,
    Among,
    And,
    Compare,
    Condition,
    Field,
    Flag,
    Missing,
    Not,
    Number,
    Or,
    Query,
    SortKey,
    Text,
    Value,
)

MAX_DEPTH = 60
_LABELS = {"tag": "tags", "note": "note"}
WORDS_FOR_SIGNS = {"like": "~", "contains": "~", "matches": "~", "equals": "=", "eq": "=", "gt": ">", "lt": "<"}
_ORDERLESS = ("state", "tags", "names", "boolean", "prefix")
_TEXTLESS = ("number", "duration", "moment", "boolean")
_WANTED = {
    "number": ("a number", "For example: 0.9, 1e-3, nan"),
    "duration": ("a duration", "For example: 90s, 10m, 2h, 1h30m, 3d, 1w"),
    "moment": ("a time", "For example: 2026-11-23, 2026-11, 2026-11-23T15:03, with an offset if you like: ...+08:00"),
    "boolean": ("true or false", "Write: = true"),
}


def parse(text: str) -> Query:
    """Parse a query; an empty one matches everything.

    Raises:
        QueryError: It is not a query. The error points at the fault and says what to write instead.
    """
    return Parser(text).query()


def parse_field(text: str) -> Field:
    """Parse the name of a field, such as `val.acc.max` or `params.lr`.

    Raises:
        QueryError: It is not a field.
    """
    reader = Parser(text)
    field = reader.field()
    if reader.now.kind != "end":
        reader.fail_here(said("{text!r} is not expected after a field's name", text=reader.now.text))
    return field


def parse_fields(text: str) -> tuple[Field, ...]:
    """Parse comma-separated names of fields.

    Raises:
        QueryError: They are not fields.
    """
    reader = Parser(text)
    fields = [reader.field()]
    while reader.take(","):
        fields.append(reader.field())
    if reader.now.kind != "end":
        reader.fail_here(said("{text!r} is not expected here", text=reader.now.text), "Put a comma between two fields")
    return tuple(fields)


def parse_columns(text: str) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Return the fields of --columns: those to show instead of the usual ones, and with a leading + those besides them.

    Raises:
        QueryError: They are not fields.
    """
    if not text.strip():
        return (), ()
    is_added = text.lstrip().startswith("+")
    fields = parse_fields(text.replace("+", "", 1) if is_added else text)
    return ((), fields) if is_added else (fields, ())


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Parse sort keys: comma-separated fields, with `-` in front for the largest first.

    Raises:
        QueryError: They are not fields.
    """
    reader = Parser(text)
    keys = [reader.sort_key()]
    while reader.take(","):
        keys.append(reader.sort_key())
    if reader.now.kind != "end":
        reader.fail_here(
            said("{text!r} is not expected here", text=reader.now.text), "Put a comma between two sort keys"
        )
    return tuple(keys)


def operators_for(shape: str) -> tuple[str, ...]:
    """Return the operators that values of a shape can be compared with."""
    without = (*(ORDERINGS if shape in _ORDERLESS else ()), *(("~", "!~") if shape in _TEXTLESS else ()))
    return tuple(operator for operator in OPERATORS if operator not in without)


def _joining_hint(token: Token) -> str:
    if token.text == ")":
        return "There is no '(' for it to close"
    return "Join two conditions with: and, or"


class Parser:
    """The parser's position in the tokens, and a method for each rule; `gates` adds arithmetic to it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._tokens = tokens_of(source)
        self._position = 0

    @property
    def now(self) -> Token:
        """The next token, which is not consumed yet."""
        return self._tokens[self._position]

    @property
    def following(self) -> Token:
        """The token after the next one; the last one stays the last."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def fail_here(self, problem: str, hint: str = "") -> NoReturn:
        """Raise the error for the next token."""
        fail(self.source, self.now.start, max(self.now.end, self.now.start + 1), problem, hint)

    def advance(self) -> Token:
        """Consume the next token and return it."""
        token = self.now
        self._position += 1
        return token

    def take(self, *words: str) -> str:
        """Consume the next token if it is one of these, and return it."""
        word = self.now.bare
        if word and word in words:
            self._position += 1
            return word
        return ""

    def query(self) -> Query:
        """Read the whole text as a query."""
        if self.now.kind == "end":
            return Query(EVERYTHING, self.source)
        condition = self.either(0)
        if self.now.kind != "end":
            self.fail_here(said("{text!r} is not expected here", text=self.now.text), _joining_hint(self.now))
        return Query(condition, self.source)

    def either(self, depth: int) -> Condition:
        """Read `both { "or" both }`."""
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Condition:
        """Read `unary { "and" unary }`."""
        parts = [self.unary(depth)]
        while self.take("and"):
            parts.append(self.unary(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def unary(self, depth: int) -> Condition:
        """Read `"not" unary | "(" either ")" | label | comparison`."""
        if depth >= MAX_DEPTH:
            self.fail_here(said("nested deeper than {max_depth} levels", max_depth=MAX_DEPTH))
        if self.take("not"):
            return Not(self.unary(depth + 1))
        opening = self.now
        if self.take("("):
            inner = self.either(depth + 1)
            if not self.take(")"):
                fail(self.source, opening.start, opening.end, "this '(' is not closed", "Put a ')' where it ends")
            return inner
        return self.label() or self.comparison()

    def label(self) -> Condition | None:
        """Read `tag:WORD` or `note:WORD`."""
        token = self.now
        if not token.pieces or token.pieces[0].quoted:
            return None
        word, colon, rest = token.pieces[0].text.partition(":")
        name = _LABELS.get(word.lower())
        if not colon or name is None:
            return None
        self.advance()
        value = rest + "".join(piece.text for piece in token.pieces[1:])
        if not value:
            fail(
                self.source,
                token.start,
                token.end,
                said("there is nothing after {word}:", word=word),
                said("Write: {word}:WORD", word=word),
            )
        return Compare(Field("trial", name), "=" if name == "tags" else "~", Text(value))

    def field(self) -> Field:
        """Read a field's name."""
        token = self.now
        if token.kind == "end":
            self.fail_here("a condition is missing here" if self._position else "a field's name is missing")
        if token.kind != "term":
            self.fail_here(
                said("a field's name is expected, not {text!r}", text=token.text), "For example: val.acc.max > 0.9"
            )
        if token.bare in RESERVED:
            self.fail_here(said("a condition is missing before {text!r}", text=token.text))
        word, colon, rest = token.text.partition(":")
        if colon and token.bare:
            self.fail_here(
                said("{text!r} is not a field", text=token.text),
                said("Write: {word} = {value}", word=word, value=rest or "VALUE"),
            )
        return field_of(self.source, self.advance())

    def sort_key(self) -> SortKey:
        """Read `[ "-" | "+" ] field`."""
        token = self.now
        sign = token.pieces[0].text[:1] if token.pieces and not token.pieces[0].quoted else ""
        if sign in ("-", "+"):
            first, *others = token.pieces
            kept = tuple(
                piece for piece in (first._replace(text=first.text[1:]), *others) if piece.text or piece.quoted
            )
            if not kept:
                self.fail_here("a field's name is missing after the sign", "For example: -val.acc.max")
            shorter = token._replace(text="".join(piece.text for piece in kept), start=token.start + 1, pieces=kept)
            self._tokens[self._position] = shorter
        return SortKey(self.field(), sign == "-")

    def comparison(self) -> Condition:
        """Read `field operator value`, `field ["not"] "in" "[" values "]"` or `field "is" ["not"] "missing"`."""
        field = self.field()
        if self.take("is"):
            negated = bool(self.take("not"))
            if not self.take("missing", "null"):
                self.fail_here("'missing' is expected after 'is'", "Write: is missing, or: is not missing")
            return Missing(field, negated)
        token = self.now
        if self.take("not"):
            if not self.take("in"):
                self.fail_here("'in' is expected after 'not'", "Write: not in [a, b]")
            return Among(field, self.values(field), True)
        if self.take("in"):
            return Among(field, self.values(field))
        operator = self.take(*OPERATORS)
        if not operator:
            sign = WORDS_FOR_SIGNS.get(token.bare)
            hint = said("Write: {wanted}", wanted=sign) if sign else "One of: = != < <= > >= ~ !~ in, is missing"
            self.fail_here("an operator is expected here" if token.kind != "end" else "an operator is missing", hint)
        return self.compared(field, operator, token)

    def compared(self, field: Field, operator: str, sign: Token) -> Condition:
        """Read the value after an operator."""
        if operator in ORDERINGS and field.shape in _ORDERLESS:
            fail(
                self.source,
                sign.start,
                sign.end,
                said("{name} has no order", name=field.name),
                "Compare it with: = != ~ in",
            )
        if operator in ("~", "!~") and field.shape in _TEXTLESS:
            fail(
                self.source,
                sign.start,
                sign.end,
                said("{operator!r} is for text", operator=operator),
                "Compare it with: = != < <= > >= in",
            )
        if self.now.bare == "null":
            if operator not in ("=", "!="):
                self.fail_here("null has no order", "Write: is missing, or: is not missing")
            self.advance()
            return Missing(field, operator == "!=")
        value = self.value(field, as_text=operator in ("~", "!~"))
        if value.kind == "flag" and operator in ORDERINGS:
            fail(self.source, sign.start, sign.end, "true and false have no order", "Compare with: = !=")
        return Compare(field, operator, value)

    def values(self, field: Field) -> tuple[Value, ...]:
        """Read `"[" value { "," value } "]"`, or the same in parentheses."""
        opening = self.now
        closing = {"[": "]", "(": ")"}.get(self.take("[", "("), "")
        if not closing:
            self.fail_here("'[' is expected after 'in'", "Write: in [a, b]")
        values = [self.value(field)]
        while self.take(","):
            values.append(self.value(field))
        if not self.take(closing):
            if self.now.kind == "term":
                self.fail_here("a comma is missing before this", "Put a comma between two values")
            fail(self.source, opening.start, opening.end, said("this {text!r} is not closed", text=opening.text))
        return tuple(values)

    def value(self, field: Field, as_text: bool = False) -> Value:
        """Read one value of the field's shape."""
        token = self.now
        if token.kind != "term":
            shown = said("the end") if token.kind == "end" else repr(token.text)
            self.fail_here(
                said("a value is expected here, not {shown}", shown=shown),
                "Put text with signs or spaces in quotes",
            )
        if token.bare in RESERVED - {"true", "false"}:
            self.fail_here(
                said("a value is expected here; {text!r} is a word of the language", text=token.text),
                "Put it in quotes",
            )
        self.advance()
        return Text(token.text) if as_text else self._shaped(field.shape, token)

    def _shaped(self, shape: str, token: Token) -> Value:
        if shape in ("text", "prefix", "tags", "names"):
            return Text(token.text)
        if shape == "state":
            return self._state(token)
        value = _read(shape, token)
        if value is None:
            expected, hint = _WANTED[shape]
            fail(
                self.source,
                token.start,
                token.end,
                said("{text!r} is not {wanted}", text=token.text, wanted=expected),
                hint,
            )
        return value

    def _state(self, token: Token) -> Value:
        by_word = {state.lower(): state for state in STATES}
        state = by_word.get(token.text.lower())
        if state is None:
            from difflib import get_close_matches  # which only an error needs

            near = get_close_matches(token.text.lower(), by_word, n=1, cutoff=0.5)
            hint = (
                said("Did you mean: {by_word}?", by_word=by_word[near[0]])
                if near
                else said("States: {states}", states=", ".join(STATES))
            )
            fail(self.source, token.start, token.end, said("there is no state {text!r}", text=token.text), hint)
        return Text(state)


def _read(shape: str, token: Token) -> Value | None:
    """Return a term as a value of a shape, or None."""
    if shape == "moment":
        return read_moment(token.text)
    if shape in ("number", "duration"):
        number = read_number(token.text) if shape == "number" else read_duration_s(token.text)
        return None if number is None else Number(number)
    if token.bare in ("true", "false"):
        return Flag(token.bare == "true")
    if shape == "boolean":
        return None
    number = read_number(token.text) if token.bare else None
    return Text(token.text) if number is None else Number(number)
