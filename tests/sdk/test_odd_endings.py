"""How a trial ends where the end itself is unusual. Each script runs in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from aimd_core.reading.documents import find_trials
from tests.support.scripts import run_script

CREATE = """
import os, signal, sys, threading, time
from t9k import aimd

def work():
    global trial
    trial = aimd.create_trial(trial_name="a", capture_git=False)
    trial.log("train", {"a": 1.0}, step=1)

"""
# What the script does, and the states of its trials.
CASES = {
    "a signal after a first trial made in a thread": (
        """
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        """,
        ["Interrupted", "Interrupted"],
    ),
    "a signal in the middle of finish": (
        """
        from aimd_core.format.journal import JournalWriter
        left = [signal.SIGTERM]
        JournalWriter.count = lambda self: left and (os.kill(os.getpid(), left.pop()) or time.sleep(5))
        work()
        trial.finish()
        """,
        ["Interrupted"],
    ),
    "Ctrl-C in the middle of finish": (
        """
        from aimd_core.format.journal import JournalWriter
        left = [signal.SIGINT]
        JournalWriter.count = lambda self: left and (os.kill(os.getpid(), left.pop()) or time.sleep(5))
        work()
        with trial:
            pass
        """,
        ["Interrupted"],
    ),
    "exit in a coroutine": (
        """
        import asyncio
        async def main():
            work()
            sys.exit(3)
        asyncio.run(main())
        """,
        ["Interrupted"],
    ),
    "a record of an exit handler that runs after ours": (
        """
        import atexit
        atexit.register(lambda: trial.log("train", {"a": 2.0}, step=2))
        work()
        """,
        ["Interrupted"],
    ),
    "a block that a daemon leaves": (
        """
        work()
        with trial:
            parent = os.getpid()
            if os.fork():
                os._exit(0)
            while os.getppid() == parent:
                time.sleep(0.01)
            os.closerange(3, 1024)
            trial.log("train", {"a": 2.0}, step=2)
        """,
        ["Succeeded"],
    ),
    **{
        f"an exception in a worker ({method})": (
            f"""
            import multiprocessing
            def fail():
                work()
                1 / 0
            if __name__ == "__main__":
                worker = multiprocessing.get_context("{method}").Process(target=fail)
                worker.start()
                worker.join()
            """,
            ["Failed"],
        )
        for method in ("fork", "spawn", "forkserver")
    },
    "a forked worker that just ends": (
        """
        import multiprocessing
        worker = multiprocessing.get_context("fork").Process(target=work)
        worker.start()
        worker.join()
        """,
        ["Interrupted"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_end_that_python_saw_is_never_shown_as_killed(case: str, work: Path) -> None:
    code, states = CASES[case]
    script = work / "script.py"  # a file, which spawned workers import
    script.write_text(CREATE + dedent(code))
    done = run_script("", work, wrapper=(sys.executable, str(script)))
    assert [trial.state.name for trial in find_trials(work)] == states, done.stderr


def test_a_status_that_asyncio_still_holds_is_recorded(work: Path) -> None:
    run_script(CREATE + "import asyncio\nasync def main():\n    work()\n    sys.exit(3)\nasyncio.run(main())", work)
    (trial,) = find_trials(work)
    assert {"kind": "exit", "status": 3}.items() <= trial.metadata["_exit"].items()  # type: ignore[attr-defined]


def test_a_status_that_somebody_caught_is_not_recorded(work: Path) -> None:
    caught = "kept = []\ntry:\n    sys.exit(3)\nexcept SystemExit as error:\n    kept.append(error)\nwork()\n"
    run_script(CREATE + caught, work)
    (trial,) = find_trials(work)
    assert trial.metadata["_exit"]["kind"] == "unfinished"  # type: ignore[index]
