"""What is made when a wheel or an sdist is built: the web console, from its source in console/.

An sdist holds the built console, so that installing from it needs no Node.js. An editable install builds nothing
(`make console` does). AIMD_BUILD_CONSOLE=0 leaves the console out, =1 builds it for an editable install too.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Builds the console before the files of a distribution are gathered."""

    def dependencies(self) -> list[str]:
        """Return what has to be installed before the build: Node.js from PyPI, when it is needed and not there."""
        console = self._console()
        if console is None or os.environ.get("AIMD_BUILD_CONSOLE") == "0" or not console.needs_node_from_pypi():
            return []
        return [console.NODE_FROM_PYPI]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console, unless this tree has none to build or nobody wants it."""
        wanted = os.environ.get("AIMD_BUILD_CONSOLE", "0" if version == "editable" else "1")
        console = self._console()
        if console is None or wanted == "0":
            return
        try:
            console.build()
        except console.ConsoleError as error:
            raise SystemExit(
                f"the web console was not built: {error}\nLeave it out with AIMD_BUILD_CONSOLE=0"
            ) from None

    def _console(self) -> ModuleType | None:
        """Return the script that builds the console, None when this tree holds a built one (an sdist) or no source."""
        script = Path(self.root, "scripts", "web_console.py")
        if Path(self.root, "PKG-INFO").exists() or not script.exists():
            return None
        spec = importlib.util.spec_from_file_location("web_console", script)
        assert spec is not None
        assert spec.loader is not None
        console = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(console)
        return console if console.is_there() else None
