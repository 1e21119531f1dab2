from __future__ import annotations

import io
import json
import logging
import os
import sys
from pathlib import Path

import pytest

from t9k import aimd
from t9k.aimd import output
from t9k.aimd.output import OutputLog
from tests.support.scripts import run_script


@pytest.fixture(autouse=True)
def no_other_trial() -> None:
    """Let go of the streams that trials of other tests, which never finish, still hold."""
    for log in list(output._logs):
        output.stop(log)


def kept(trial: aimd.Trial) -> str:
    return (trial.path / "stdout.log").read_text(encoding="utf-8")


def test_what_is_printed_is_kept_and_still_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        print("to stdout")
        print("to stderr", file=sys.stderr)
        sys.stdout.writelines(["one\n", "two\n"])
        print("no newline", end="")
    printed = capsys.readouterr()
    assert printed.out == "to stdout\none\ntwo\nno newline"
    assert printed.err.startswith("to stderr\n")
    assert kept(trial) == "to stdout\nto stderr\none\ntwo\nno newline\n"


def test_a_logger_that_was_there_before_the_trial_is_kept() -> None:
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("made-before")
    logger.addHandler(handler)
    try:
        with aimd.create_trial(trial_name="a") as trial:
            logger.warning("epoch 1")
    finally:
        logger.removeHandler(handler)
    assert kept(trial) == "epoch 1\n"


def test_the_streams_stay_what_they_are_and_are_restored() -> None:
    before = sys.stdout, sys.stderr, sys.stdout.write, vars(sys.stdout).get("write")
    first, second = aimd.create_trial(trial_name="a"), aimd.create_trial(trial_name="b")
    assert (sys.stdout, sys.stderr) == before[:2]
    print("to both")
    first.finish()
    print("to the second")
    second.finish()
    assert (sys.stdout, sys.stderr, sys.stdout.write, vars(sys.stdout).get("write")) == before
    print("to none")
    assert kept(first).startswith("to both\n")
    assert "to the second" not in kept(first)
    assert "to the second\n" in kept(second)
    assert "to none" not in kept(second)


def test_a_stream_that_is_put_in_place_meanwhile_stays_and_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = aimd.create_trial(trial_name="a")
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)
    print("into mine")
    trial.finish()
    assert sys.stdout is mine
    print("after")
    assert mine.getvalue() == "into mine\nafter\n"


def test_a_stream_that_cannot_be_changed_is_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sealed:
        __slots__ = ("texts",)

        def __init__(self) -> None:
            self.texts: list[str] = []

        def write(self, text: str) -> int:
            self.texts.append(text)
            return len(text)

        def flush(self) -> None:
            pass

        def isatty(self) -> bool:
            return True

    sealed = Sealed()
    monkeypatch.setattr(sys, "stdout", sealed)
    with aimd.create_trial(trial_name="a") as trial:
        print("hello")
        sys.stdout.writelines(["x\n"])
        assert sys.stdout.isatty()
    assert sys.stdout is sealed
    assert "".join(sealed.texts) == "hello\nx\n"
    assert kept(trial) == "hello\nx\n"


def test_a_bar_as_tqdm_prints_it_is_one_line(work: Path) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        for step in range(2000):
            sys.stderr.write(f"\r{step / 20:3.0f}%|{'█' * (step // 100):20}| {step}/2000 \x1b[A\n\x1b[A"[:-4])
            sys.stderr.write(f"\rstep {step}")
        sys.stderr.write(f"\r{'done':80}\n")
    assert kept(trial).splitlines()[-1] == "done"


def test_bars_and_lines_of_two_streams_stay_in_their_order(tmp_path: Path) -> None:
    log = OutputLog(str(tmp_path / "log"))
    stream = Path(__file__).parents[1] / "fixtures" / "terminal" / "tqdm_left.jsonl"
    for line in stream.read_text(encoding="utf-8").splitlines():
        log.take(*json.loads(line))
    log.close()
    kept = [line.split(":")[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert kept == ["data 数据", "all", "epoch 0", "epoch 0", "epoch 1", "epoch 1"]
    ends = [line[-3:] for line in (tmp_path / "log").read_text().splitlines()[2:]]
    assert ends == ["/s]", "0.5", "/s]", "0.5"]


def test_beyond_the_limit_nothing_is_kept_and_that_is_said(tmp_path: Path) -> None:
    log = OutputLog(str(tmp_path / "log"), max_bytes=1 << 20)
    for _ in range(300):
        log.take("stdout", "x" * 9_999 + "\n")
    log.close()
    text = (tmp_path / "log").read_text()
    assert text.endswith("[aimd: output beyond 1 MiB is not kept]\n")
    assert text.count("not kept") == 1
    assert len(text) < (1 << 20) + 100


def test_lines_of_both_streams_do_not_mix(work: Path) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        sys.stdout.write("half ")
        sys.stderr.write("error\n")
        sys.stdout.write("line\n")
    assert kept(trial) == "error\nhalf line\n"


def test_what_no_file_can_hold_is_escaped() -> None:
    stream = io.StringIO()
    real, sys.stdout = sys.stdout, stream
    try:
        with aimd.create_trial(trial_name="a") as trial:
            print("half \ud800 pair")
    finally:
        sys.stdout = real
    assert kept(trial) == "half \\ud800 pair\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("broken", ["sys.{0} = None", "sys.{0}.close()", "os.close({1})"])
def test_a_closed_stream_breaks_nothing(stream: str, broken: str, work: Path) -> None:
    number = {"stdout": 1, "stderr": 2}[stream]
    done = run_script(
        f"""
        import os, sys
        {broken.format(stream, number)}
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {{"a": 1.0}}, step=1)
        trial.finish()
        os._exit(5)
        """,
        work,
    )
    assert done.returncode == 5, done.stderr
    (path,) = (work / ".aimd" / "trials").iterdir()
    assert "status: Succeeded" in (path / "metadata.yaml").read_text()


def test_a_disk_that_refuses_the_log_breaks_no_printing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        with monkeypatch.context() as full, open("/dev/full", "wb", buffering=0) as disk:
            full.setattr(output.os, "write", lambda _, content: disk.write(content))
            print("hello")
        told = capsys.readouterr()
        print("again")
    assert (told.out, told.err.count("WARNING")) == ("hello\n", 1)
    assert "some lines are missing here" in (trial.path / "stdout.log").read_text().partition("again")[0]


@pytest.mark.parametrize("harm", ["close", "delete"])
def test_a_log_that_somebody_closes_or_deletes_is_opened_again(harm: str) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        assert trial._output is not None
        print("before")
        if harm == "close":
            os.close(trial._output._descriptor)
        else:
            (trial.path / "stdout.log").unlink()
        print("after")
    assert "after\n" in (trial.path / "stdout.log").read_text()


@pytest.mark.parametrize("stream", [object(), None, 5])
def test_a_stream_that_cannot_be_written_to_breaks_nothing(stream: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    with aimd.create_trial(trial_name="a") as trial:
        sys.stderr.write("told\n")
    assert "told\n" in (trial.path / "stdout.log").read_text()


def test_output_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with aimd.create_trial(trial_name="a", capture_output=False) as trial:
        print("hello")
    assert not (trial.path / "stdout.log").exists()
    monkeypatch.setenv("AIMD_CAPTURE_OUTPUT", "0")
    with aimd.create_trial(trial_name="a") as trial:
        print("hello")
    assert not (trial.path / "stdout.log").exists()


def test_a_forked_child_does_not_write_the_line_that_its_parent_has_begun(work: Path) -> None:
    done = run_script(
        """
        import os, sys
        from t9k import aimd
        with aimd.create_trial(trial_name="a") as trial:
            sys.stdout.write("begun by the parent, ")
            sys.stdout.flush()
            child = os.fork()
            if not child:
                print("child")
                sys.stdout.flush()
                os._exit(0)
            os.waitpid(child, 0)
            print("ended by the parent")
        """,
        work,
    )
    assert done.returncode == 0, done.stderr
    (path,) = (work / ".aimd" / "trials").iterdir()
    assert (path / "stdout.log").read_text() == "child\nbegun by the parent, ended by the parent\n"


def test_every_complete_line_survives_a_kill(work: Path) -> None:
    code = "import os, signal\nfrom t9k import aimd\naimd.create_trial(trial_name='a')\n"
    run_script(code + "print('line')\nprint('half', end='')\nos.kill(os.getpid(), signal.SIGKILL)", work)
    (path,) = (work / ".aimd" / "trials").iterdir()
    assert (path / "stdout.log").read_text() == "line\n"
