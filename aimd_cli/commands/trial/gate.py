"""`aimd trial check` and `aimd trial wait`: conditions on trials as exit codes, for scripts and CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, TrialsArg
from aimd_core.errors import UsageError, WaitEndedError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_cli.views.verdicts import Verdicts
    from aimd_core.query.gates import Gate
    from aimd_core.reading.facts import Facts

_ENDED = "state not in [Initializing, Running]"
_CHANGES_AFTER_THE_END = frozenset({"age", "tags", "note"})
_DOES_NOT_HOLD = 1


def check(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRIAL]... CONDITION", help="Trials ('-': names on stdin), then what must hold."),
    ] = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Check a condition: exit code 0 when it holds for every trial named, 1 when it does not.

    The condition is a query; the right of a comparison may be arithmetic with best(SELECTOR), worst(..), mean(..).

    Examples:

        aimd trial check cnn_keras 'val.acc > 0.9 and state = Succeeded'

        aimd trial check cnn_keras 'val.acc >= best(tag:main) - 0.005'

        aimd trial check -d . 'train.loss < 10'
    """
    from aimd_cli.commands.trial.choice import chosen_trials
    from aimd_core.query.gates import read_gate
    from aimd_core.reading.watched import Watch

    given = list(words or [])
    if not given:
        raise UsageError(message="no condition was given", hint="Such as: aimd trial check cnn_keras 'val.acc > 0.9'")
    condition = given.pop()
    trials = Watch([trial.path for trial in chosen_trials(given, path, name, directory)])
    gate = read_gate(condition, lambda: _others(trials.paths, directory))
    facts = trials.look()
    for one in facts:
        for sentence in one.damage:
            output.say(f"{one.alternative_name}: {sentence}")
    verdicts = _judged(gate, condition, facts)
    output.show(verdicts, as_json)
    if not verdicts.hold:
        raise typer.Exit(_DOES_NOT_HOLD)


def _others(paths: Sequence[Path], directory: Path | None) -> Sequence[Facts]:
    """Return all trials of the directory that names are looked up in, else of that which holds the first one."""
    from aimd_core.reading.watched import facts_in

    return facts_in(directory or paths[0].parent)


def _judged(gate: Gate, condition: str, facts: Sequence[Facts]) -> Verdicts:
    import time

    from aimd_cli.views.verdicts import VerdictRow, Verdicts
    from aimd_core.query.gates import judge

    now_s = time.time()
    rows = [VerdictRow(one.alternative_name, *judge(gate, one, now_s)) for one in facts]
    return Verdicts(rows, condition, output.glyphs_fit())


def wait(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="CONDITION", help="What to wait for. [default: that it has ended]")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Give up after so long, such as 2h; exit code 1.")
    ] = None,
    interval: Annotated[str, typer.Option("--interval", metavar="TIME", help="Look so often.")] = "1s",
    as_json: JsonOpt = False,
) -> None:
    """Wait until a condition holds for every trial named. Exit code 1 when that can no longer be, or takes too long.

    Examples:

        aimd trial wait cnn_keras && aimd trial upload -n cnn_keras

        aimd trial wait cnn_keras --until 'state != Running or val.loss < 0.3' --timeout 2h
    """
    import time

    from aimd_cli.commands.trial.choice import chosen_trials
    from aimd_core.durations import parse_duration_s
    from aimd_core.query.gates import read_gate
    from aimd_core.reading.watched import Watch

    interval_s = max(0.01, parse_duration_s(interval))
    end_s = None if timeout is None else time.monotonic() + parse_duration_s(timeout)
    condition = until or _ENDED
    trials = Watch([one.path for one in chosen_trials(trial, path, name, directory)])
    gate = read_gate(condition, lambda: _others(trials.paths, directory))
    while True:
        facts = trials.look()
        verdicts = _judged(gate, condition, facts)
        if verdicts.hold:
            break
        _stop_waiting(verdicts, gate, facts)
        left_s = interval_s if end_s is None else min(interval_s, end_s - time.monotonic())
        if left_s <= 0:
            raise WaitEndedError(
                why=said("not within {timeout}: {verdicts}", timeout=timeout, verdicts=_reasons(verdicts))
            )
        time.sleep(left_s)
    output.show(verdicts, as_json)


def _stop_waiting(verdicts: Verdicts, gate: Gate, facts: Sequence[Facts]) -> None:
    """Give up on a condition that can no longer come true, because the trial has ended.

    Raises:
        WaitEndedError: One of the trials has ended, and nothing that the condition asks about changes any more.
    """
    from aimd_core.query import fields_of
    from aimd_core.reading.facts import may_go_on

    if {field.name for field in fields_of(gate.query.condition)} & _CHANGES_AFTER_THE_END:
        return
    for row, one in zip(verdicts.rows, facts, strict=True):
        if not row.holds and not may_go_on(one.state):
            raise WaitEndedError(
                why=said(
                    "{alternative_name} is {state}: {why}",
                    alternative_name=one.alternative_name,
                    state=one.state,
                    why=row.why,
                )
            )


def _reasons(verdicts: Verdicts) -> str:
    return joined(
        "; ", [said("{trial}: {why}", trial=row.trial, why=row.why) for row in verdicts.rows if not row.holds]
    )
