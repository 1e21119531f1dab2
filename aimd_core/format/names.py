"""Names from elsewhere as a trial can have them: a directory's name, and metrics of which no two become the same."""

from __future__ import annotations

from aimd_core.format.model import standard_type
from aimd_core.format.values import directory_name_fault

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_NAME_CHARS = 60


def safe_name(name: str, otherwise: str) -> str:
    """Return the most similar name that a directory can have.

    Args:
        name: Any text.
        otherwise: The name if nothing is left of it.
    """
    kept = "".join("-" if character in "/\\\0" or not character.isprintable() else character for character in name)
    kept = kept.replace("..", ".").strip(". -")[:_MAX_NAME_CHARS].strip() or otherwise
    return kept if directory_name_fault(kept) is None else otherwise


class MetricNames:
    """The metrics of a run: two names of the source never become one metric."""

    def __init__(self, split: Callable[[str], tuple[str, str]], other_type: str) -> None:
        """Begin without names.

        Args:
            split: Returns the type and the metric that a name means.
            other_type: The type of a name whose metric is taken; there it is whole.
        """
        self._split = split
        self._other_type = other_type
        self._metrics: dict[str, tuple[str, str]] = {}
        self._names: dict[tuple[str, str], str] = {}

    def metric_of(self, name: str) -> tuple[str, str]:
        """Return type and metric, the same for every call with this name."""
        metric = self._metrics.get(name)
        if metric is None:
            kind, metric_name = self._split(name)
            metric = standard_type(kind), metric_name
            while self._names.setdefault(metric, name) != name:
                metric = (self._other_type, name if metric != (self._other_type, name) else f"{metric[1]}_")
            self._metrics[name] = metric
        return metric
