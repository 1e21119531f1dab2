"""Remembers the curves that the live screen draws, so that only those that have grown are read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aimd_cli.views.curve import Curve

_KEPT_CURVES = 512
_KEPT_POINTS = 2_000_000  # 16 bytes each

Key = tuple[str, str, str]


class CurveMemory:
    """Curves by trial, metric and axis, with the state of the trial in which each was read."""

    def __init__(self) -> None:
        """Start empty."""
        self._curves: dict[Key, tuple[object, Curve]] = {}

    def take(
        self,
        states: Sequence[tuple[Key, object]],
        ahead: Sequence[tuple[Key, object]],
        read: Callable[[list[Key]], list[Curve]],
    ) -> list[Curve]:
        """Return the curves of these keys, in order.

        Args:
            states: The keys, each with the present state of its trial.
            ahead: Keys that may be needed soon, which are read along if one of the others has to be read.
            read: Reads the curves of some keys, all at once.
        """
        missing = self._missing(states)
        if missing:
            missing += self._missing(ahead)
        present = dict([*states, *ahead])
        for key, curve in zip(missing, read(missing) if missing else [], strict=True):
            self._curves[key] = (present[key], curve)
        curves = []
        for key, _ in states:  # the most recently used are last
            self._curves[key] = held = self._curves.pop(key)
            curves.append(held[1])
        self._forget(len(states) + len(ahead))
        return curves

    def _missing(self, states: Sequence[tuple[Key, object]]) -> list[Key]:
        return [key for key, state in states if self._curves.get(key, (None,))[0] != state]

    def _forget(self, used: int) -> None:
        """Forget the oldest, never the last ones that were used."""
        points = sum(len(curve) for _, curve in self._curves.values())
        for key in list(self._curves)[: len(self._curves) - used]:
            if len(self._curves) <= _KEPT_CURVES and points <= _KEPT_POINTS:
                return
            points -= len(self._curves.pop(key)[1])
