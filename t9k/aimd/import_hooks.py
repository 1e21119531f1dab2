"""Runs a function on a module: now, if it is imported already, or when it is. Nothing is imported for that."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_waiting: dict[str, Callable[[ModuleType], None]] = {}  # by the module's name


def when_imported(name: str, function: Callable[[ModuleType], None]) -> None:
    """Call a function with a module as soon as it is imported, each time that it is.

    Args:
        name: The module's full name.
        function: Takes the module; a second call for the same module replaces the first.
    """
    _waiting[name] = function
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    module = sys.modules.get(name)
    if module is not None:
        function(module)


class _Finder(MetaPathFinder):
    """Finds the modules that somebody waits for by asking the other finders."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        function = _waiting.get(name)
        if function is None:
            return None
        sys.meta_path.remove(self)  # so that the others are asked
        try:
            spec = find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_call(module: ModuleType) -> None:
                run(module)
                function(module)

            spec.loader.exec_module = run_and_call  # type: ignore[method-assign]
        return spec
