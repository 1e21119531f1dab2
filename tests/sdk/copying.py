"""Copies a trial and all that holds one, in every way there is, and looks for harm. By hand:

    python -m tests.sdk.copying spawn [--plant]

Run in an empty directory; prints what went wrong, a line each. The journal and the other files of the trial are opened
under high numbers, and whoever uses a copy first opens files of his own under just these numbers: a copy that carries a
descriptor's number then writes into them or closes them. The plant is a journal that carries its number.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib

from aimd_core.format.journal import JournalWriter, encode_record
from aimd_core.format.shared_document import SharedDocument
from t9k import aimd
from t9k.aimd.lightgbm import AIMDCallback as LightGBMCallback
from t9k.aimd.media.plain import text
from t9k.aimd.media.recording import MediaRecorder
from t9k.aimd.output import OutputLog
from t9k.aimd.tensorboard import SummaryWriter

FIRST, LAST = 900, 960  # the numbers of descriptors that are looked at
_TIME = "2026-11-23T15:03:27.946397+00:00"


def take_low_numbers() -> list[int]:
    """Open something under every low number, so that what is opened next gets a high one."""
    taken = []
    while not taken or taken[-1] < FIRST - 1:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken


class Others:
    """Files of somebody else, open under all numbers that are free."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._files: dict[int, tuple[int, int]] = {}
        number = 0
        while number < LAST:
            number = os.open(directory / str(len(self._files)), os.O_RDWR | os.O_CREAT)
            status = os.fstat(number)
            self._files[number] = (status.st_dev, status.st_ino)

    def harm(self) -> list[str]:
        faults = []
        for number, identity in self._files.items():
            try:
                status = os.fstat(number)
            except OSError:
                faults.append(f"descriptor {number} was closed")
                continue
            if (status.st_dev, status.st_ino) != identity:
                faults.append(f"descriptor {number} is another file now")
            elif status.st_size:
                faults.append(f"somebody wrote into descriptor {number}")
        return faults

    def close(self) -> None:
        for number in self._files:
            with contextlib.suppress(OSError):  # somebody has closed it: told already
                os.close(number)


def log_record(writer: JournalWriter, step: int) -> None:
    assert writer.append(encode_record("train", {"n": 0.5}, step, None, _TIME))


def log_to(trial: aimd.Trial, step: int) -> None:
    trial.log("train", {"n": 0.5}, step=step)


def write_line(log: OutputLog, step: int) -> None:
    log.take("stdout", f"line {step}\n")


def change_document(document: SharedDocument, step: int) -> None:
    document.change(lambda values: {**values, f"document{step}": step})


def recorder_of(trial: aimd.Trial) -> MediaRecorder:
    trial.log_text("k", "x" * 2000, 0)  # which is stored, so that a pack is open
    assert trial._recorder is not None
    return trial._recorder


def log_media(recorder: MediaRecorder, step: int) -> None:
    prepared = recorder.prepare("k", step, None, None, text, (f"{step}" * 2000, False))
    recorder.record(prepared, _TIME)


# What is copied: how it is made for a trial, and what is done with a copy.
KINDS: dict[str, tuple[Callable[[aimd.Trial], Any], Callable[[Any, int], None]]] = {
    "Trial": (lambda trial: trial, log_to),
    "Params": (lambda trial: trial.params, lambda params, step: params.update({f"params{step}": step})),
    "SharedDocument": (lambda trial: trial.params._document, change_document),
    "JournalWriter": (lambda trial: trial._journal, log_record),
    "MediaRecorder": (recorder_of, log_media),
    "OutputLog": (lambda trial: trial._output, write_line),
    "SummaryWriter": (lambda trial: SummaryWriter(trial=trial), lambda writer, step: writer.add_scalar("n", 0.5, step)),
    "AIMDCallback": (LightGBMCallback, lambda callback, step: log_to(callback.trial, step)),
}
STEPS = {kind: 10 * number for number, kind in enumerate(KINDS, start=1)}
WITH_A_TRIAL = ("SummaryWriter", "AIMDCallback")  # a shallow copy of them has the very same trial


def use(objects: dict[str, Any], directory: str) -> None:
    """What a worker does: files of its own, then the copies, then nothing of them is left."""
    faults = [f"a copy carries {number}" for number in carried(objects)]
    others = Others(Path(directory, f"others-{os.getpid()}"))
    for kind, object_ in objects.items():
        KINDS[kind][1](object_, STEPS[kind])
    objects.clear()
    gc.collect()
    faults += others.harm()
    others.close()
    Path(directory, f"faults-{os.getpid()}.json").write_text(json.dumps(faults))


def carried(object_: object) -> list[int]:
    """Return the numbers of descriptors that hang on an object, at any depth."""
    numbers, seen, left = [], set(), [object_]
    while left:
        part = left.pop()
        if id(part) in seen or isinstance(part, (type, str, bytes, float)):
            continue
        seen.add(id(part))
        if isinstance(part, int) and not isinstance(part, bool) and FIRST <= part < LAST:
            numbers.append(part)
        left.extend(inside(part))
    return sorted(numbers)


def vars_of(part: object) -> list[Any]:
    slots = [name for cls in type(part).__mro__ for name in getattr(cls, "__slots__", ())]
    values = [getattr(part, name, None) for name in slots if name != "__weakref__"]
    return [*getattr(part, "__dict__", {}).values(), *values]


def inside(part: object) -> Iterable[Any]:
    if isinstance(part, dict):
        return [*part.keys(), *part.values()]
    if isinstance(part, (list, tuple, set, frozenset)):
        return list(part)
    return [] if type(part).__module__ in ("builtins", "io", "_io") else vars_of(part)


def use_each(kind: str, object_: Any, directory: str) -> None:
    use({kind: object_}, directory)


def in_process(make: Callable[[Any], Any]) -> Callable[[dict[str, Any], str], None]:
    def copied(objects: dict[str, Any], directory: str) -> None:
        use({kind: make(object_) for kind, object_ in objects.items()}, directory)

    return copied


def started(method: str) -> Callable[[dict[str, Any], str], None]:
    def copied(objects: dict[str, Any], directory: str) -> None:
        worker = multiprocessing.get_context(method).Process(target=use, args=(objects, directory))
        worker.start()
        worker.join()
        assert worker.exitcode == 0

    return copied


def by_joblib(objects: dict[str, Any], directory: str) -> None:
    tasks = [joblib.delayed(use_each)(kind, object_, f"{directory}/{kind}") for kind, object_ in objects.items()]
    joblib.Parallel(n_jobs=2)(tasks)


ACTOR = """
import os, sys, cloudpickle
from pathlib import Path
from tests.sdk.copying import use
use(cloudpickle.load(sys.stdin.buffer), sys.argv[1])
"""
# A service that only loads what somebody saved, such as a model with its callbacks, and never logs.
STRANGER = """
import gc, json, os, sys, joblib
from pathlib import Path
from tests.sdk.copying import Others
others = Others(Path(sys.argv[1], "others"))
objects = joblib.load(Path(sys.argv[1], "saved"))
del objects
gc.collect()
Path(sys.argv[1], "faults-stranger.json").write_text(json.dumps(others.harm()))
"""


def by_actor(objects: dict[str, Any], directory: str) -> None:
    subprocess.run([sys.executable, "-c", ACTOR, directory], input=cloudpickle.dumps(objects), check=True)


def by_stranger(objects: dict[str, Any], directory: str) -> None:
    joblib.dump(objects, Path(directory, "saved"))
    before = snapshot()
    time.sleep(0.01)  # so that a file that is touched has another time
    subprocess.run([sys.executable, "-c", STRANGER, directory], check=True)
    assert snapshot() == before, "a process that only loaded a trial has touched it"


def snapshot() -> list[tuple[str, int, int]]:
    return [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(Path(".aimd").rglob("*"))]


WAYS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "copy": in_process(copy.copy),
    "deepcopy": in_process(copy.deepcopy),
    **{
        f"pickle{protocol}": in_process(
            lambda object_, protocol=protocol: pickle.loads(pickle.dumps(object_, protocol))
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "cloudpickle": in_process(lambda object_: cloudpickle.loads(cloudpickle.dumps(object_))),
    "fork": started("fork"),
    "spawn": started("spawn"),
    "forkserver": started("forkserver"),
    "joblib": by_joblib,
    "actor": by_actor,
    "stranger": by_stranger,
}


def plant() -> None:
    """Plant the bug of a journal that carries its descriptor's number."""
    JournalWriter.__reduce__ = lambda self: (carry, (self.path, self._descriptor))  # type: ignore[method-assign]


def carry(path: str, descriptor: int) -> JournalWriter:
    writer = JournalWriter(path, open_now=False)
    writer._descriptor = descriptor
    JournalWriter.has_lost_its_descriptor = lambda self: False  # type: ignore[method-assign]
    return writer


def check(way: str) -> list[str]:
    """Copy a trial in one way, and return what went wrong."""
    directory = Path("shared").absolute()
    directory.mkdir()
    for kind in KINDS:
        (directory / kind).mkdir()
    low = take_low_numbers()
    trial = aimd.create_trial(trial_name="copied")
    for number in low:
        os.close(number)
    log_to(trial, 0)
    kinds = [kind for kind in KINDS if way != "copy" or kind not in WITH_A_TRIAL]
    objects = {kind: KINDS[kind][0](trial) for kind in kinds}
    faults = [] if carried(objects) else ["the trial itself has no number: this check would find nothing"]
    WAYS[way](objects, str(directory))
    others = Others(directory / "others-at-the-end")
    log_to(trial, 1)
    faults += others.harm()
    others.close()
    trial.finish()
    reports = list(directory.rglob("faults-*.json"))
    faults += [fault for report in reports for fault in json.loads(report.read_text())]
    if not reports:
        faults.append("no copy was used")
    return faults + lost(trial, way, kinds)


def lost(trial: aimd.Trial, way: str, kinds: Iterable[str]) -> list[str]:
    """Return what is missing of what the copies recorded, or is told wrongly."""
    is_used = way != "stranger"
    logging = [
        kind for kind in kinds if is_used and kind not in ("Params", "SharedDocument", "OutputLog", "MediaRecorder")
    ]
    faults = []
    media = [(item.record.step, trial.media.read(item.record.bytes[0])[:9]) for item in trial.media.items()]
    ours = STEPS["MediaRecorder"]
    expected_media = [(0, b"x" * 9), (ours, (str(ours) * 5).encode()[:9])]
    if media != expected_media[: 1 + is_used]:
        faults.append(f"media are {media}")
    lines = (trial.path / "metrics").read_text().splitlines()
    steps = sorted(json.loads(line)["train"]["sequence"]["step"] for line in lines)
    expected = sorted([0, 1, *(STEPS[kind] for kind in logging)])
    if steps != expected:
        faults.append(f"steps {steps} are on disk, not {expected}")
    params = aimd.load_trial(trial.path).params.as_dict()
    if is_used and not {f"params{STEPS['Params']}", f"document{STEPS['SharedDocument']}"} <= set(params):
        faults.append(f"parameters are {params}")
    if is_used and f"line {STEPS['OutputLog']}\n" not in (trial.path / "stdout.log").read_text():
        faults.append("the line that a copy of the log was shown is missing")
    receipt = "logged 2, on disk 2" + (f", plus {len(logging)} by others" if is_used else "")
    receipt += ", media 1, on disk 1"
    if trial.receipt != receipt:
        faults.append(f"the receipt says: {trial.receipt}")
    if aimd.load_trial(trial.path).status != "Succeeded":
        faults.append("its owner has not ended it")
    return faults


if __name__ == "__main__":
    from tests.sdk import copying  # under its own name, so that other processes find what is in it

    if "--plant" in sys.argv:
        copying.plant()
    sys.stdout.write("".join(f"{fault}\n" for fault in copying.check(sys.argv[1])))
