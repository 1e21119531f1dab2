"""What media cost. Again: `python -m benchmarks.media`.

10,000 distinct pictures of about 2 kB are recorded in one trial, each call timed by itself; beside it the encoding
alone, in turns, because a busy machine slows both down. Then the trial is uploaded over loopback to a server in a
process of its own, and the requests of a slider are timed: the records of a step, and the bytes of its picture.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np

from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.objects.store import OBJECTS_DIRECTORY
from aimd_core.reading.documents import Trial
from aimd_core.reading.media import LocalMedia
from aimd_core.upload import Destination, upload_all
from aimd_core.upload.remote import CurrentRemote
from benchmarks.measurement import Measurement, table
from t9k import aimd
from t9k.aimd.media.pictures import image
from tests.support.server import RunningServer

PICTURES = 10_000
SLIDES = 200
_SIDE = 25  # of a picture of noise: 1.9 kB


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure_recording(place: Path) -> tuple[list[Measurement], Trial]:
    """Measure recording many small pictures."""
    chance = np.random.default_rng(0)
    trial = aimd.create_trial(trial_name="bench", dir=place, capture_git=False, capture_output=False)
    trial.log_image("noise", np.zeros((2, 2), np.uint8), 0)
    calls_s, encodings_s = [], []
    for step in range(PICTURES):
        pixels = chance.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
        encodings_s.append(_timed(lambda pixels=pixels: image(pixels)))  # type: ignore[misc]
        calls_s.append(_timed(lambda pixels=pixels, step=step: trial.log_image("noise", pixels, step)))  # type: ignore[misc]
    trial.finish()
    files = sum(len(names) for _, _, names in os.walk(place / OBJECTS_DIRECTORY))
    beyond_us = [(call - encoding) * 1e6 for call, encoding in zip(calls_s, encodings_s, strict=True)]
    encoding_us = statistics.median(encodings_s) * 1e6
    return [
        Measurement(
            "log_image beyond the encoding", statistics.median(beyond_us), "us", 50, f"PNG {encoding_us:.0f} us"
        ),
        Measurement("the slowest of 1,000 calls", sorted(calls_s)[-PICTURES // 1000] * 1e3, "ms", None, ""),
        Measurement(f"inodes of {PICTURES:,} pictures", files, "", 100, "in the object store"),
        Measurement("all records read", _timed(lambda: list(LocalMedia(trial.path).items())), "s", None, ""),
    ], Trial(trial.path)


def measure_serving(trial: Trial, server: RunningServer) -> list[Measurement]:
    """Measure uploading them, and moving a slider over them."""
    key = server.new_user("bench")
    credentials = Credentials(server.url, key, {})

    def upload() -> None:
        for result in upload_all(lambda: CurrentRemote(credentials), [trial], Destination(), 1):
            assert result.error is None, result.error

    first_s, again_s = _timed(upload), _timed(upload)
    with Server(credentials) as client:
        assert client.trial(str(trial.id))["files"]["media"]["count"] == PICTURES + 1
    base = f"{server.url}/apis/v2/trials/{trial.id}/media"
    slides_s = []
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as http:
        for number in range(SLIDES):
            step = number * (PICTURES // SLIDES)
            begin = time.perf_counter()
            row = http.get(base, params={"key": "noise", "from": step, "to": step}).json()["media"][-1]
            assert http.get(f"{base}/content", params={"digest": row["digest"]}).content[:4] == b"\x89PNG"
            slides_s.append(time.perf_counter() - begin)
        keys_s = _timed(lambda: http.get(f"{base}/keys").raise_for_status())
    return [
        Measurement(f"{PICTURES:,} pictures uploaded", first_s, "s", None, f"again {again_s:.2f} s"),
        Measurement("a step of a slider: records and bytes", statistics.median(slides_s) * 1e3, "ms", 100, ""),
        Measurement("the slowest of 200 steps", max(slides_s) * 1e3, "ms", None, ""),
        Measurement("what there is, by key", keys_s * 1e3, "ms", None, ""),
    ]


def run() -> list[Measurement]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as directory:
        place = Path(directory)
        recording, trial = measure_recording(place)
        with RunningServer(place / "data") as server:
            return [*recording, *measure_serving(trial, server)]


if __name__ == "__main__":
    print(table(run()))
