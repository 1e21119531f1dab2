"""Lets a library load without the modules that most of its callers never use.

While it is imported, stand-ins take the place of these modules. Each loads the real module when something of it is
called or looked into, so that nothing is missing, and is out of `sys.modules` when the import is done. Only something
that looks at what a name *is*, such as a subclass or `isinstance`, could tell the difference.
"""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

# Whether nobody else runs code in this process, who could look at what a library's names are. A program says so.
is_own_process = False


class LateName:
    """A name of a module that is loaded when the name is called, or when something of it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._late = module, name

    def _loaded(self) -> Any:
        module, name = self._late
        return getattr(import_module(module), name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the real one."""
        return self._loaded()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked of everything, as by `typing`
            raise AttributeError(name)
        return getattr(self._loaded(), name)


class LateModule(ModuleType):
    """A module that is loaded when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked of every module, as by `inspect`
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:  # the library is being loaded
            return LateName(self.__name__, name)
        return getattr(import_module(self.__name__), name)


@contextlib.contextmanager
def loaded_late(names: Iterable[str], given: Mapping[str, Mapping[str, object]] | None = None) -> Iterator[None]:
    """Import something without these modules, unless they are loaded already.

    Args:
        names: Modules that exist.
        given: By module, what it has at once: what the import itself calls or subclasses.
    """
    stand_ins = [LateModule(name) for name in names if name not in sys.modules]
    for module in stand_ins:
        vars(module).update((given or {}).get(module.__name__, {}))
        parent, _, name = module.__name__.rpartition(".")
        if parent in sys.modules:  # what imports `a.b` looks for it in `a`, until somebody imports the real one
            setattr(sys.modules[parent], name, module)
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        for module in stand_ins:
            for name in (given or {}).get(module.__name__, {}):
                delattr(module, name)
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
