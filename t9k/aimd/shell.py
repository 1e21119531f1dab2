"""Finds the notebook or the shell that runs this code, if there is one. Nothing is imported for that."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any


def current_shell() -> Any:
    """Return the shell of IPython that runs this code, in Jupyter or in a terminal; None outside of both."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def current_cell() -> tuple[object, object] | None:
    """Return the cell that is running and what stands for this run of it; None outside of a notebook.

    Jupyter counts the runs of all cells and does not tell which cell it is.
    """
    shell = current_shell()
    return _cell_of_marimo() if shell is None else (None, shell.execution_count)


def _cell_of_marimo() -> tuple[object, object] | None:
    runtime = sys.modules.get("marimo._runtime.context")
    try:
        run = runtime.get_context().execution_context if runtime is not None else None
        # marimo makes this object for each run; its address may be that of an earlier one, a mark on it is not
        return None if run is None else (run.cell_id, vars(run).setdefault("_aimd_run", object()))
    except Exception:  # no cell is running, or another version of marimo has no such thing
        return None
