"""What a command costs, as the kernel counts it for the process that runs it.

Between this process and the command stands a bare interpreter that starts it: the kernel counts the largest RSS of a
process from before it becomes another program, so that a child of a large process would be as large as its parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import NamedTuple

_STARTER = """
import json, os, sys
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere), 0)
print(json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


class Cost(NamedTuple):
    """What a process took: CPU seconds of user and system, and its largest RSS in MB."""

    cpu_s: float
    rss_mb: float


PYTHON = os.environ.get("AIMD_BENCH_PYTHON", sys.executable)  # that of an installed wheel, for example


def cost(words: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command of this Python with its output thrown away and return what it took.

    Args:
        words: What stands behind the interpreter: `-m`, a module, its arguments.
        environment: Its environment; by default this one's. Compiled modules are kept in any case, as where they are
            installed.

    Raises:
        RuntimeError: It failed.
    """
    variables = dict(os.environ if environment is None else environment)
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, PYTHON, *words]
    answer = subprocess.run(starter, env=variables, stdout=subprocess.PIPE, check=True).stdout
    status, cpu_s, rss_mb = json.loads(answer)
    if status:
        raise RuntimeError(f"{words} ended with {status}")
    return Cost(cpu_s, rss_mb)
