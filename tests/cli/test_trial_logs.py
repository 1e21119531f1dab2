import re
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.text import printed_line
from aimd_core.reading.output import follow_lines, read_lines, tail_offset
from t9k import aimd
from tests.support.home import Home


def record(output: bytes | None, name: str = "cnn") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    if output is None:
        (trial.path / "stdout.log").unlink(missing_ok=True)
    else:
        (trial.path / "stdout.log").write_bytes(output)
    return trial


def test_the_whole_output_or_its_last_lines_are_printed(home: Home) -> None:
    record(b"one\ntwo\nthree\n")
    assert home.aimd("trial", "logs", "cnn").out == "one\ntwo\nthree\n"
    assert home.aimd("trial", "logs", "cnn", "--tail", "2").out == "two\nthree\n"
    assert home.aimd("trial", "logs", "cnn", "--tail", "0").out == ""
    assert home.aimd("trial", "logs", "cnn", "--json", "--tail", "1").json["lines"] == ["three"]


def test_control_bytes_do_nothing_and_progress_bars_show_their_last_state(home: Home) -> None:
    record(b"\x1b[32mgreen\x1b[0m\x1b]0;title\x07\ta\n 10%\r 50%\r100%\r\n12/13\b\b\b\b\b13/13\x07 \x1b[5m\xff\n")
    for out in (home.aimd("trial", "logs", "cnn").out, home.aimd_terminal("trial", "logs", "cnn", TERM="dumb")):
        assert "\x1b" not in out
        assert out.splitlines() == ["green\ta", "100%", "13/13 \\xff"]


def test_a_trial_without_output_is_not_found(home: Home) -> None:
    record(None)
    ran = home.aimd("trial", "logs", "cnn")
    assert ran.code == 3
    assert "no recorded output" in ran.err


def test_several_trials_or_json_without_end_are_usage_errors(home: Home) -> None:
    record(b"", "a")
    record(b"", "b")
    assert home.aimd("trial", "logs", "a", "b").code == 2
    assert home.aimd("trial", "logs", "a", "-f", "--json").code == 2
    assert home.aimd("trial", "logs", "a", "--tail", "-1").code == 2


def test_following_ends_with_the_trial_and_misses_nothing(home: Home) -> None:
    code = (
        "import time; from t9k import aimd; t = aimd.create_trial(trial_name='f'); t.log('a', {'b': 1}, 1)\n"
        "print('ready', flush=True)\n"
        "for i in range(20): print('line', i, flush=True); time.sleep(0.05)\n"
        "print('no end', end='', flush=True); t.finish()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as training:
        assert training.stdout is not None
        training.stdout.readline()
        ran = home.aimd_process("trial", "logs", "f", "-f")
    assert ran.code == 0
    assert ran.out.splitlines() == ["ready", *(f"line {number}" for number in range(20)), "no end"]


def test_following_an_ended_trial_prints_what_there_is_and_ends(home: Home) -> None:
    record(b"one\ntwo\n")
    assert home.aimd("trial", "logs", "cnn", "-f", "--tail", "1").out == "two\n"


def test_an_interrupted_follower_ends_quietly(home: Home) -> None:
    import signal

    code = (
        "from t9k import aimd; t = aimd.create_trial(trial_name='f'); t.log('a', {'b': 1}, 1)\n"
        "print(1, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        training.stdout.readline()
        (path,) = (home.work / ".aimd" / "trials").iterdir()
        (path / "stdout.log").write_text("here\n")
        command = [sys.executable, "-m", "aimd_cli", "trial", "logs", "f", "-f"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "here\n"
            follower.send_signal(signal.SIGINT)
            _, error = follower.communicate()
        training.communicate(b"\n")
    assert follower.returncode == 130
    assert "Traceback" not in error


def test_a_file_replaced_by_a_shorter_one_is_followed_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "stdout.log"
    path.write_bytes(b"a long first line\n")
    over = threading.Event()
    lines = follow_lines(path, None, over.is_set)
    assert next(lines) == "a long first line"
    assert next(lines) is None
    path.write_bytes(b"new\n")
    assert next(lines) == "new"
    over.set()
    assert [line for line in lines if line is not None] == []


@given(st.lists(st.sampled_from([b"", b"a", b"xyz" * 40_000])), st.booleans(), st.integers(0, 6))
def test_the_tail_is_what_splitting_the_whole_gives(lines: list[bytes], ends: bool, count: int) -> None:
    content = b"\n".join(lines) + b"\n" * ends
    offset = tail_offset(BytesIO(content), count)
    whole = content.split(b"\n")
    if whole[-1] == b"":
        whole.pop()
    expected = whole[max(0, len(whole) - count) :] if count else []
    rest = content[offset:].split(b"\n")
    if rest[-1] == b"":
        rest.pop()
    assert rest == expected


def test_the_tail_of_a_huge_file_reads_only_its_end(tmp_path: Path) -> None:
    path = tmp_path / "stdout.log"
    with path.open("wb") as file:
        file.seek(50 << 30)  # sparse: 50 GiB that nobody could read in a test
        file.write(b"\nlast but one\nlast\n")
    assert list(read_lines(path, 2)) == ["last but one", "last"]


@given(st.text())
def test_a_printed_line_is_always_safe(line: str) -> None:
    shown = printed_line(line)
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", shown)
