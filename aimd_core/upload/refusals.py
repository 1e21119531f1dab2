"""What is left out of an upload: named, so that it does not stop the rest.

That is what is damaged here, and what a server does not take, which is found by trying.

A server says that it refuses a document, not always which part of it. So parts are offered again, more and more of
them, until those that it refuses are known. Offering changes nothing on the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aimd_core.errors import ConflictError, RefusedError
from aimd_core.format.wording import short_id
from aimd_core.language import joined, said

MAX_OFFERS = 200
_MAX_LEVELS = 3  # of names within a member, such as parameters.optim.lr
_MAX_NAME_BYTES = 200
MAX_NAMED = 100  # how many are named one by one
_NAMED = 5  # how many a sentence names
_GROUPS = ("metadata", "documents", "parameters")
_ALONE = ("labels", "last_write")

REFUSED, DAMAGED, UNSENT = "refused", "damaged", "unsent"  # why something was left out

Document = dict[str, Any]
Offer = Callable[[Document], object]


class Refusal(NamedTuple):
    """A part of a trial that was left out: its dotted name or its file, and why.

    The reason is of one kind: the server does not take it (REFUSED), it is damaged here (DAMAGED), or it is one of the
    `files/` that cannot be sent (UNSENT).
    """

    what: str
    reason: str
    kind: str = REFUSED


def sentences(refusals: Iterable[Refusal]) -> list[str]:
    """Say what was left out so that each part is named: a few in one sentence, more of them in one each.

    Of very many, the first `MAX_NAMED` are named, and the others counted.
    """
    listed = list(refusals)
    if len(listed) <= _NAMED:
        return [sentence(listed)] if listed else []
    others = len(listed) - MAX_NAMED
    more = [said("and {count} more: --check names them all", count=f"{others:,}")] if others > 0 else []
    return [*(sentence([refusal]) for refusal in listed[:MAX_NAMED]), *more]


def sentence(refusals: Iterable[Refusal]) -> str:
    """Say what was left out, in one sentence; empty when nothing was."""
    listed = list(refusals)
    parts = [[refusal for refusal in listed if refusal.kind == kind] for kind in (REFUSED, DAMAGED, UNSENT)]
    return joined("; ", [_sentence(part) for part in parts if part])


def _sentence(listed: list[Refusal]) -> str:
    parts = [said("{what} ({reason})", what=refusal.what, reason=said(refusal.reason)) for refusal in listed[:_NAMED]]
    more = said(" and {count} more", count=len(listed) - _NAMED) if len(listed) > _NAMED else ""
    shown = joined(", ", parts)
    if listed[0].kind == UNSENT:
        return said("not sent: {parts}{more}", parts=shown, more=more)
    if listed[0].kind == DAMAGED:
        return said("damaged here and left out: {parts}{more}", parts=shown, more=more)
    return said("the server refuses {parts}{more}", parts=shown, more=more)


def refusal_reason(refusal: Refusal) -> str:
    """Say why it is left out, for a list in which it is named already."""
    if refusal.kind == UNSENT:
        return said("cannot be sent ({reason})", reason=said(refusal.reason))
    if refusal.kind == DAMAGED:
        return said("is damaged here ({reason})", reason=said(refusal.reason))
    return said("the server refuses it ({reason})", reason=said(refusal.reason))


def plain_name(name: str, trial_id: str) -> str:
    """Return a name that every server takes, as much like `name` as possible."""
    text = re.sub(r"[^\w .=+@,()-]+", "_", name).strip(" ._")
    text = text.encode("ascii", "ignore").decode()[:_MAX_NAME_BYTES]
    return text or f"trial {short_id(trial_id)}"


def admitted(document: Document, error: RefusedError, offer: Offer, trial_id: str) -> tuple[Document, list[Refusal]]:
    """Return as much of a document as the server takes, and what it refuses.

    Args:
        document: The body of a PUT, which the server has refused.
        error: How.
        offer: Offers a document without changing anything; raises RefusedError when it is refused.
        trial_id: The trial's id.

    Raises:
        RefusedError: Not even a document of a name and a folder is taken.
    """
    probe = _Probe(document, offer)
    probe.settle_name(error, trial_id)
    for group in _GROUPS:
        members = document.get(group) or {}
        probe.admit([((group, name), value) for name, value in members.items()])
    for name in _ALONE:
        if document.get(name) is not None:
            probe.admit([((name,), document[name])])
    return probe.document, probe.refusals


class _Probe:
    """A document that grows by what the server takes.

    Attributes:
        document: What it takes so far.
        refusals: What it refuses.
    """

    def __init__(self, document: Document, offer: Offer) -> None:
        emptied: Document = {name: {} for name in _GROUPS if document.get(name) is not None}
        self.document = {**document, **emptied, **dict.fromkeys(_ALONE)}
        self.refusals: list[Refusal] = []
        self._offer = offer
        self._offers = 0

    def _reason(self, document: Document) -> str:
        """Offer a document, and return why it is refused, or an empty string."""
        self._offers += 1
        try:
            self._offer(document)
        except RefusedError as error:
            return error.reason
        except ConflictError:  # understood, but its name is taken, which is another matter
            pass
        return ""

    def settle_name(self, error: RefusedError, trial_id: str) -> None:
        """Find names that the server takes.

        Raises:
            RefusedError: There are none.
        """
        reason = self._reason(self.document)
        if not reason:
            return
        plain = {"name": plain_name(str(self.document["name"]), trial_id)}
        for names in ({"alternative_name": None}, plain, {**plain, "alternative_name": None}):
            if not self._reason({**self.document, **names}):
                self.document |= names
                self.refusals += [Refusal(name, reason) for name in names]
                return
        raise error

    def admit(self, items: list[tuple[tuple[str, ...], Any]]) -> None:
        """Take over those items that the server takes, each a path in the document and a value."""
        if not items:
            return
        grown = _with(self.document, items)
        reason = self._reason(grown) if self._offers < MAX_OFFERS else said("so much was refused that it was not tried")
        if not reason:
            self.document = grown
        elif len(items) > 1 and self._offers < MAX_OFFERS:
            half = len(items) // 2
            self.admit(items[:half])
            self.admit(items[half:])
        elif len(items) == 1 and _is_divisible(items[0]):
            ((path, value),) = items
            self.admit([((*path, name), inner) for name, inner in value.items()])
        else:
            self.refusals += [Refusal(".".join(path), reason) for path, _ in items]


def _is_divisible(item: tuple[tuple[str, ...], Any]) -> bool:
    path, value = item
    return isinstance(value, dict) and bool(value) and len(path) <= _MAX_LEVELS


def _with(document: Mapping[str, Any], items: list[tuple[tuple[str, ...], Any]]) -> Document:
    """Return a copy of a document with more values in it."""
    grown = dict(document)
    for path, value in items:
        inner = grown
        for name in path[:-1]:
            inner[name] = dict(inner.get(name) or {})
            inner = inner[name]
        inner[path[-1]] = value
    return grown
