"""Cells of a notebook: one that is run again leaves no trial of its last run open, so that only the new one records."""

from __future__ import annotations

import sys

from aimd_core.language import said
from t9k.aimd import endings
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from t9k.aimd.trial import Trial

_open: dict[str, tuple[int, list[Trial]]] = {}  # by name: a cell, and what it created and may have left open


def current_cell() -> int | None:
    """Return the number of the cell that is running, counted by runs; None outside of IPython and Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "execution_count", None)


def replace_earlier(trial: Trial) -> None:
    """End trials of the same name that an earlier run of a cell has left open, as a clean end of the process would.

    What is logged into them is still recorded.

    Args:
        trial: A new one, which does not capture output yet.
    """
    cell = current_cell()
    if cell is None:
        return
    made_in, earlier = _open.get(trial.name, (cell, []))
    if made_in == cell:
        _open[trial.name] = cell, [*filter(endings.is_open, earlier), trial]
        return
    _open[trial.name] = cell, [trial]
    for left in earlier:
        if endings.leave(left):
            names = {"earlier": left.alternative_name, "trial": trial.alternative_name}
            tell(said("{earlier} was still open, and ends here: {trial} begins", **names))
