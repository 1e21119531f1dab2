"""Uploads a trial while it is recorded: follows its files until it has ended and everything is on the server.

Run as a companion: `python -m t9k.aimd.uploader TRIAL`, with the server and key in the environment or the config file.
It never touches the training process. If the server is down or busy it retries with growing pauses, and gives up some
time after the trial's end; `aimd trial upload` then sends the rest.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from aimd_core.client.connection import RetryPolicy
from aimd_core.config import resolve_credentials
from aimd_core.errors import AimdError, NetworkError
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination, connect
from aimd_core.upload.along import conclude
from aimd_core.upload.refusals import sentence
from aimd_core.upload.sending import no_progress
from t9k.aimd.companions import Companion

INTERVAL_S = 5.0
WATCH_INTERVAL_S = 0.5
MAX_DELAY_S = 60.0
GIVE_UP_AFTER_S = 600.0  # counted from the end of the trial


def follow(path: Path, interval_s: float = INTERVAL_S, give_up_after_s: float = GIVE_UP_AFTER_S) -> bool:
    """Keep the server up to date until the trial has ended, and return whether everything arrived.

    Args:
        path: The trial's directory.
        interval_s: Time between two successful uploads.
        give_up_after_s: How long to retry after the trial has ended.
    """
    watch = Companion(path)
    failures = 0
    ended_s: float | None = None
    while True:
        goes_on = watch.goes_on()
        if not goes_on and ended_s is None:
            ended_s = time.monotonic()
        error = _upload_once(path)
        if error is None:
            failures = 0
            if not goes_on:
                return True
        else:
            failures += 1
            sentence = error.sentence if isinstance(error, AimdError) else error  # English, like all logs
            _tell(f"{type(error).__name__}: {sentence}")
            final = ended_s is not None and time.monotonic() - ended_s > give_up_after_s
            if final or (not goes_on and not isinstance(error, NetworkError)):
                _tell("giving up; upload it later: aimd trial upload -p " + str(path))
                return False
        _wait(watch, _delay_s(interval_s, failures), until_end=goes_on)


def _delay_s(interval_s: float, failures: int) -> float:
    if not failures:
        return interval_s
    return float(random.uniform(0.5, 1.0) * min(MAX_DELAY_S, interval_s * float(2 ** min(failures, 10))))  # noqa: S311


def _wait(watch: Companion, delay_s: float, until_end: bool) -> None:
    """Wait, but not beyond the end of a running trial."""
    end_s = time.monotonic() + delay_s
    while time.monotonic() < end_s:
        time.sleep(min(WATCH_INTERVAL_S, delay_s))
        if until_end and not watch.goes_on():
            return


def _upload_once(path: Path) -> Exception | None:
    """Upload what is new and return what went wrong, whatever it is, because no fault may end the loop."""
    try:
        with connect(resolve_credentials(), RetryPolicy(tries=2)) as remote:
            trial = Trial(path)
            uploaded = remote.upload(trial, Destination())
            conclude(remote, trial, uploaded, no_progress)
        if uploaded.refusals and uploaded.outcome != "unchanged":
            _tell(sentence(uploaded.refusals))
    except (AimdError, OSError) as error:
        return error
    return None


def _tell(message: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n")
    sys.stderr.flush()


def main() -> None:
    """Follow the trial that the command line names."""
    sys.exit(0 if follow(Path(sys.argv[1])) else 1)


if __name__ == "__main__":
    main()
