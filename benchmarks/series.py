"""The server's cost of plots of long series. Repeat with: `python -m benchmarks.series`.

One series of 10,000,000 points of two values, and 100 trials of 100,000 points each, appended in parts of 4 MiB to a
database in a directory, by the server's own code in this process; then plots of 1,000 buckets, the median of nine, as
the route answers them in binary. The floor of a plot is summing 1,000,000 floats in NumPy in the same run. Where more
is better, the number is given as target / measured, so that 1 or less is ok.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from aimd_server.accounts import add_user, create_key
from aimd_server.routes.v2_metrics import binary_of
from aimd_server.services import files, identity, trials
from aimd_server.services.series import plotting
from aimd_server.services.series.plotting import PlotWish
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from benchmarks.measurement import Measurement, table
from tests.server.api import new_id, wish
from tests.support.appending import append

LONG, TRIALS, EACH, LINES_A_PART, ROUNDS = 10_000_000, 100, 100_000, 24_000, 9


def parts(points: int, seed: int) -> Iterator[bytes]:
    """Yield the lines of a journal in parts of some MiB."""
    generator = np.random.default_rng(seed)
    for first in range(0, points, LINES_A_PART):
        count = min(LINES_A_PART, points - first)
        noise = generator.normal(0, 0.05, count).astype(np.float32)
        correct = generator.integers(200, 257, count)
        lines = []
        for number in range(count):
            step = first + number
            when = f"2026-11-23T{step // 3_600_000 % 24:02d}:{step // 60000 % 60:02d}:{step // 1000 % 60:02d}"
            loss = round(2.3 / (1 + step * 1e-4) + float(noise[number]), 4)
            value = f'"loss": {loss!r}, "acc": {int(correct[number]) / 256!r}'
            place = f'"epoch": {step // 10000}, "step": {step}, "timestamp": "{when}.{step % 1000:03d}397+00:00"'
            lines.append(f'{{"train": {{"value": {{{value}}}, "sequence": {{{place}}}}}}}\n')
        yield "".join(lines).encode()


def fill(database: Database, user: Account, points: int, seed: int) -> tuple[str, float]:
    """Append a trial's points; return its id and the CPU seconds of it."""
    uid, offset, cpu_s = new_id(), 0, 0.0
    trials.put(database, user, uid, msgspec.convert(wish(f"t{seed}"), trials.TrialWish), False)
    for part in parts(points, seed):
        begun_s = time.process_time()
        offset = append(database, user, uid, files.METRICS, offset, part).offset
        cpu_s += time.process_time() - begun_s
    return uid, cpu_s


def median_ms(call: Callable[[], object]) -> float:
    """Return the median time of a call."""
    taken = []
    for _ in range(ROUNDS):
        begun_s = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun_s) * 1000)
    return statistics.median(taken)


def run(long: int = LONG, many: int = TRIALS) -> list[Measurement]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as directory:
        place = Path(directory)
        add_user(place, "bench")
        key = create_key(place, "bench")
        with Database(place) as database:
            user = identity.account_of(database, key)
            assert user is not None
            database.start_writer()
            print("filling ...", file=sys.stderr)
            first, cpu_s = fill(database, user, long, 0)
            size = sum(database.sizes_bytes().values())
            others = [fill(database, user, EACH, number + 1)[0] for number in range(many)]
            floor = median_ms(lambda: np.ones(1_000_000).sum())
            one = median_ms(lambda: binary_of(plotting.draw(database, user, PlotWish([first], ["train.loss"]))))
            some = median_ms(lambda: binary_of(plotting.draw(database, user, PlotWish(others, ["train.loss"]))))
            zoom = PlotWish([first], ["train.loss"], "step", 1000, long * 0.3, long * 0.3 + 5000)
            near = median_ms(lambda: binary_of(plotting.draw(database, user, zoom)))
    told = f"NumPy sums 1,000,000 floats in {floor:.2f} ms"
    rate = long / cpu_s
    return [
        Measurement("ingest by bytes, without HTTP", 200_000 / rate, "x", 1.0, f"{rate:,.0f} points per CPU-second"),
        Measurement("bytes a point of two values", size / long, "B", 12, f"on disk, with the log; {long:,} points"),
        Measurement(f"plot of {long:,} points", one, "ms", 30, told),
        Measurement(f"plot of {many} trials of {EACH:,}", some, "ms", 60, told),
        Measurement("zoom to 5,000 of them", near, "ms", None, told),
    ]


if __name__ == "__main__":
    print(table(run(*(int(word) for word in sys.argv[1:]))))
