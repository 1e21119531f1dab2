"""Follows trials from the terminal, for `aimd trial upload --follow` and `aimd relay`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aimd_cli import output, text
from aimd_core.errors import NetworkError, StoppedError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from aimd_core.reading.documents import Trial
    from aimd_core.upload import Destination, Remote, Result


def follow(
    make_remote: Callable[[], Remote],
    find: Callable[[], Sequence[Trial]],
    destination: Destination,
    jobs: int,
    interval_s: float,
    endless: bool,
) -> dict[Path, Result]:
    """Upload changes, round by round, and report what was sent; return the last result of each trial.

    Args:
        make_remote: Connects to the server.
        find: Returns the current trials.
        destination: The target.
        jobs: How many trials at once.
        interval_s: How long to wait between two rounds.
        endless: Continue even if no trial is running.

    Raises:
        StoppedError: Ctrl-C.
        AccessError: The server does not accept the key.
    """
    from aimd_core.upload import upload_all
    from aimd_core.upload.following import Follower, pause, wait_s
    from aimd_core.upload.remote import CurrentRemote

    def upload(trials: Sequence[Trial]) -> Iterator[Result]:
        return upload_all(make_remote, trials, destination, jobs)

    def ask_epoch() -> str | None:
        with make_remote() as remote:
            return remote.epoch() if isinstance(remote, CurrentRemote) else None  # version 1 has no word for it

    follower = Follower(find, upload, ask_epoch=ask_epoch)
    last: dict[Path, Result] = {}
    failures = 0
    try:
        while True:
            away = _round(follower, last, failures > 0)
            failures = failures + 1 if away else 0
            if not endless and not follower.running and not away:
                return last
            pause(wait_s(interval_s, failures))
    except KeyboardInterrupt:
        sent = sum(result.error is None for result in last.values())
        raise StoppedError(done=sent, total=max(sent, len(last)), what="sent") from None


def _round(follower: object, last: dict[Path, Result], was_away: bool) -> bool:
    """Do one round, report it, and return whether the server was away."""
    from aimd_core.upload.following import Follower

    assert isinstance(follower, Follower)
    try:
        for result in follower.round():
            before = last.get(result.trial.path)
            last[result.trial.path] = result
            if not isinstance(result.error, NetworkError):
                _say(result, before)
    except NetworkError as error:
        follower.away = error
    if follower.away is not None and not was_away:
        from aimd_cli.errors import message

        output.say(said("{error}; trying again until it works", error=message(follower.away)))
    if follower.away is None and was_away:
        output.say("the server is back")
    return follower.away is not None


def _say(result: Result, before: Result | None) -> None:
    from aimd_cli.errors import message

    name = result.trial.alternative_name
    if result.error is not None:
        if before is None or str(before.error) != str(result.error):
            output.say(joined("", [f"{name}: ", message(result.error)]))
    elif result.uploaded is not None and result.uploaded.outcome != "unchanged":
        output.say(
            said(
                "{name}: {outcome}, {sent_bytes} sent",
                name=name,
                outcome=result.uploaded.outcome,
                sent_bytes=text.size(result.uploaded.sent_bytes),
            )
        )
    if result.uploaded is not None and result.uploaded.refusals:
        from aimd_core.upload.refusals import sentence

        refusals = sentence(result.uploaded.refusals)
        if before is None or before.uploaded is None or sentence(before.uploaded.refusals) != refusals:
            output.say(said("WARNING: {name}: {refusals}", name=name, refusals=refusals))
