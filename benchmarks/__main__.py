"""Runs every benchmark and prints a table. Repeat with: make bench, or python -m benchmarks [NAME]...

A benchmark is a module of this package with `run() -> list[Measurement]`. One that fails is reported, and the others
continue; the exit status is always 0, because a number is not a verdict.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pkgutil import iter_modules

import benchmarks
from benchmarks.measurement import Measurement, table


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    found = sorted(module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_"))
    measurements: list[Measurement] = []
    for name in names or found:
        module = import_module(f"benchmarks.{name}")
        if not hasattr(module, "run"):
            continue
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            measurements += module.run()
        except Exception:
            traceback.print_exc()
    print(table(measurements))


if __name__ == "__main__":
    main(sys.argv[1:])
