"""`run.config` and `run.summary`: parameters, and figures of the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

from t9k.aimd.naming import is_number
from t9k.aimd.settings import record_settings
from t9k.aimd.values import as_float, as_mapping

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from t9k.aimd.trial import Trial

SUMMARY = "summary"  # the type of figures of the whole run, and the parameter of those that are not numbers


class RunConfig(MutableMapping[str, object]):
    """The parameters of a trial, also as attributes. A value may change, with or without `allow_val_change`."""

    def __init__(self, trial: Trial) -> None:
        """Hold the parameters of a trial."""
        object.__setattr__(self, "_trial", trial)

    _trial: Trial

    def update(self, d: object = None, allow_val_change: bool | None = None, **named: object) -> None:  # type: ignore[override]
        """Set several parameters; what JSON cannot hold becomes text."""
        record_settings(self._trial, {**(as_mapping(d) or {}), **named})

    def setdefaults(self, d: object) -> None:
        """Set the parameters that are not set yet."""
        self.update({name: value for name, value in (as_mapping(d) or {}).items() if name not in self})

    def as_dict(self) -> dict[str, object]:
        """Return a copy of all parameters."""
        return self._trial.params.as_dict()

    def __getitem__(self, name: str) -> object:
        return self._trial.params[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        del self._trial.params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._trial.params)

    def __len__(self) -> int:
        return len(self._trial.params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial.params, name)

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __repr__(self) -> str:
        return repr(self.as_dict())


class RunSummary(MutableMapping[str, object]):
    """The last value of each metric, or the one that `define_metric` asks for, and what the script sets here.

    A number that is set becomes a point of type `summary`; anything else a part of the parameter `summary`.
    """

    def __init__(self, trial: Trial, step: Callable[[], int]) -> None:
        """Hold the figures of a trial.

        Args:
            trial: The trial.
            step: Returns the step of numbers that are set now.
        """
        self._trial, self._step = trial, step
        self._values: dict[str, object] = {}

    def update(self, d: Mapping[str, Any] | None = None, **named: Any) -> None:  # type: ignore[override]
        """Set several figures."""
        given = {**(d or {}), **named}
        self._values.update(given)
        numbers = {name: as_float(name, value) for name, value in given.items() if is_number(value)}
        others = {name: value for name, value in given.items() if name not in numbers}
        if numbers:
            self._trial.log(SUMMARY, numbers, self._step(), check_status=False)
        if others:
            before = self._trial.params.get(SUMMARY)
            record_settings(self._trial, {SUMMARY: {**(before if isinstance(before, dict) else {}), **others}})

    def note(self, name: str, value: float, kind: str | None) -> None:
        """Take a value that was logged.

        Args:
            name: The metric's name.
            value: The value.
            kind: `min`, `max` or `first`, as `define_metric` was told; else the last value counts.
        """
        before = self._values.get(name)
        if isinstance(before, float) and (
            kind == "first" or (kind == "min" and before <= value) or (kind == "max" and before >= value)
        ):
            return
        self._values[name] = value

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)
