"""Cells of a notebook: one that is run again leaves no trial of its last run open, so that only the new one records."""

from __future__ import annotations

from aimd_core.language import said
from t9k.aimd import endings
from t9k.aimd.shell import current_cell
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from t9k.aimd.trial import Trial

# By name and cell: a run of it, and what that created and may have left open.
_open: dict[tuple[str, object], tuple[object, list[Trial]]] = {}


def replace_earlier(trial: Trial) -> None:
    """End trials of the same name that an earlier run of the cell has left open, as a clean end of the process would.

    What is logged into them is still recorded.

    Args:
        trial: A new one, which does not capture output yet.
    """
    cell = current_cell()
    if cell is None:
        return
    key, run = (trial.name, cell[0]), cell[1]
    made_in, earlier = _open.get(key, (run, []))
    if made_in == run:
        _open[key] = run, [*filter(endings.is_open, earlier), trial]
        return
    _open[key] = run, [trial]
    for left in earlier:
        if endings.leave(left):
            names = {"earlier": left.alternative_name, "trial": trial.alternative_name}
            tell(said("{earlier} was still open, and ends here: {trial} begins", **names))
