"""How a recording process ends, and what its trials say about it. Each script runs in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from datetime import datetime
from pathlib import Path

import pytest

from aimd_core.reading.documents import Trial, find_trials
from t9k import aimd
from tests.support.patience import PATIENCE_S
from tests.support.scripts import run_script, script_environment

CREATE = """
from t9k import aimd
trial = aimd.create_trial(trial_name="a")
trial.log("train", {"a": 1.0}, step=1)
"""


def only_trial(work: Path) -> Trial:
    (trial,) = find_trials(work)
    return trial


def ended(trial: Trial) -> tuple[str, str, object]:
    ending = trial.metadata.get("_exit")
    if isinstance(ending, dict):
        ending = {key: value for key, value in ending.items() if key != "at"}
        written_s = (trial.path / "metadata.yaml").stat().st_mtime
        at = trial.metadata["_exit"]["at"]  # type: ignore[index]
        assert abs(datetime.fromisoformat(at).timestamp() - written_s) < 5
    return trial.status, trial.state.name, ending


def test_a_block_that_is_left_ends_succeeded() -> None:
    with aimd.create_trial(trial_name="a") as trial:
        trial.log("train", {"a": 1.0}, step=1)
    assert ended(Trial(trial.path)) == ("Succeeded", "Succeeded", None)


@pytest.mark.parametrize(
    ("error", "status", "state", "told"),
    [
        (ValueError("x"), "Failed", "Failed", {"kind": "exception", "exception": "ValueError", "message": "x"}),
        (SystemExit(7), "Running", "Interrupted", {"kind": "exit", "status": 7}),
        (SystemExit("no data"), "Running", "Interrupted", {"kind": "exit", "status": 1, "message": "no data"}),
        (SystemExit(0), "Succeeded", "Succeeded", None),
        (SystemExit(None), "Succeeded", "Succeeded", None),
        (KeyboardInterrupt(), "Running", "Interrupted", {"kind": "signal", "signal": "SIGINT"}),
    ],
)
def test_an_exception_that_leaves_the_block_ends_it_and_goes_on(
    error: BaseException, status: str, state: str, told: object
) -> None:
    with pytest.raises(type(error)) as raised, aimd.create_trial(trial_name="a") as trial:
        trial.log("train", {"a": 1.0}, step=1)
        raise error
    assert raised.value is error
    assert ended(Trial(trial.path)) == (status, state, told)


def test_a_trial_that_was_finished_in_its_block_stays_so() -> None:
    trial = aimd.create_trial(trial_name="a")
    with pytest.raises(ValueError, match="later"), trial:
        trial.finish()
        raise ValueError("later")
    assert ended(Trial(trial.path)) == ("Succeeded", "Succeeded", None)


def test_an_exception_that_nobody_catches_ends_the_trial_failed_and_is_printed_as_ever(work: Path) -> None:
    done = run_script(CREATE + "raise LookupError('no such thing')", work)
    assert done.returncode == 1
    assert "LookupError: no such thing" in done.stderr
    trial = only_trial(work)
    ending = {"kind": "exception", "exception": "LookupError", "message": "no such thing"}
    assert ended(trial) == ("Failed", "Failed", ending)
    assert trial.ended is not None
    assert "LookupError: no such thing" in (trial.path / "stdout.log").read_text()


def test_a_hook_of_the_script_still_runs(work: Path) -> None:
    hook = "import sys\nsys.excepthook = lambda *a: print('hooked', a[0].__name__)\n"
    done = run_script(hook + CREATE + "1 / 0", work)
    assert (done.returncode, done.stdout) == (1, "hooked ZeroDivisionError\n")
    assert only_trial(work).status == "Failed"


def test_all_open_trials_are_marked_and_ended_ones_are_not(work: Path) -> None:
    second = "\nother = aimd.create_trial(trial_name='b')\ndone = aimd.create_trial(trial_name='c')\ndone.finish()\n"
    run_script(CREATE + second + "1 / 0", work)
    assert {trial.name: trial.status for trial in find_trials(work)} == {
        "a": "Failed",
        "b": "Failed",
        "c": "Succeeded",
    }


def signalled(work: Path, name: str, before: str = "", after: str = "") -> subprocess.CompletedProcess[str]:
    code = "import os, signal, sys, time\n" + before + CREATE + f"os.kill(os.getpid(), signal.{name})\n"
    return run_script(code + "time.sleep(5)\n" + after, work)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_kills_as_ever_and_leaves_the_trial_interrupted(name: str, work: Path) -> None:
    done = signalled(work, name)
    assert done.returncode == -getattr(signal, name)
    trial = only_trial(work)
    assert ended(trial) == ("Running", "Interrupted", {"kind": "signal", "signal": name})
    assert trial.totals.records == 1
    assert trial.ended is None


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_handler_of_the_script_runs_alone_and_decides_the_exit_status(order: str, name: str, work: Path) -> None:
    handler = f"signal.signal(signal.{name}, lambda *_: (print('handled'), sys.exit(9)))\n"
    code = "import os, signal, sys, time\n" + (handler + CREATE if order == "before" else CREATE + handler)
    done = run_script(code + f"os.kill(os.getpid(), signal.{name})\ntime.sleep(5)\n", work)
    assert (done.returncode, done.stdout) == (9, "handled\n")
    assert ended(only_trial(work)) == ("Running", "Interrupted", {"kind": "exit", "status": 9})


def test_a_signal_that_is_ignored_stays_ignored(work: Path) -> None:
    code = "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + CREATE
    done = run_script(code + "os.kill(os.getpid(), signal.SIGHUP)\ntrial.finish()\n", work)
    assert done.returncode == 0
    assert only_trial(work).status == "Succeeded"


def test_a_signal_in_the_middle_of_printing_does_not_block(work: Path) -> None:
    program = CREATE + "print('ready', flush=True)\nwhile True:\n    print('x' * 50)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=work,
        env=script_environment(work),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.read(1 << 16)
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(PATIENCE_S) == -signal.SIGTERM
    process.stdout.close()
    assert only_trial(work).state.name == "Interrupted"


def test_a_trial_made_in_a_thread_is_marked_at_the_end_of_the_process(work: Path) -> None:
    program = "import threading\nfrom t9k import aimd\n"
    program += "thread = threading.Thread(target=lambda: aimd.create_trial(trial_name='a'))\n"
    done = run_script(program + "thread.start()\nthread.join()\n", work)
    assert done.returncode == 0
    assert done.stderr.startswith("aimd: the script ended without finish(), so this is Interrupted: a_")
    assert done.stderr.endswith(" (logged 0, on disk 0)\n")
    assert ended(only_trial(work)) == ("Initializing", "Interrupted", {"kind": "unfinished"})


def test_an_exception_that_ends_a_thread_ends_the_trials_that_it_opened_and_no_others(work: Path) -> None:
    program = "import threading\nfrom t9k import aimd\nothers = aimd.create_trial(trial_name='others')\n"
    program += "def work():\n    aimd.create_trial(trial_name='own')\n    {}['lr']\n"
    program += "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\nothers.finish()\n"
    done = run_script(program, work)
    assert (done.returncode, "KeyError: 'lr'" in done.stderr) == (0, True)
    own, others = sorted(find_trials(work), key=lambda trial: trial.name, reverse=True)
    assert ended(own) == ("Failed", "Failed", {"kind": "exception", "exception": "KeyError", "message": "'lr'"})
    assert others.state.name == "Succeeded"


@pytest.mark.parametrize("leave", ["os._exit(0)", "sys.exit(0)", "1 / 0", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_a_forked_child_neither_ends_nor_marks_the_trial_of_its_parent(leave: str, work: Path) -> None:
    done = run_script(
        f"""
        import os, signal, sys
        from t9k import aimd
        with aimd.create_trial(trial_name="a") as trial:
            trial.log("train", {{"a": 1.0}}, step=1)
            child = os.fork()
            if not child:
                trial.log("train", {{"a": 2.0}}, step=2)
                {leave}
            os.waitpid(child, 0)
            before = (trial.path / "metadata.yaml").read_text()
            assert trial.status == "Running" and "status: Running" in before and "_exit" not in before, before
            trial.log("train", {{"a": 3.0}}, step=3)
        """,
        work,
    )
    assert done.returncode == 0, done.stderr
    trial = only_trial(work)
    assert (trial.status, trial.totals.records) == ("Succeeded", 3)
    assert done.stderr.count("finished: logged 2, on disk 2") == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_neither_duplicate_nor_end_anything(method: str, work: Path) -> None:
    (work / "train.py").write_text(
        textwrap.dedent(
            f"""
            import multiprocessing
            from t9k import aimd

            def work(number):
                print("worker", number)
                return number * 2

            if __name__ == "__main__":
                trial = aimd.create_trial(trial_name="a")
                with multiprocessing.get_context("{method}").Pool(3) as pool:
                    for number in pool.imap_unordered(work, range(20)):
                        trial.log("train", {{"n": float(number)}}, step=number)
                trial.finish()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=work,
        env=script_environment(work),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    trial = only_trial(work)
    assert (trial.status, trial.totals.records) == ("Succeeded", 20)
    assert done.stderr.count("finished") == 1
    if method == "fork":  # a forked worker has its parent's stdout, and so its log
        kept = (trial.path / "stdout.log").read_text().splitlines()
        assert sorted(kept) == sorted(f"worker {number}" for number in range(20))


def test_threads_that_log_and_print_at_once_lose_nothing(work: Path) -> None:
    done = run_script(
        """
        import os, sys, threading
        from t9k import aimd
        sys.stdout = open(os.devnull, "w")  # some Pythons mix up bytes of what threads print, also without us
        trial = aimd.create_trial(trial_name="a")
        def log(thread):
            for step in range(500):
                trial.log(f"worker{thread}", {"a": float(step)}, step=step)
                print(f"thread {thread} step {step}\\n", end="")
        threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        trial.finish()
        """,
        work,
    )
    assert done.returncode == 0, done.stderr
    trial = only_trial(work)
    assert (trial.totals.records, trial.totals.damage.lines) == (4000, 0)
    assert {name: one.count for name, one in trial.totals.metrics.items()} == {f"worker{n}.a": 500 for n in range(8)}
    kept = (trial.path / "stdout.log").read_text().splitlines()
    assert sorted(kept) == sorted(f"thread {thread} step {step}" for thread in range(8) for step in range(500))


def test_a_pool_of_forked_workers_always_ends(work: Path) -> None:
    done = run_script(
        """
        import multiprocessing
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        for step in range(30):
            with multiprocessing.get_context("fork").Pool(3) as pool:
                pool.map(abs, range(3))
        trial.finish()
        """,
        work,
    )
    assert done.returncode == 0, done.stderr


def test_a_forked_child_takes_signals_as_any_process(work: Path) -> None:
    done = run_script(
        """
        import os, signal, time
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        os.kill(child, signal.SIGTERM)  # it may not have run yet
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
        trial.finish()
        """,
        work,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("leave", "status", "ending", "told"),
    [
        ("sys.exit(3)", 3, {"kind": "exit", "status": 3}, "exited with status 3"),
        ("sys.exit(259)", 3, {"kind": "exit", "status": 3}, "exited with status 3"),
        ("exit(4)", 4, {"kind": "exit", "status": 4}, "exited with status 4"),
        ("sys.exit('no data')", 1, {"kind": "exit", "status": 1, "message": "no data"}, "exited with status 1"),
        ("argparse.ArgumentParser().error('x')", 2, {"kind": "exit", "status": 2}, "exited with status 2"),
        ("sys.exit()", 0, {"kind": "unfinished"}, "ended without finish()"),
        ("sys.exit(0)", 0, {"kind": "unfinished"}, "ended without finish()"),
        ("pass", 0, {"kind": "unfinished"}, "ended without finish()"),
        ("try:\n    sys.exit(3)\nexcept SystemExit:\n    pass", 0, {"kind": "unfinished"}, "ended without finish()"),
        (
            "def f():\n    try:\n        sys.exit(3)\n    except SystemExit:\n        pass\nf()",
            0,
            {"kind": "unfinished"},
            "",
        ),
        ("thread = threading.Thread(target=sys.exit, args=(5,))\nthread.start()", 0, {"kind": "unfinished"}, ""),
    ],
)
def test_the_exit_status_is_recorded_and_said_once(
    leave: str, status: int, ending: dict[str, object], told: str, work: Path
) -> None:
    done = run_script("import argparse, sys, threading\n" + CREATE.lstrip() + leave, work)
    assert done.returncode == status
    trial = only_trial(work)
    assert ended(trial) == ("Running", "Interrupted", ending)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("aimd: ")]
    assert told in line
    assert line.endswith(f"so this is Interrupted: {trial.alternative_name} (logged 1, on disk 1)")


def test_many_trials_left_open_are_told_in_one_line(work: Path) -> None:
    code = "from t9k import aimd\ntrials = [aimd.create_trial(trial_name=f't{n}') for n in range(6)]\n"
    done = run_script(code, work)
    assert done.stderr.count("aimd: ") == 1
    assert done.stderr.rstrip().endswith("and 3 more")


@pytest.mark.parametrize("where", ["with trial:\n    raise", "raise"])
def test_why_it_failed_is_recorded_with_its_traceback(where: str, work: Path) -> None:
    code = CREATE + "def train():\n    raise ValueError('shapes differ: (3,) \\n and (4,)')\n"
    done = run_script(code + where.replace("raise", "train()"), work)
    assert done.returncode == 1
    trial = only_trial(work)
    ending = {"kind": "exception", "exception": "ValueError", "message": "shapes differ: (3,) \n and (4,)"}
    assert ended(trial) == ("Failed", "Failed", ending)
    output = (trial.path / "stdout.log").read_text()
    assert output.count("Traceback (most recent call last):") == 1
    assert output.endswith("ValueError: shapes differ: (3,)\n and (4,)\n")
    assert done.stderr.count("Traceback (most recent call last):") == 1


def test_a_hook_that_is_put_over_ours_hides_no_exception(work: Path) -> None:
    done = run_script(CREATE + "import sys\nsys.excepthook = lambda *a: print('mine')\n[][0]", work)
    assert (done.returncode, done.stdout) == (1, "mine\n")
    ending = {"kind": "exception", "exception": "IndexError", "message": "list index out of range"}
    assert ended(only_trial(work)) == ("Failed", "Failed", ending)


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        (None, None),
        ("diverged", {"kind": "exception", "message": "diverged"}),
        (KeyError("lr"), {"kind": "exception", "exception": "KeyError", "message": "'lr'"}),
        (ValueError(), {"kind": "exception", "exception": "ValueError"}),
        (UnprintableError(), {"kind": "exception", "exception": "UnprintableError"}),
        (ValueError("x" * 5000), {"kind": "exception", "exception": "ValueError", "message": "x" * 1000}),
        ("\x00\x1b[31m \ud800 # : 'NO'\n", {"kind": "exception", "message": "\x00\x1b[31m \\ud800 # : 'NO'\n"}),
    ],
)
def test_a_reason_is_recorded_whatever_it_is(reason: str | BaseException | None, ending: object) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.fail(reason)
    assert ended(Trial(trial.path)) == ("Failed", "Failed", ending)


def test_a_writer_that_is_never_closed_ends_as_its_script_does(work: Path) -> None:
    code = "import sys\nfrom t9k.aimd.tensorboard import SummaryWriter\nwriter = SummaryWriter('runs/a')\n"
    code += "writer.add_scalar('loss', 1.0, 1)\n"
    assert run_script(code, work).stderr.count("finished: logged 1, on disk 1") == 1
    run_script(code + "sys.exit(0)", work)
    run_script(code + "sys.exit(2)", work)
    run_script(code + "1 / 0", work)
    run_script("from t9k import aimd\n" + code.replace("('runs/a')", "(trial=aimd.create_trial(trial_name='b'))"), work)
    assert sorted(trial.state.name for trial in find_trials(work)) == [
        "Failed",
        "Interrupted",
        "Interrupted",
        "Succeeded",
        "Succeeded",
    ]
