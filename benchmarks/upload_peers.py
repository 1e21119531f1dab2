"""Uploads over loopback compared to other trackers, in one run. Repeat with: `python -m benchmarks.upload_peers`.

Ours is the upload of a recorded trial of 200,000 points to our own server, as in `benchmarks.upload`: everything from
reading the journal to the answer after the last byte. mlflow is `MlflowClient.log_batch` with 1,000 metrics a call to
`mlflow server` on SQLite; trackio is `trackio.log` and `finish` with `server_url`, to the server of `trackio.show`,
until all points are in the server's database. Both log 20,000 points of one metric; making their run, importing and
connecting are not in their time. All servers are processes of their own that start before the first round; they are
measured in turns over the rounds, and the median counts. A server's CPU is that of it and its children while a round
runs; its RSS is their resident memory added up after the last round, where pages that they share count many times,
and its PSS the same with each shared page divided among those that share it.

The peers are installed as by `benchmarks.peers`; one that cannot be installed or run, or takes more than 90 seconds in
all, is told as such. Where more is better, the number is given as target / measured, so that 1 or less is ok.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Measurement, table
from benchmarks.peers import VENV, install, peer_environment
from benchmarks.upload import upload, write_trial
from tests.support.server import RunningServer

ROUNDS, OUR_POINTS, PEER_POINTS, BATCH, LIMIT_S = 3, 200_000, 20_000, 1_000, 90.0
TARGETS = {"mlflow": 25.0, "trackio": 8.0}
_SERVERS = {
    "mlflow": """
import os, sys
words = ["mlflow", "server", "--host", "127.0.0.1", "--port", sys.argv[1]]
words += ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "./artifacts"]
os.execv(sys.executable, [sys.executable, "-m", *words])
""",
    "trackio": """
import sys, time
import trackio
url = trackio.show(open_browser=False, block_thread=False, host="127.0.0.1", server_port=int(sys.argv[1]))[3]
with open("url", "w") as file:
    file.write(url)
time.sleep(3600)
""",
}
# Each prints when its run is made and the first point goes, and when the last was handed over, by the system's clock.
_CLIENTS = {
    "mlflow": """
import sys, time
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
url, points, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = MlflowClient(url)
run_id = client.create_run("0").info.run_id
began = time.monotonic()
for first in range(0, points, batch):
    now = int(time.time() * 1000)
    steps = range(first, min(first + batch, points))
    client.log_batch(run_id, metrics=[Metric("loss", 2.3 / (n % 977 + 1) + n * 1.2345e-7, now, n) for n in steps])
print("TIMES", began, time.monotonic())
""",
    "trackio": """
import sys, time
import trackio
url, points = sys.argv[1], int(sys.argv[2])
run = trackio.init(project="bench", server_url=url, embed=False)
limit = time.monotonic() + 20
while run._client is None and time.monotonic() < limit:
    time.sleep(0.01)
began = time.monotonic()
for n in range(points):
    trackio.log({"loss": 2.3 / (n % 977 + 1) + n * 1.2345e-7}, step=n)
trackio.finish()
print("TIMES", began, time.monotonic())
""",
}


class Round(NamedTuple):
    """What one round measured.

    Attributes:
        rate: Points a second, end to end.
        cpu_us: The server's CPU time for one point, in microseconds.
    """

    rate: float
    cpu_us: float


def family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [root]
    for process in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{process}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_s(root: int) -> float:
    """Return the CPU seconds of a process, its descendants, and those of them that ended."""
    ticks = 0
    for process in family(root):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(root: int) -> tuple[float, float, int]:
    """Return the memory of a process and its descendants: resident, proportional; and how many they are."""
    sizes = []
    for process in family(root):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
            known = {words[0]: int(words[1]) / 1024 for words in (line.split() for line in lines)}
            sizes.append((known["Rss:"], known["Pss:"]))
    return sum(size[0] for size in sizes), sum(size[1] for size in sizes), len(sizes)


class Ours:
    """Our own server, and a new trial of it each round."""

    def __init__(self, place: Path, server: RunningServer) -> None:
        self.place, self.server = place, server
        self.key = server.new_user("bench")
        assert server.process is not None
        self.pid = server.process.pid

    def measure(self, number: int) -> Round:
        trial = write_trial(self.place / "trials", number, OUR_POINTS)
        before = cpu_s(self.pid)
        wall_s, _ = upload(self.server.url, self.key, [trial], 1)
        return Round(OUR_POINTS / wall_s, (cpu_s(self.pid) - before) / OUR_POINTS * 1e6)


class Peer:
    """A peer's server, and a client of it each round."""

    def __init__(self, name: str, place: Path) -> None:
        self.name, self.place = name, place
        self.server_place = place / "server"
        self.server_place.mkdir(parents=True)
        self.left_s = LIMIT_S
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.python = str(VENV / "bin" / "python")
        with (place / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                [self.python, "-c", _SERVERS[name], self.port],
                cwd=self.server_place,
                env=peer_environment(self.server_place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self.process.pid

    def stop(self) -> None:
        """End the server and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    @contextlib.contextmanager
    def _clock(self) -> Iterator[float]:
        """Take the time of a block from what is left of the limit; yield when it ends."""
        began = time.monotonic()
        try:
            yield began + self.left_s
        finally:
            self.left_s -= time.monotonic() - began

    def wait_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            RuntimeError: It ended, or did not answer in time.
        """
        address = f"http://127.0.0.1:{self.port}/{'health' if self.name == 'mlflow' else ''}"
        with self._clock() as end:
            while time.monotonic() < end:
                if self.process.poll() is not None:
                    said = (self.place / "server.log").read_text().strip().splitlines()
                    raise RuntimeError(f"its server ended: {said[-1] if said else 'silently'}")
                with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
                    return
                time.sleep(0.2)
        raise RuntimeError("its server did not answer in time")

    def stored(self) -> int:
        """Return how many points are in the server's database."""
        found = 0
        for path in self.server_place.rglob("*.db"):
            with (
                contextlib.suppress(sqlite3.Error),
                contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", 5, uri=True)) as base,
            ):
                found += int(base.execute("select count(*) from metrics").fetchone()[0])
        return found

    def measure(self, number: int) -> Round:
        """Send the points of one round.

        Raises:
            RuntimeError: They did not all arrive in time.
        """
        url_file = self.server_place / "url"
        url = url_file.read_text() if url_file.exists() else f"http://127.0.0.1:{self.port}"
        client_place = self.place / f"client{number}"
        client_place.mkdir()
        want = self.stored() + PEER_POINTS
        before = cpu_s(self.pid)
        with self._clock() as end:
            done = subprocess.run(
                [self.python, "-c", _CLIENTS[self.name], url, str(PEER_POINTS), str(BATCH)],
                cwd=client_place,
                env=peer_environment(client_place),
                capture_output=True,
                text=True,
                timeout=max(1.0, self.left_s),
                check=False,
            )
            times = next((line.split()[1:] for line in done.stdout.splitlines() if line.startswith("TIMES")), None)
            if times is None:
                raise RuntimeError((done.stderr.strip().splitlines() or ["it ended early"])[-1])
            finished = float(times[1])
            while self.stored() < want:
                if time.monotonic() > end:
                    raise RuntimeError(f"{want - self.stored():,} of {PEER_POINTS:,} points did not arrive")
                time.sleep(0.02)
                finished = time.monotonic()
        return Round(PEER_POINTS / (finished - float(times[0])), (cpu_s(self.pid) - before) / PEER_POINTS * 1e6)


class Result(NamedTuple):
    """What all rounds of one tracker came to."""

    version: str
    rate: float
    cpu_us: float
    resident_mib: float
    proportional_mib: float
    processes: int


def _told(name: str, error: Exception) -> None:
    print(f"{name}: not measured: {type(error).__name__}: {error}", file=sys.stderr)


def _started(stack: contextlib.ExitStack, place: Path) -> dict[str, tuple[str, Peer]]:
    """Install the peers and start their servers; one that cannot is told and left out."""
    found = {}
    for name in TARGETS:
        try:
            version = install(name)
            peer = Peer(name, place / name)
            stack.callback(peer.stop)
            peer.wait_ready()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            _told(name, error)
        else:
            found[name] = (version, peer)
    return found


def measure() -> dict[str, Result]:
    """Measure all in turns; return what came of each by name, without those that failed."""
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aimd-", ignore_cleanup_errors=True)))
        peers = _started(stack, place)
        ours = Ours(place, stack.enter_context(RunningServer(place / "data")))
        running: dict[str, tuple[str, Ours | Peer]] = {"aimd": ("this tree", ours), **peers}
        rounds: dict[str, list[Round]] = {name: [] for name in running}
        for number in range(ROUNDS):
            for name, (_, tracker) in list(running.items()):
                print(f"{name}, round {number + 1}", file=sys.stderr, flush=True)
                try:
                    rounds[name].append(tracker.measure(number))
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    _told(name, error)
                    del running[name]
        results = {}
        for name, (version, tracker) in running.items():
            rate, cpu_us = (statistics.median(column) for column in zip(*rounds[name], strict=True))
            results[name] = Result(version, rate, cpu_us, *memory_mib(tracker.pid))
        return results


def markdown(results: dict[str, Result]) -> str:
    """Return the results as a table of the documents."""
    ours = results["aimd"].rate
    lines = [
        "| tracker | version | points/s | ours is faster by | server's CPU a point | server's RSS | PSS | processes |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, one in results.items():
        memory = f"{one.resident_mib:,.0f} MiB | {one.proportional_mib:,.0f} MiB | {one.processes}"
        times = f"{ours / one.rate:,.1f} times" if name in TARGETS else ""
        lines.append(f"| {name} | {one.version} | {one.rate:,.0f} | {times} | {one.cpu_us:,.1f} us | {memory} |")
    lines += [f"\n{name}: not measured" for name in TARGETS if name not in results]
    return "\n".join(lines)


def run() -> list[Measurement]:
    """Measure all, and return how many times faster ours is than each peer, and the memory of each server."""
    results = measure()
    print(markdown(results))
    ours = results["aimd"]
    found = [Measurement("points of our upload", ours.rate, "points/s", None, f"{OUR_POINTS:,} points")]
    for name, target in TARGETS.items():
        if name in results:
            times = ours.rate / results[name].rate
            told = f"{times:.1f} times its {results[name].rate:,.0f} points/s, of {target:g} times"
            found.append(Measurement(f"upload against {name}", target / times, "x", 1.0, told))
    for name, one in results.items():
        told = f"{one.processes} processes, {one.proportional_mib:.0f} MiB PSS, {one.cpu_us:.1f} us of CPU a point"
        found.append(Measurement(f"server's RSS, {name}", one.resident_mib, "MiB", None, told))
    return found


if __name__ == "__main__":
    print(table(run()))
