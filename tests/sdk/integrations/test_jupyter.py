"""Jupyter itself: each trial has what its cells print, once, and is shown as the last value of a cell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sdk.integrations.recorded import recorded_trials, require_framework
from tests.support.scripts import script_environment

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


def run_cells(cells: list[str], work: Path) -> subprocess.CompletedProcess[str]:
    require_framework("nbclient", "ipykernel")
    texts = "[" + ", ".join(f'"{cell}"' for cell in cells) + "]"
    environment = script_environment(work)
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
