"""marimo itself, by its own server: a trial for each run of a cell, with what the cells print, once, shown as HTML."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.sdk.integrations.recorded import BESIDE, recorded_trials, require_framework
from tests.support.patience import PATIENCE_S
from tests.support.scripts import script_environment

NOTEBOOK = """
import marimo

app = marimo.App()

@app.cell
def _():
    import IPython
    from t9k import aimd
    return (aimd,)

@app.cell
def _(aimd):
    trial = aimd.create_trial(trial_name="cell", capture_git=False)
    other = aimd.create_trial(trial_name="cell", capture_git=False, capture_output=False)
    print("in its cell")
    trial.log("train", {"loss": 0.5}, step=1)
    return (trial,)

@app.cell
def _(aimd):
    kept = aimd.create_trial(trial_name="cell", capture_git=False, capture_output=False)
    return

@app.cell
def _(trial):
    import sys
    print("after")
    print("oops", file=sys.stderr)
    trial
    return
"""
MARIMO = f"import sys; sys.path.append({str(BESIDE)!r}); from marimo._cli.cli import main; main()"
# What the page of the editor does: open the notebook, run all cells, and then the second one again.
EDITOR = f"""
import asyncio, json, pathlib, re, subprocess, sys, urllib.request
sys.path.append({str(BESIDE)!r})
import websockets

SESSION = "s_123456"

def ask(address, path, **body):
    headers = {{"Content-Type": "application/json", "Marimo-Session-Id": SESSION}}
    urllib.request.urlopen(urllib.request.Request(address + path, json.dumps(body).encode(), headers)).close()

async def until(page, operation, shown):
    async for text in page:
        message = json.loads(text)
        if message["op"] == "cell-op":
            shown += [message["data"][part] for part in ("output", "console") if message["data"].get(part)]
        if message["op"] == operation:
            return message["data"]

async def edit(address):
    shown = []
    async with websockets.connect(f"ws{{address[4:]}}/ws?session_id={{SESSION}}", max_size=None) as page:
        cells = await until(page, "kernel-ready", shown)
        ask(address, "/api/kernel/instantiate", objectIds=[], values=[], autoRun=True)
        await until(page, "completed-run", shown)
        again = cells["cell_ids"][1], cells["codes"][1]
        ask(address, "/api/kernel/run", cellIds=[again[0]], codes=[again[1]])
        await until(page, "completed-run", shown)
    ended = ["_exit" in file.read_text() for file in pathlib.Path(".aimd").glob("trials/*/metadata.yaml")]
    print(json.dumps([shown, sum(ended)]))  # now, because the server's end also ends what is left open

options = ["edit", "notebook.py", "--headless", "--no-token", "--no-skew-protection", "--skip-update-check"]
command = [sys.executable, "-u", "-c", {MARIMO!r}, *options, "--port", "0"]
server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
try:
    address = next(found[0] for line in server.stdout if (found := re.search("http://[^/?\\\\s]+", line)))
    asyncio.run(edit(address))
finally:
    server.terminate()
    server.wait()
"""


def run_marimo(work: Path, code: str, *arguments: str) -> str:
    require_framework("marimo")
    (work / "notebook.py").write_text(NOTEBOOK)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=work,
        env=script_environment(work),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_each_run_of_a_cell_is_a_trial_that_has_what_cells_print_once(tmp_path: Path) -> None:
    shown, ended = json.loads(run_marimo(tmp_path, EDITOR).splitlines()[-1])
    trials = recorded_trials(tmp_path)
    assert [trial.name for trial in trials] == ["cell"] * 5
    outputs = [(trial.path / "stdout.log").read_text() for trial in trials if (trial.path / "stdout.log").exists()]
    assert outputs == ["in its cell\nafter\noops\n"] * 2
    assert ended == 2  # both of the second cell's first run; the trial of the third cell goes on
    texts = [str(part.get("data")) for part in shown if isinstance(part, dict)]
    assert sum("was still open, and ends here" in text for text in texts) == 2
    assert sum(text.count("in its cell") for text in texts) == 2
    pages = [part["data"] for part in shown if isinstance(part, dict) and part.get("mimetype") == "text/html"]
    assert [page.count("<b>cell</b> &middot; Running") for page in pages] == [1, 1]


def test_a_notebook_that_is_exported_records_its_trial_and_shows_no_line_for_jupyter(tmp_path: Path) -> None:
    run_marimo(tmp_path, MARIMO, "export", "html", "notebook.py", "-o", "page.html", "--no-include-code")
    trial = next(trial for trial in recorded_trials(tmp_path) if trial.points)
    assert (trial.path / "stdout.log").read_text() == "in its cell\nafter\noops\n"
    page = (tmp_path / "page.html").read_text()
    assert page.count("Running \\u0026middot; cell_") == 1
    assert "steps/s" not in page
