"""What an upload costs. Again: `python -m benchmarks.upload`.

One trial of 1,000,000 points, 1,000 trials of 100 points, and those 1,000 again with nothing new, each over loopback
to a server in a process of its own, by the command line's code in this process. The client's CPU is that of this
process for the upload; its floor is gzip at level 1 over the same bytes in the same run. The server's memory is its
peak.

The plain floor sends the same bytes, packed alike and in parts of the same size, by a bare httpx client to the bare
route of the appends, which unpacks and stores them; upload and floor take turns. CPU is that of client and server, the
least of the rounds.

Where more is better, the number is given as target / measured, so that 1 or less is ok.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
import uuid
from pathlib import Path

import httpx

from aimd_core.client.v2 import pack
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, upload_all
from aimd_core.upload.remote import CurrentRemote
from aimd_core.upload.transfers import PartSize
from benchmarks.appends import cpu_of, floor
from benchmarks.measurement import Measurement, table
from tests.support.proxy import Proxy
from tests.support.server import RunningServer

POINTS, TRIALS, POINTS_EACH, JOBS = 1_000_000, 1_000, 100, 4
PLAIN_POINTS, PLAIN_ROUNDS, PLAIN_SHARE = 300_000, 4, 0.75
_METADATA = """\
kind: Trial
metadata:
  folder: null
  name: {name}
  editor: null
  id: {trial_id}
  timestamp: null
startTime: '2026-11-23T15:03:27.664883+00:00'
endTime: '2026-11-23T16:03:27.664883+00:00'
status: Succeeded
_upload:
  folder_id: null
  folder_path: bench
  make_folder: true
  conflict_strategy: new
"""


def write_trial(place: Path, number: int, points: int) -> Trial:
    """Write a trial with that many points of one metric."""
    path = place / ".aimd" / "trials" / f"bench{number}_261123_150327_{number:06d}"
    path.mkdir(parents=True)
    trial_id = str(uuid.uuid4())
    (path / "metadata.yaml").write_text(_METADATA.format(name=f"bench{number}", trial_id=trial_id))
    (path / "parameters.yaml").write_text("lr: 0.01\n")
    with (path / "metrics").open("w") as journal:
        for step in range(points):
            when = f"2026-11-23T15:{step // 60000 % 60:02d}:{step // 1000 % 60:02d}.{step % 1000:03d}397+00:00"
            sequence = {"epoch": 1, "step": step, "timestamp": when}
            value = {"loss": 2.3 / (step % 977 + 1) + step * 1.2345e-7}
            journal.write(json.dumps({"train": {"value": value, "sequence": sequence}}) + "\n")
    return Trial(path)


def peak_mib(server: RunningServer) -> float:
    """Return the greatest resident memory that the server had."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def upload(url: str, key: str, trials: list[Trial], jobs: int) -> tuple[float, float]:
    """Upload trials and return wall clock and CPU seconds."""
    started_s, cpu_s = time.perf_counter(), time.process_time()
    credentials = Credentials(url, key, {})
    fresh = [Trial(trial.path) for trial in trials]
    for result in upload_all(lambda: CurrentRemote(credentials), fresh, Destination(), jobs):
        if result.error is not None:
            raise result.error
    return time.perf_counter() - started_s, time.process_time() - cpu_s


def send_plainly(port: int, journal: Path) -> float:
    """Send a file to the bare route and return the CPU seconds of this process."""
    cpu_s = time.process_time()
    size = PartSize()
    with httpx.Client() as client, journal.open("rb") as file:
        while content := file.read(size.size_bytes):
            started_s = time.monotonic()
            client.patch(f"http://127.0.0.1:{port}/0", content=pack(content)).raise_for_status()
            size.learn(len(content), time.monotonic() - started_s)
    return time.process_time() - cpu_s


def measure_plain(place: Path, server: RunningServer) -> list[Measurement]:
    """Compare an upload with the plain floor: the CPU of both sides, and of each."""
    key = server.new_user("plain")
    assert server.process is not None
    ours: list[tuple[float, float]] = []
    plain: list[tuple[float, float]] = []
    (place / "floor").mkdir()
    with floor(place / "floor", None) as bare:
        for number in range(PLAIN_ROUNDS):
            trial = write_trial(place / f"plain{number}", number, PLAIN_POINTS)
            before_s = cpu_of(server.process.pid)
            _, client_s = upload(server.url, key, [trial], 1)
            ours.append((client_s, cpu_of(server.process.pid) - before_s))
            before_s = cpu_of(bare.pid)
            client_s = send_plainly(bare.port, trial.path / "metrics")
            plain.append((client_s, cpu_of(bare.pid) - before_s))
    (our_client_s, our_server_s), (client_s, server_s) = (
        tuple(min(pair[side] for pair in pairs[1:]) for side in (0, 1)) for pairs in (ours, plain)
    )
    both, plain_both = our_client_s + our_server_s, client_s + server_s
    told = f"httpx to a bare route ({plain_both:.2f} s; ours {both:.2f} s"
    told += f", of which the client {our_client_s:.2f} against {client_s:.2f} s)"
    return [Measurement("upload against a plain floor, CPU", both / plain_both, "x", 1 / PLAIN_SHARE, told)]


def rate(name: str, count: int, seconds: float, target: float, unit: str) -> Measurement:
    return Measurement(name, target * seconds / count, "x", 1.0, f"{count / seconds:,.0f} {unit}, of {target:,.0f}")


def measure_long(place: Path, server: RunningServer) -> list[Measurement]:
    key = server.new_user("long")
    trial = write_trial(place / "long", 0, POINTS)
    content = (trial.path / "metrics").read_bytes()
    cpu_s = time.process_time()
    gzip.compress(content, 1)
    floor_s = time.process_time() - cpu_s
    wall_s, client_s = upload(server.url, key, [trial], 1)
    memory = Measurement("server's peak memory", peak_mib(server), "MiB", 150, f"{POINTS:,} points in one trial")
    with Proxy(server.port) as proxy:
        upload(proxy.url, server.new_user("wire"), [write_trial(place / "wire", 1, POINTS // 10)], 1)
        sent = proxy.wire_bytes / (place / "wire/.aimd/trials/bench1_261123_150327_000001/metrics").stat().st_size
    return [
        rate("points of one long trial", POINTS, wall_s, 250_000, "points/s"),
        Measurement("client's CPU", client_s / floor_s, "x", 4, f"gzip level 1 ({floor_s:.2f} s; ours {client_s:.2f})"),
        memory,
        Measurement("bytes on the wire", sent, "x", 0.2, "bytes of the journal"),
    ]


def measure_many(place: Path, server: RunningServer) -> list[Measurement]:
    key = server.new_user("many")
    trials = [write_trial(place / "many", number, POINTS_EACH) for number in range(TRIALS)]
    first_s, _ = upload(server.url, key, trials, JOBS)
    again_s, _ = upload(server.url, key, trials, JOBS)
    return [
        rate(f"trials of {POINTS_EACH} points", TRIALS, first_s, 150, "trials/s"),
        rate("the same again, nothing new", TRIALS, again_s, 1000, "trials/s"),
    ]


def run() -> list[Measurement]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as directory:
        place = Path(directory)
        with RunningServer(place / "data") as server:
            print("one long trial ...", file=sys.stderr)
            return measure_long(place, server) + measure_plain(place, server) + measure_many(place, server)


if __name__ == "__main__":
    print(table(run()))
