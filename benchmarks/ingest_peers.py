"""The cost of taking in points, compared to `mlflow server`. Repeat with: `python -m benchmarks.ingest_peers`.

Both servers are processes of their own and get the same points, of one metric with value, step and time, over loopback,
each request when the last was answered, by a connection that is kept over a round: ours as the bytes of a journal
(`PATCH` of `metrics`), mlflow's by `runs/log-batch` into SQLite, as it starts by default. Requests are made before the
clock starts and sent by the same bare client, so that no client's library is in the way. 1,000 metrics are the most
that mlflow takes in one request; ours is also measured with parts as an upload sends them. Ours gets the points once
for each of several new trials, because once is too short for the kernel's clock of CPU. In turns over the rounds, the
median counts.

A server's CPU is that of its process and all descendants, from the first request until half a second after the last
answer, so that what it puts off is in it. After each round what is stored is counted, and a point that is missing ends
the measurement. mlflow is installed as by `benchmarks.peers`. Where more is better, the number is given as target /
measured, so that 1 or less is ok.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Measurement, table
from benchmarks.peers import install
from benchmarks.upload_peers import Peer, cpu_s
from tests.server.api import User
from tests.support.server import RunningServer

ROUNDS, SETTLE_S = 3, 0.5
OUR_TARGET, PEER_TARGET = 200_000.0, 20.0
BEGAN_MS = 1_795_446_207_000


class Shape(NamedTuple):
    """How points are sent.

    Attributes:
        size: Points a request.
        points: Points of one trial.
        trials: How many trials of ours get them in a round.
        with_peer: Whether mlflow takes as many in one request.
    """

    size: int
    points: int
    trials: int
    with_peer: bool


SHAPES = [Shape(50, 2_500, 8, True), Shape(1_000, 10_000, 20, True), Shape(20_000, 1_000_000, 1, False)]


class Round(NamedTuple):
    """What one round measured.

    Attributes:
        rate: Points a second of the wall clock.
        cpu_rate: Points a second of the server's CPU.
    """

    rate: float
    cpu_rate: float


def values(first: int, count: int) -> Iterator[tuple[int, float, int]]:
    """Yield points: step, value, time in milliseconds."""
    for step in range(first, first + count):
        yield step, 2.3 / (step % 977 + 1) + step * 1.2345e-7, BEGAN_MS + step


def journal_part(first: int, count: int) -> bytes:
    """Return points as lines of a journal."""
    lines = []
    for step, value, _ in values(first, count):
        when = f"2026-11-23T15:{step // 60000 % 60:02d}:{step // 1000 % 60:02d}.{step % 1000:03d}397+00:00"
        document = {"train": {"value": {"loss": value}, "sequence": {"epoch": 1, "step": step, "timestamp": when}}}
        lines.append(json.dumps(document) + "\n")
    return "".join(lines).encode()


def batch(run_id: str, first: int, count: int) -> bytes:
    """Return points as a body of mlflow's `runs/log-batch`."""
    metrics = [{"key": "loss", "value": v, "timestamp": when, "step": s} for s, v, when in values(first, count)]
    return json.dumps({"run_id": run_id, "metrics": metrics}).encode()


Request = tuple[str, str, bytes, dict[str, str]]


class Connection:
    """One kept connection that sends bodies and wants success."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def close(self) -> None:
        self._http.close()

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """Send one request; return the body of its answer.

        Raises:
            RuntimeError: The server refused it.
        """
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status not in (200, 204):
            raise RuntimeError(f"{answer.status}: {content[:200].decode('utf-8', 'replace')}")
        return content


def measured(pid: int, port: int, points: int, requests: list[Request]) -> Round:
    """Send requests one after another; return the rates by the clock and by the server's CPU."""
    connection = Connection(port)
    before_s, began_s = cpu_s(pid), time.monotonic()
    for request in requests:
        connection.send(*request)
    wall_s = time.monotonic() - began_s
    time.sleep(SETTLE_S)
    connection.close()
    return Round(points / wall_s, points / (cpu_s(pid) - before_s))


def check_stored(stored: int, sent: int) -> None:
    """Compare what a server has with what was sent.

    Raises:
        RuntimeError: It has another number of points.
    """
    if stored != sent:
        raise RuntimeError(f"{sent:,} points were sent, {stored:,} are there")


class Ours:
    """Our own server, and a new trial of it each round."""

    def __init__(self, server: RunningServer, user: User) -> None:
        self.user, self.port = user, server.port
        assert server.process is not None
        self.pid = server.process.pid

    def measure(self, shape: Shape) -> Round:
        """Send one round.

        Raises:
            RuntimeError: The server refused a part, or does not have all points.
        """
        names = [f"{shape.size}-{time.monotonic_ns()}-{number}" for number in range(shape.trials)]
        trials = [self.user.new_trial(name) for name in names]
        bodies = [journal_part(first, shape.size) for first in range(0, shape.points, shape.size)]
        requests: list[Request] = []
        for trial_id in trials:
            path, offset = f"/t9k/experiment/server/apis/v2/trials/{trial_id}/files/metrics", 0
            for body in bodies:
                headers = {"Authorization": f"Bearer {self.user.key}", "Upload-Offset": str(offset)}
                requests.append(("PATCH", path, body, headers))
                offset += len(body)
        found = measured(self.pid, self.port, shape.points * shape.trials, requests)
        check_stored(
            sum(self.user.trial(trial_id)["metrics"]["train.loss"]["count"] for trial_id in trials),
            shape.points * shape.trials,
        )
        return found


class Mlflow:
    """The peer's server, and a new run of it each round."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.port = peer, int(peer.port)

    def _call(self, name: str, document: dict[str, object]) -> dict[str, dict[str, dict[str, str]]]:
        body = json.dumps(document).encode()
        path, headers = f"/api/2.0/mlflow/runs/{name}", {"Content-Type": "application/json"}
        return dict(json.loads(Connection(self.port).send("POST", path, body, headers)))

    def measure(self, shape: Shape) -> Round:
        """Send one round.

        Raises:
            RuntimeError: The server refused a batch, or does not have all points.
        """
        run_id = self._call("create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        path, headers = "/api/2.0/mlflow/runs/log-batch", {"Content-Type": "application/json"}
        firsts = range(0, shape.points, shape.size)
        requests: list[Request] = [("POST", path, batch(run_id, first, shape.size), headers) for first in firsts]
        before = self.peer.stored()
        found = measured(self.peer.pid, self.port, shape.points, requests)
        check_stored(self.peer.stored() - before, shape.points)
        return found


def _started(stack: contextlib.ExitStack, place: Path) -> tuple[str, Mlflow] | None:
    """Install mlflow and start its server; where that cannot be done, tell it."""
    try:
        version = install("mlflow")
        peer = Peer("mlflow", place / "mlflow")
        stack.callback(peer.stop)
        peer.wait_ready()
    except (RuntimeError, OSError) as error:
        print(f"mlflow: not measured: {error}", file=sys.stderr)
        return None
    return version, Mlflow(peer)


def _medians(rounds: list[Round]) -> Round:
    return Round(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def measure() -> tuple[str, dict[int, Round], dict[int, Round]]:
    """Measure both in turns; return mlflow's version, and what came of ours and of mlflow's by points a request."""
    ours: dict[int, list[Round]] = {}
    theirs: dict[int, list[Round]] = {}
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aimd-", ignore_cleanup_errors=True)))
        version, mlflow = _started(stack, place) or ("", None)
        server = stack.enter_context(RunningServer(place / "data"))
        own = Ours(server, stack.enter_context(User(server, "bench")))
        for number in range(ROUNDS):
            for shape in SHAPES:
                print(f"round {number + 1}, {shape.size:,} points a request", file=sys.stderr, flush=True)
                ours.setdefault(shape.size, []).append(own.measure(shape))
                if mlflow is not None and shape.with_peer:
                    theirs.setdefault(shape.size, []).append(mlflow.measure(shape))
    return (
        version,
        {size: _medians(rounds) for size, rounds in ours.items()},
        {size: _medians(rounds) for size, rounds in theirs.items()},
    )


def markdown(version: str, ours: dict[int, Round], theirs: dict[int, Round]) -> str:
    """Return the results as a table of the documents."""
    lines = [
        f"| points a request | points a CPU-second | mlflow {version} | ratio | points a second | mlflow | ratio |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size, own in ours.items():
        other = theirs.get(size)
        cells = [f"{size:,}"]
        for name in ("cpu_rate", "rate"):
            mine = getattr(own, name)
            cells.append(f"{mine:,.0f}")
            cells += (
                ["", ""] if other is None else [f"{getattr(other, name):,.0f}", f"{mine / getattr(other, name):.1f}"]
            )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(name: str, own: Round, other: Round) -> Measurement:
    times = own.cpu_rate / other.cpu_rate
    told = f"{times:.1f} times mlflow's {other.cpu_rate:,.0f} a CPU-second, of {PEER_TARGET:g} times"
    return Measurement(f"ingest against mlflow's log_batch, {name}", PEER_TARGET / times, "x", 1.0, told)


def run() -> list[Measurement]:
    """Measure both, and return points a CPU-second of the servers and their ratio."""
    version, ours, theirs = measure()
    print(markdown(version, ours, theirs))
    found = []
    for size, own in ours.items():
        told = f"{own.cpu_rate:,.0f} points a second of the server's CPU, {own.rate:,.0f} of the clock"
        target = 1.0 if size == max(ours) else None
        found.append(Measurement(f"ingest, {size:,} points a request", OUR_TARGET / own.cpu_rate, "x", target, told))
    found += [_ratio(f"{size:,} points a request", ours[size], other) for size, other in theirs.items()]
    if theirs:
        found.append(_ratio("each with its largest request", ours[max(ours)], theirs[max(theirs)]))
    return found


if __name__ == "__main__":
    print(table(run()))
