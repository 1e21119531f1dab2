"""One `log` call compared to other trackers, in one run on one machine. Repeat with: `python -m benchmarks.peers`.

The peers are installed from PyPI into `build/peers`, a virtual environment of their own; one that cannot be installed
or run is told as such. Each logger runs in a process of its own, in turns over the rounds, and every call is timed by
itself; the median over all calls of all rounds counts. None of them is waited for in another way than its users do:
what a logger does later, in a thread or a process of its own, is not in the call's time, and is why `kill -9` is
measured beside it: the process kills itself with SIGKILL after its last call, and what can be read back afterwards is
counted where a simple reader of the format exists.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Measurement, table

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / "build" / "peers"
ROUNDS, CALLS, WARM_UP = 3, 2000, 100
SLOW = {"mlflow", "aim", "trackio"}  # so many fewer calls, to end within minutes
SLOW_CALLS = 300
PACKAGES = {
    "t9k": "t9k==0.5.0",
    "wandb": "wandb",
    "tensorboardX": "tensorboardX",
    "tensorboard": "tensorboard",
    "aim": "aim",
    "swanlab": "swanlab",
    "trackio": "trackio",
    "mlflow": "mlflow",
}
IMPORTS = {
    "t9k": "import t9k",
    "wandb": "import wandb",
    "tensorboardX": "import tensorboardX",
    "tensorboard": "import tensorboard.summary.writer.event_file_writer",
    "aim": "import aim",
    "swanlab": "import swanlab",
    "trackio": "import trackio",
    "mlflow": "import mlflow",
}
_LOGGERS = {
    "floor": """
import json
descriptor = os.open("floor", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def log(values, step):
    document = {"train": {"value": values, "sequence": {"epoch": 1, "step": step, "timestamp": STAMP}}}
    os.write(descriptor, (json.dumps(document) + "\\n").encode())
""",
    "aimd": """
from t9k import aimd
trial = aimd.create_trial(trial_name="bench", capture_system=False)
def log(values, step):
    trial.log("train", values, step=step, epoch=1)
""",
    "t9k": """
from t9k import aimd
trial = aimd.create_trial(trial_name="bench")
def log(values, step):
    trial.log("train", values, step=step, epoch=1)
""",
    "wandb": """
import wandb
run = wandb.init(mode="offline", project="bench", settings=wandb.Settings(console="off"))
def log(values, step):
    run.log(values, step=step)
""",
    "tensorboardX": """
from tensorboardX import SummaryWriter
writer = SummaryWriter("runs")
def log(values, step):
    for name, value in values.items():
        writer.add_scalar(name, value, step)
""",
    "tensorboard": """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter("runs")
def log(values, step):
    for name, value in values.items():
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
        writer.add_event(Event(step=step, wall_time=time.time(), summary=summary))
""",
    "aim": """
from aim import Run
run = Run(repo=".", system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)
def log(values, step):
    for name, value in values.items():
        run.track(value, name=name, step=step)
""",
    "swanlab": """
import swanlab
swanlab.init(mode="local", project="bench", logdir="swanlog")
def log(values, step):
    swanlab.log(values, step=step)
""",
    "trackio": """
import trackio
trackio.init(project="bench", embed=False)
def log(values, step):
    trackio.log(values, step=step)
""",
    "mlflow": """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.start_run()
def log(values, step):
    mlflow.log_metrics(values, step=step)
""",
}
_MEASURE = """
STAMP = "2026-11-23T15:03:27.946397+00:00"
values = {f"metric_{n}": 0.1234567 + n for n in range(int(sys.argv[1]))}
calls, warm_up = int(sys.argv[2]), int(sys.argv[3])
for step in range(warm_up):
    log(values, step)
taken = []
clock = time.perf_counter_ns
for step in range(warm_up, warm_up + calls):
    start = clock()
    log(values, step)
    taken.append(clock() - start)
with open(sys.argv[4], "w") as file:
    json.dump(taken, file)
if len(sys.argv) > 5:
    os.kill(os.getpid(), 9)
os._exit(0)
"""
# How many steps can be read back after a kill, where a reader of a few lines exists.
_READERS = {
    "floor": "print(sum(1 for _ in open('floor')))",
    "aimd": "import glob; print(sum(1 for _ in open(glob.glob('.aimd/trials/*/metrics')[0])))",
    "tensorboardX": """
import glob, struct
data = open(glob.glob('runs/*')[0], 'rb').read(); at = count = 0
while at + 12 <= len(data):
    size = struct.unpack_from('<Q', data, at)[0]
    if at + 16 + size > len(data): break
    at += 16 + size; count += 1
print(count - 1)
""",
    "mlflow": """
import sqlite3
print(sqlite3.connect('mlflow.db').execute('select count(*) from metrics').fetchone()[0])
""",
}
_READERS["tensorboard"] = _READERS["tensorboardX"]
_READERS["t9k"] = _READERS["aimd"]


class Taken(NamedTuple):
    """What one process measured."""

    nanoseconds: list[int]
    status: int


def install(name: str) -> str:
    """Install a peer; return its version, or raise RuntimeError with what pip said."""
    if not (VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "-q", PACKAGES[name]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(next((x for x in done.stderr.splitlines() if x.startswith("ERROR")), "pip failed"))
    asked = subprocess.run(
        [*pip, "show", PACKAGES[name].partition("==")[0]], capture_output=True, text=True, check=True
    )
    return next(line.split()[1] for line in asked.stdout.splitlines() if line.startswith("Version"))


def peer_environment(place: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    quiet = {"WANDB_SILENT": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    quiet |= {"WANDB_MODE": "offline", "HF_HUB_OFFLINE": "1", "TRACKIO_DIR": str(place / "trackio")}
    return {**kept, **quiet, "HOME": str(place), "GIT_CEILING_DIRECTORIES": str(place.parent)}


def _python(name: str) -> str:
    return sys.executable if name in ("floor", "aimd") else str(VENV / "bin" / "python")


def measure_calls(name: str, metrics: int, place: Path, kill: bool = False) -> Taken:
    """Time the calls of one logger in a process of its own, in `place`.

    Raises:
        RuntimeError: It did not run to the end.
    """
    place.mkdir(parents=True)
    calls = SLOW_CALLS if name in SLOW else CALLS
    result = place.with_suffix(".json")
    code = "import json, os, sys, time\n" + _LOGGERS[name] + _MEASURE
    words = [str(metrics), str(calls), str(WARM_UP), str(result), *(["kill"] if kill else [])]
    environment = peer_environment(place)
    if name == "aimd":
        environment["PYTHONPATH"] = str(ROOT)
    with place.with_suffix(".err").open("w+") as errors:
        done = subprocess.run(
            [_python(name), "-c", code, *words], cwd=place, env=environment, stdout=errors, stderr=errors, timeout=600
        )
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if not result.exists():
        raise RuntimeError(said[-1] if said else f"ended with {done.returncode}")
    return Taken(json.loads(result.read_text()), done.returncode)


def lost_by_kill(name: str, place: Path) -> str:
    """Return how many of the logged points are not there after kill -9, in words."""
    taken = measure_calls(name, 1, place, kill=True)
    if taken.status != -signal.SIGKILL:
        return "not killed"
    if name not in _READERS:
        return "not read back"
    read = subprocess.run(
        [sys.executable, "-c", _READERS[name]], cwd=place, capture_output=True, text=True, check=False
    )
    logged = len(taken.nanoseconds) + WARM_UP
    return f"{logged - int(read.stdout):,} of {logged:,}" if read.returncode == 0 else "nothing can be read"


def import_cpu_ms(name: str) -> float:
    """Return the median CPU time of importing a logger in a fresh interpreter, in milliseconds."""
    code = {"floor": "import json, os, time", "aimd": "import t9k.aimd"}.get(name) or IMPORTS[name]
    environment = {**os.environ, **({"PYTHONPATH": str(ROOT)} if name == "aimd" else {})}
    taken = []
    for _ in range(6):
        child = os.posix_spawn(_python(name), [_python(name), "-c", code], environment)
        _, status, usage = os.wait4(child, 0)
        if status:
            raise RuntimeError("the import fails")
        taken.append((usage.ru_utime + usage.ru_stime) * 1000)
    return statistics.median(taken[1:])


def available() -> dict[str, str]:
    """Install the peers and return version by name; one that cannot be had is told on stderr and left out."""
    found = {"floor": "json + os.write", "aimd": "this tree"}
    for name in PACKAGES:
        try:
            found[name] = install(name)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            print(f"{name}: not measured: {error}", file=sys.stderr)
    return found


def measure() -> list[dict[str, object]]:
    """Measure all; return one row a logger: name, version, p50 by number of metrics, lost, import."""
    rows: list[dict[str, object]] = [{"name": name, "version": version} for name, version in available().items()]
    with tempfile.TemporaryDirectory(prefix="aimd-peers-", ignore_cleanup_errors=True) as place:
        for metrics in (1, 10):
            taken: dict[str, list[int]] = {}
            for number in range(ROUNDS):
                for row in rows:
                    name = str(row["name"])
                    if "fault" in row:
                        continue
                    print(f"{name}, {metrics} metrics, round {number + 1}", file=sys.stderr, flush=True)
                    with _noted_in(row):
                        one = measure_calls(name, metrics, Path(place) / f"{name}-{metrics}-{number}")
                        taken.setdefault(name, []).extend(one.nanoseconds)
            for row in rows:
                if "fault" not in row:
                    row[f"p50_{metrics}_us"] = statistics.median(taken[str(row["name"])]) / 1000
        for row in rows:
            name = str(row["name"])
            if "fault" not in row:
                with _noted_in(row):
                    row["lost"] = lost_by_kill(name, Path(place) / f"{name}-kill")
                    row["import_ms"] = import_cpu_ms(name)
    return rows


@contextlib.contextmanager
def _noted_in(row: dict[str, object]) -> Iterator[None]:
    """Note in its row when a measurement fails, and go on with the others."""
    try:
        yield
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
        row["fault"] = f"{type(error).__name__}: {error}"


def markdown(rows: list[dict[str, object]]) -> str:
    """Return the rows as a table of the documents."""
    floor = next(row for row in rows if row["name"] == "floor")
    lines = [
        "| logger | version | 1 metric, p50 | x floor | 10 metrics, p50 | x floor | lost by kill -9 | import, CPU |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [str(row["name"]), str(row["version"])]
        for metrics in (1, 10):
            value, base = row.get(f"p50_{metrics}_us"), floor.get(f"p50_{metrics}_us")
            known = isinstance(value, float) and isinstance(base, float)
            cells += [f"{value:,.1f} us", f"{value / base:,.1f}"] if known else ["-", "-"]  # type: ignore[operator]
        imported = row.get("import_ms")
        cells += [str(row.get("lost", "-")), f"{imported:,.0f} ms" if isinstance(imported, float) else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [f"\n{row['name']}: not measured whole: {row['fault']}" for row in rows if "fault" in row]
    return "\n".join(lines)


def run() -> list[Measurement]:
    """Measure all, and return how many times faster one call is than each peer's (target: at least 4 times)."""
    rows = measure()
    print(markdown(rows))
    ours = next(row for row in rows if row["name"] == "aimd")["p50_1_us"]
    assert isinstance(ours, float)
    return [
        Measurement(f"log of 1 metric against {row['name']}", ours / float(str(row["p50_1_us"])), "x", 0.25, "its p50")
        for row in rows
        if row["name"] not in ("floor", "aimd") and "p50_1_us" in row
    ]


if __name__ == "__main__":
    print(table(run()))
