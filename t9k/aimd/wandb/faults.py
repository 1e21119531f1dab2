"""The errors of W&B's interface, and what says that a run has not begun."""

from __future__ import annotations

import sys

from aimd_core.language import spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Error(Exception):
    """The base of errors of this interface."""


class CommError(Error):
    """W&B's error for a server that does not answer; never raised here, because nothing is sent."""


class UsageError(Error):
    """A call that cannot be meant."""


errors = sys.modules[__name__]  # `wandb.errors`


def refuse_before_init(name: str) -> NoReturn:
    """Raise the error of a call that needs a run."""
    raise Error(spoken("call wandb.init() before {name}", name=name))


class BeforeInit:
    """Stands for `wandb.config` and `wandb.summary` as long as there is no run."""

    def __init__(self, name: str) -> None:
        """Take the name, for the error."""
        object.__setattr__(self, "_name", name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse_before_init(f"{object.__getattribute__(self, '_name')}.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        refuse_before_init(f"{object.__getattribute__(self, '_name')}.{name}")

    def __getitem__(self, name: str) -> Any:
        refuse_before_init(f"{object.__getattribute__(self, '_name')}[{name!r}]")

    def __setitem__(self, name: str, value: object) -> None:
        refuse_before_init(f"{object.__getattribute__(self, '_name')}[{name!r}]")
