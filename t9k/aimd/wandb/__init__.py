"""The interface of W&B's package, recording trials: `import t9k.aimd.wandb as wandb`.

Calls that record numbers, settings, tags and notes are mapped to this SDK, as docs/guides/wandb.md shows; what a trial
cannot hold is accepted and reported once. Nothing is sent anywhere. Importing this loads nothing: each name is loaded
when it is first used.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_HOME = {
    **dict.fromkeys(("Error", "CommError", "UsageError", "errors"), "faults"),
    **dict.fromkeys(("Settings", "finish", "init", "sweep", "agent", "controller"), "runs"),
    **dict.fromkeys(("login", "setup", "teardown", "require", "termlog", "termwarn", "termerror", "util"), "runs"),
    "Api": "reading",
    "Artifact": "artifacts",
    **dict.fromkeys(("AlertLevel", "Audio", "Bokeh", "Box3D", "Classes", "Graph", "Histogram"), "media"),
    **dict.fromkeys(("Html", "Image", "JoinedTable", "Molecule", "Object3D", "PartitionedTable", "Plotly"), "media"),
    **dict.fromkeys(("Table", "Video", "data_types", "plot", "plot_table", "plots"), "media"),
}
_OF_THE_RUN = (
    *("alert", "define_metric", "link_model", "log", "log_artifact", "log_code", "log_model", "mark_preempting"),
    *("restore", "save", "unwatch", "use_artifact", "use_model", "watch"),
)

__all__ = [*_HOME, *_OF_THE_RUN, "__version__", "config", "run", "summary"]


def __getattr__(name: str) -> Any:
    if name in ("run", "config", "summary"):  # they change with `init` and `finish`, so they are not kept
        runs = sys.modules.get(f"{__name__}.runs")
        current = runs.current if runs is not None else None
        if name == "run":
            return current
        if current is not None:
            return getattr(current, name)
        from t9k.aimd.wandb.faults import BeforeInit

        return BeforeInit(f"wandb.{name}")
    if name in _OF_THE_RUN:
        value: Any = _method(name)
    elif name in _HOME:
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name == "__version__":
        from aimd_core.version import __version__ as value
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _method(name: str) -> Any:
    from t9k.aimd.wandb import runs

    def call(*arguments: Any, **settings: Any) -> Any:
        return getattr(runs.require_run(f"wandb.{name}"), name)(*arguments, **settings)

    call.__name__ = name
    call.__doc__ = getattr(runs.Run, name).__doc__
    return call


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
