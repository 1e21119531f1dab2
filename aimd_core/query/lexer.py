"""Splits a query into tokens. Each knows its position, so that an error can point at it."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from aimd_core.errors import QueryError
from aimd_core.language import said

MAX_LENGTH = 10_000
_SIGNS = re.compile(r"==|!=|<=|>=|!~|[=<>~()\[\],]")
_BARE = re.compile(r"""[^\s"'=<>~!()\[\],&|]+""")
_ESCAPED = ('"', "'", "\\")
_MISTAKES = (
    ("&&", "Write: and"),
    ("&", "Write: and"),
    ("||", "Write: or"),
    ("|", "Write: or"),
    ("!", "Write: not"),
)
_CROSSED = {"=<": "<=", "=>": ">=", "<>": "!="}


class Piece(NamedTuple):
    """A part of a term, bare or quoted."""

    text: str
    quoted: bool


class Token(NamedTuple):
    """A piece of a query.

    Attributes:
        kind: `term` (a name or a value), `sign` (an operator, a bracket, a comma) or `end`.
        text: As written; a term without its quotes.
        start: Where it begins, in characters.
        end: Where it ends.
        pieces: The parts of a term.
    """

    kind: str
    text: str
    start: int
    end: int
    pieces: tuple[Piece, ...] = ()

    @property
    def bare(self) -> str:
        """The term in lower case if no part is quoted, the sign itself, or an empty string."""
        return "" if any(piece.quoted for piece in self.pieces) else self.text.lower()


def fail(source: str, start: int, end: int, problem: str, hint: str = "") -> NoReturn:
    """Raise the error for a part of a query.

    Raises:
        QueryError: Always.
    """
    raise QueryError(query=source, start=start, end=end, problem=problem, hint=hint)


def tokens_of(source: str) -> list[Token]:
    """Split a query into tokens; the last one is `end`.

    Raises:
        QueryError: A quote is not closed, or a sign has no meaning.
    """
    if len(source) > MAX_LENGTH:
        fail(source[:40], 0, 40, said("the query is longer than {max_length:,} characters", max_length=MAX_LENGTH))
    tokens: list[Token] = []
    position, length = 0, len(source)
    while position < length:
        if source[position].isspace():
            position += 1
            continue
        token = _sign(source, position) or _term(source, position)
        tokens.append(token)
        position = token.end
    tokens.append(Token("end", "", length, length))
    return tokens


def _sign(source: str, position: int) -> Token | None:
    crossed = _CROSSED.get(source[position : position + 2])
    if crossed:
        fail(
            source,
            position,
            position + 2,
            said("{source!r} is not an operator", source=source[position : position + 2]),
            said("Write: {crossed}", crossed=crossed),
        )
    match = _SIGNS.match(source, position)
    if match:
        return Token("sign", "=" if match[0] == "==" else match[0], position, match.end())
    for sign, hint in _MISTAKES:
        if source.startswith(sign, position):
            fail(source, position, position + len(sign), said("{sign!r} is not an operator", sign=sign), hint)
    return None


def _term(source: str, start: int) -> Token:
    pieces: list[Piece] = []
    position = start
    while position < len(source):
        if source[position] in "\"'":
            piece, position = _quoted(source, position)
        else:
            match = _BARE.match(source, position)
            if match is None:
                break
            piece, position = Piece(match[0], False), match.end()
        pieces.append(piece)
    return Token("term", "".join(piece.text for piece in pieces), start, position, tuple(pieces))


def _quoted(source: str, start: int) -> tuple[Piece, int]:
    quote, position = source[start], start + 1
    text: list[str] = []
    while position < len(source):
        character = source[position]
        if character == quote:
            return Piece("".join(text), True), position + 1
        if character == "\\" and source[position + 1 : position + 2] in _ESCAPED:
            position += 1
            character = source[position]
        text.append(character)
        position += 1
    fail(
        source,
        start,
        len(source),
        "this quote is not closed",
        said("Put a {quote} at the end of the text", quote=quote),
    )
