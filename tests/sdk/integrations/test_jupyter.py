"""Jupyter itself: each trial has what its cells print, once, and a line below its cell while it runs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.sdk.integrations.recorded import recorded_trial, recorded_trials, require_framework
from tests.support.scripts import run_script, script_environment

RUN = """
import json, sys
import nbclient, nbformat
cells = [nbformat.v4.new_code_cell(text) for text in json.loads(sys.argv[1])]
book = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(book, timeout=300).execute()
shown = [[output.get("text") or sorted(output.data) for output in cell.outputs] for cell in book.cells]
print(json.dumps(shown))
"""
CELLS = [
    "from t9k import aimd\\nfirst = aimd.create_trial(trial_name='first', capture_git=False)\\nprint('in its cell')",
    "import sys\\nprint('hello')\\nprint('oops', file=sys.stderr)",
    "first",
    "first.finish()",
    "with aimd.create_trial(trial_name='second', capture_git=False) as second:\\n    print('inside')",
    "print('after')",
]


def run_cells(cells: list[str], work: Path, **more: str) -> subprocess.CompletedProcess[str]:
    require_framework("nbclient", "ipykernel")
    texts = "[" + ", ".join(f'"{cell}"' for cell in cells) + "]"
    environment = script_environment(work, **more)
    command = [sys.executable, "-W", "ignore", "-c", RUN, texts]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_what_cells_print_is_recorded_once(tmp_path: Path) -> None:
    done = run_cells(CELLS, tmp_path)
    first, second = recorded_trials(tmp_path)
    assert (first.path / "stdout.log").read_text() == "in its cell\nhello\noops\n"
    assert (second.path / "stdout.log").read_text() == "inside\n"
    assert (first.status, second.status) == ("Succeeded", "Succeeded")
    assert '"hello\\n"' in done.stdout
    assert '["text/html", "text/plain"]' in done.stdout


AGAIN = [
    "from t9k import aimd\\nimport t9k.aimd.wandb as wandb\\nfrom t9k.aimd.tensorboard import SummaryWriter",
    *("trial = aimd.create_trial(trial_name='cell', capture_git=False)\\nprint('a run')",) * 2,
    "trial.finish()",
    *("pair = [aimd.create_trial(trial_name='pair', capture_git=False) for _ in range(2)]",) * 2,
    "[trial.finish() for trial in pair]",
    *("run = wandb.init(name='run')\\nrun.log({'loss': 1})",) * 2,
    *("writer = SummaryWriter('writer')\\nwriter.add_scalar('a', 1, 1)",) * 2,
]


def test_each_run_of_a_cell_is_a_trial_and_its_last_run_records_no_more(tmp_path: Path) -> None:
    done = run_cells(AGAIN, tmp_path)
    trials = recorded_trials(tmp_path)
    assert [trial.name for trial in trials] == ["cell"] * 2 + ["pair"] * 4 + ["run"] * 2 + ["writer"] * 2
    assert [(trial.path / "stdout.log").read_text() for trial in trials[:2]] == ["a run\n"] * 2
    assert sorted(trial.status for trial in trials[:2]) == ["Initializing", "Succeeded"]
    assert sorted(trial.status for trial in trials[2:6]) == ["Initializing"] * 2 + ["Succeeded"] * 2
    assert [trial.status for trial in trials[6:]] == ["Succeeded"] * 4
    assert "was still open, and ends here" in done.stdout


SHOW = """
import json, sys
import nbclient, nbformat
cells = [nbformat.v4.new_code_cell(text) for text in json.loads(sys.argv[1])]
book = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(book, timeout=300, allow_errors=True).execute()
shown = [[output.data for output in cell.outputs if output.output_type == "display_data"] for cell in book.cells]
print(json.dumps([shown, [[output.get("text") for output in cell.outputs] for cell in book.cells]]))
"""
# What the kernel sends, counted: more than the notebook shows, because the line is updated in place.
COUNTED = """
from t9k import aimd
sent = []
publisher = get_ipython().display_pub
publish = publisher.publish
def counting(data, *arguments, **settings):
    sent.append(settings.get("update"))
    return publish(data, *arguments, **settings)
publisher.publish = counting
"""


class Shown:
    """What a notebook shows after its cells have run: per cell, the lines of its trials and the printed texts."""

    def __init__(self, work: Path, *cells: str, **more: str) -> None:
        require_framework("nbclient", "ipykernel")
        texts = json.dumps([textwrap.dedent(cell) for cell in cells])
        command = [sys.executable, "-W", "ignore", "-c", SHOW, texts]
        environment = script_environment(work, AIMD_CAPTURE_GIT="0", **more)
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        shown, self.printed = json.loads(done.stdout)
        self.pages = [[data["text/html"] for data in cell] for cell in shown]
        self.lines = [[data["text/plain"].split(" · ") for data in cell] for cell in shown]


def test_a_running_trial_is_one_line_that_is_updated_in_place_and_not_recorded(tmp_path: Path) -> None:
    train = """
        import time
        start = time.monotonic()
        with aimd.create_trial(trial_name="<b>cnn") as trial:
            print("before")
            for step in range(20_000):
                trial.log("train", {"lr": 0.1, "a": 1, "b": 2, "c": 3, "loss": 1 / (step + 1)}, step=step, epoch=2)
            trial.log("val", {"acc": 0.5}, step=step)
            updates = sent.count(True)
        print(f"{sent.count(None)} {updates <= (time.monotonic() - start) / 0.5}")
    """
    shown = Shown(tmp_path, COUNTED, train)
    trial = recorded_trial(tmp_path)
    ((line,),) = shown.lines[1:]
    assert line[:8] == [
        "<b>cnn", "Succeeded", "epoch 2", "step 19,999", "train.loss 5e-05", "train.a 1", "train.b 2", "val.acc 0.5",
    ]  # fmt: skip
    assert (line[8].endswith(" steps/s"), line[-1]) == (True, str(trial.path))
    assert "<b>&lt;b&gt;cnn</b> &middot; Succeeded" in shown.pages[1][0]
    assert "1 True" in "".join(filter(None, shown.printed[1]))  # shown once, updated at most twice a second
    assert (trial.path / "stdout.log").read_text() == "before\n"


def test_the_line_says_how_a_trial_ended_and_is_current_when_its_cell_has_ended(tmp_path: Path) -> None:
    shown = Shown(
        tmp_path,
        """
        from t9k import aimd
        left = aimd.create_trial(trial_name="left")
        for step in range(5):
            left.log("train", {"loss": step}, step=step)
        """,
        """
        with aimd.create_trial(trial_name="failed") as trial:
            trial.log("train", {"loss": 1}, step=1)
            raise ValueError("planted")
        """,
        """
        with aimd.create_trial(trial_name="stopped") as trial:
            trial.log("train", {"loss": 1}, step=1)
            raise KeyboardInterrupt
        """,
        """
        import copy, os
        with aimd.create_trial(trial_name="forked") as trial:
            trial.log("train", {"loss": 1}, step=1)
            copy.deepcopy(trial).log("train", {"loss": 2}, step=2)
            child = os.fork()
            if not child:
                trial.log("train", {"loss": 3}, step=3)
                os._exit(0)
            os.waitpid(child, 0)
        """,
        "left.fail('enough')",
    )
    left, failed, stopped, forked, last = (["|".join(line[1:4]) for line in cell] for cell in shown.lines)
    assert left == ["Failed: enough|step 4|train.loss 4"]  # it had been current before it ended, see below
    assert failed == ["Failed: ValueError: planted|step 1|train.loss 1"]
    assert stopped == ["Interrupted: SIGINT|step 1|train.loss 1"]
    assert forked == ["Succeeded|step 1|train.loss 1"]
    assert last == []
    left_open = Shown(tmp_path, "from t9k import aimd", "t = aimd.create_trial(trial_name='o')", LOG_FIVE).lines[2]
    assert [line[1:4] for line in left_open] == [["Running", "step 4", "train.loss 4"]]


LOG_FIVE = "for step in range(5):\n    t.log('train', {'loss': step}, step=step)"


def test_a_sweep_of_many_trials_has_twenty_lines_the_last_of_which_is_the_newest_trial(tmp_path: Path) -> None:
    sweep = """
        from t9k import aimd
        for number in range(23):
            with aimd.create_trial(trial_name=f"t{number}") as trial:
                trial.log("train", {"loss": number}, step=1)
    """
    (lines,) = Shown(tmp_path, sweep, AIMD_CAPTURE_OUTPUT="0").lines
    assert [line[0] for line in lines] == [*(f"t{number}" for number in range(19)), "t22"]


def test_the_line_is_off_where_nobody_wants_it_or_no_notebook_shows_it(tmp_path: Path) -> None:
    train = """
        import IPython
        from t9k import aimd
        with aimd.create_trial(trial_name="t") as trial:
            trial.log("train", {"loss": 1}, step=1)
    """
    assert Shown(tmp_path, train, AIMD_PROGRESS="0").lines == [[]]
    assert run_script(train, tmp_path).stdout == ""
    (tmp_path / "train.py").write_text(textwrap.dedent(train))
    terminal = "from IPython import start_ipython; start_ipython(['--no-banner', '--quick', 'train.py'])"
    done = run_script(terminal, tmp_path)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)  # the receipt


def test_a_front_end_that_fails_does_not_reach_the_training(tmp_path: Path) -> None:
    train = """
        def fail(*_, **__):
            sent.append("failed")
            raise RuntimeError("planted")
        publisher.publish = fail
        with aimd.create_trial(trial_name="t") as trial:
            for step in range(3):
                trial.log("train", {"loss": 1}, step=step)
        print(f"{sent}")
    """
    shown = Shown(tmp_path, COUNTED, train)
    assert "['failed', 'failed']" in "".join(filter(None, shown.printed[1]))  # the second time at its end
    assert recorded_trial(tmp_path).steps("train") == [0, 1, 2]
