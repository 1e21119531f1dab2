"""The C library's pools of memory: few, however many threads there are."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.server import clean_environment

_PROGRAM = """
import ctypes, sys, threading
from aimd_server.malloc import hold_little
if sys.argv[1] == "told":
    assert hold_little()
ready, ending = threading.Barrier(9), threading.Event()
def work():
    held = [bytes(5000) for _ in range(100)]
    ready.wait()
    ending.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
ready.wait()
libc = ctypes.CDLL(None)
out = ctypes.c_void_p.in_dll(libc, "stdout")
libc.malloc_info(0, out)
libc.fflush(out)
ending.set()
"""


def _pools(word: str) -> int:
    command = [sys.executable, "-c", _PROGRAM, word]
    ran = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    return len(re.findall(r"<heap nr=", ran.stdout))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="glibc only")
def test_threads_share_few_pools_of_memory() -> None:
    assert _pools("told") <= 2
    assert _pools("not told") > 4  # so that the test can fail


def test_a_server_on_sqlite_does_not_load_what_is_postgresqls() -> None:
    code = "import sys, aimd_server.app, aimd_server.launch; print([m for m in sys.modules if 'postgresql' in m])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
