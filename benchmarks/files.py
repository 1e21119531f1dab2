"""What files of a trial cost. Again: `python -m benchmarks.files`.

`trial.save` of 2,000 files of 10 kB, and again in another trial, when the store has their bytes; 10,000 of them
uploaded, and again with nothing new; one file of 1 GiB uploaded and downloaded over loopback, to a server in a process
of its own. The floors are `cp -r` and `cp` with `sha256sum` of the same files in the same run. Times are wall clock:
transfers use several processes. Memory is the peak of a fresh client process, and of the server.
Where more is better, the number is given as target / measured, so that 1 or less is ok.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measurement import Measurement, table
from benchmarks.upload import peak_mib, rate, write_trial
from tests.support.server import ROOT, RunningServer

SAVED, SAVED_BYTES = 2_000, 10_000
MANY, LARGE_BYTES = 10_000, 1 << 30
ROUNDS = 3
_SAVE = """
import json, sys, time
from t9k import aimd
taken = []
for _ in range(2):
    trial = aimd.create_trial(trial_name="bench", capture_git=False, capture_output=False, capture_system=False)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    names = trial.save(sys.argv[1])
    taken += [time.perf_counter() - begin, time.process_time() - begin_cpu]
    trial.finish()
print(json.dumps([*taken, len(names)]))
"""
_UPLOAD = """
import json, resource, sys, time
from pathlib import Path
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, upload_all
from aimd_core.upload.downloading import download_trial
from aimd_core.upload.remote import CurrentRemote
from aimd_core.client.v2 import Server
url, key, path, trial_id = sys.argv[1:]
credentials = Credentials(url, key, {})
begin = time.perf_counter()
if trial_id:
    with Server(credentials) as server:
        download_trial(server, trial_id, Path(path))
else:
    for result in upload_all(lambda: CurrentRemote(credentials), [Trial(Path(path))], Destination(), 1):
        if result.error is not None:
            raise result.error
        assert not result.uploaded.refusals, result.uploaded.refusals
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.perf_counter() - begin, peak]))
"""


def _run(code: str, place: Path, *words: str) -> list[float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=True)
    taken: list[float] = json.loads(done.stdout.splitlines()[-1])
    return taken


def _fill(directory: Path, number: int, size_bytes: int) -> None:
    directory.mkdir(parents=True)
    for index in range(number):
        (directory / f"{index:05}.bin").write_bytes(os.urandom(size_bytes))


def _blocks(directory: Path) -> int:
    """Return the bytes that files take on the disk, each inode once."""
    stats = {(path.stat().st_ino): path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file()}
    return sum(stats.values())


def measure_saving(place: Path) -> list[Measurement]:
    """Measure adding many small files."""
    source = place / "source"
    _fill(source, SAVED, SAVED_BYTES)
    ours: list[list[float]] = []
    floors_s = []
    for number in range(ROUNDS):
        work = place / f"save{number}"
        work.mkdir()
        begin = time.perf_counter()
        subprocess.run(["cp", "-r", source, work / "floor"], check=True)
        floors_s.append(time.perf_counter() - begin)
        *taken, saved = _run(_SAVE, work, str(source))
        assert saved == SAVED
        ours.append(taken)
    copies = _blocks(work / ".aimd") / _blocks(source)
    new_s, new_cpu_s, equal_s, equal_cpu_s = (min(column) for column in zip(*ours, strict=True))
    floor = f"cp -r {min(floors_s):.2f} s; CPU {{cpu_s:.2f}} s; fastest of {ROUNDS}"
    return [
        Measurement(f"trial.save of {SAVED:,} files of 10 kB", new_s, "s", 0.5, floor.format(cpu_s=new_cpu_s)),
        Measurement("the same, bytes that are kept", equal_s, "s", 0.5, floor.format(cpu_s=equal_cpu_s)),
        Measurement("space for them", copies, "x", 1.05, "their own"),
    ]


def measure_many(place: Path, server: RunningServer) -> list[Measurement]:
    """Measure many files of one trial."""
    key = server.new_user("many")
    trial = write_trial(place / "many", 0, 1)
    _fill(trial.path / "files", MANY, SAVED_BYTES)
    words = (server.url, key, str(trial.path), "")
    first_s, _ = _run(_UPLOAD, place, *words)
    again_s, _ = _run(_UPLOAD, place, *words)
    return [
        rate(f"{MANY:,} files of 10 kB uploaded", MANY, first_s, 800, "files/s"),
        rate("the same again, nothing new", MANY, again_s, 5000, "files/s"),
    ]


def measure_large(place: Path, server: RunningServer) -> list[Measurement]:
    """Measure one large file, there and back."""
    key = server.new_user("large")
    trial = write_trial(place / "large", 1, 1)
    file = trial.path / "files" / "model.bin"
    file.parent.mkdir()
    with file.open("wb") as made:
        block = os.urandom(1 << 20)
        for index in range(LARGE_BYTES >> 20):
            made.write(index.to_bytes(8, "big") + block[8:])
    os.utime(file, (1, 1))
    begin = time.perf_counter()
    subprocess.run(["cp", file, place / "floor.bin"], check=True)
    subprocess.run(["sha256sum", place / "floor.bin"], check=True, stdout=subprocess.DEVNULL)
    floor_s = time.perf_counter() - begin
    (place / "floor.bin").unlink()
    up_s, up_mib = _run(_UPLOAD, place, server.url, key, str(trial.path), "")
    server_mib = peak_mib(server)
    shown = f"cp and sha256sum of it: {floor_s:.1f} s"
    down_s, down_mib = _run(_UPLOAD, place, server.url, key, str(place / "back"), str(trial.id))
    shutil.rmtree(place / "back")
    return [
        Measurement("1 GiB uploaded", up_s / floor_s, "x", 1 / 0.6, f"{shown}; ours {up_s:.1f} s"),
        Measurement("1 GiB downloaded", down_s / floor_s, "x", 1 / 0.6, f"{shown}; ours {down_s:.1f} s"),
        Measurement("client's peak memory", max(up_mib, down_mib), "MiB", 200, "up or down"),
        Measurement("server's peak memory", server_mib, "MiB", 200, "1 GiB in one file, 10,000 files before"),
    ]


def run() -> list[Measurement]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as directory:
        place = Path(directory)
        saving = measure_saving(place)
        with RunningServer(place / "data") as server:
            return [*saving, *measure_many(place, server), *measure_large(place, server)]


if __name__ == "__main__":
    print(table(run()))
