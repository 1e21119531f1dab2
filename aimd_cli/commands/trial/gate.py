"""`aimd trial check` and `aimd trial wait`: conditions on trials as exit codes, for scripts and CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.errors import ENDED_BADLY
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import EndedBadlyError, UsageError, WaitEndedError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_cli.commands.trial.choice import Naming
    from aimd_cli.views.verdicts import Verdicts
    from aimd_core.query.gates import Gate
    from aimd_core.reading.facts import Facts
    from aimd_core.sources.handles import TrialHandle

BaselineOpt = Annotated[
    str, typer.Option("--baseline", metavar="TRIAL", help="The trial that `baseline` means, instead of the kept one.")
]
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
    remote: RemoteOpt = False,
    baseline: BaselineOpt = "",
    as_json: JsonOpt = False,
) -> None:
    """Check a condition: exit code 0 when it holds for every trial named, 1 when it does not.

    The condition is a query; the right of a comparison may be arithmetic with best(SELECTOR), worst(..), mean(..), and
    baseline, the same metric of the trial that `aimd trial baseline` chose.

    Examples:

        aimd trial check cnn_keras 'val.acc > 0.9 and state = Succeeded'

        aimd trial check cnn_keras 'val.acc >= best(tag:main) - 0.005'

        aimd trial check cnn_keras 'val.acc >= baseline - 0.005'

        aimd trial check -d . 'train.loss < 10'
    """
    from aimd_cli.commands.trial.choice import Naming, baseline_for, chosen
    from aimd_core.query.gates import read_gate
    from aimd_core.sources.handles import watch

    given = list(words or [])
    if not given:
        raise UsageError(message="no condition was given", hint="Such as: aimd trial check cnn_keras 'val.acc > 0.9'")
    condition = given.pop()
    naming = Naming(given, path, name, directory, remote)
    selected = chosen(naming)
    gate = read_gate(condition, lambda: _others(naming, selected), lambda: baseline_for(naming, selected, baseline))
    facts = watch(selected)()
    for trial_facts in facts:
        for sentence in trial_facts.damage:
            output.say(f"{trial_facts.alternative_name}: {sentence}")
    verdicts = _judged(gate, condition, facts)
    output.show(verdicts, as_json)
    if not verdicts.hold:
        raise typer.Exit(_DOES_NOT_HOLD)


def _others(naming: Naming, selected: Sequence[TrialHandle]) -> Sequence[Facts]:
    """Return all trials of the place that was named, else of the directory or folder that the first one is in."""
    from aimd_cli.commands.trial.choice import finder_of
    from aimd_core.sources.handles import Extent, facts_of

    source = selected[0].home if naming.directory is None else finder_of(naming).source
    return facts_of(source.trials(), Extent(trends=False))


def _judged(gate: Gate, condition: str, facts: Sequence[Facts]) -> Verdicts:
    import time

    from aimd_cli.views.verdicts import VerdictRow, Verdicts
    from aimd_core.query.gates import judge

    now_s = time.time()
    rows = [VerdictRow(trial, *judge(gate, trial, now_s)) for trial in facts]
    return Verdicts(rows, condition, output.glyphs_fit())


def _endings(facts: Sequence[Facts], well: bool) -> Verdicts:
    """Return how trials have ended: well or not, or just that they have."""
    from aimd_cli.views.states import state_sentence
    from aimd_cli.views.verdicts import VerdictRow, Verdicts
    from aimd_core.format.model import SUCCEEDED

    rows = [VerdictRow(trial, not well or trial.state == SUCCEEDED, state_sentence(trial)) for trial in facts]
    words = ("ended well", "did not end well") if well else ("ended", "")
    return Verdicts(rows, f"state = {SUCCEEDED}" if well else _ENDED, output.glyphs_fit(), words)


def _until(text: str | None) -> str:
    """Return the wait condition as a query; `ended` and the name of a state are short forms."""
    from aimd_core.format.model import STATES

    word = (text or "ended").strip().lower()
    if word == "ended":
        return _ENDED
    return next((f"state = {state}" for state in STATES if state.lower() == word), text or "")


def wait(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="CONDITION", help="Wait for a query, a state, or 'ended'. [default: that it ends well]"
        ),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Give up after so long, such as 2h; exit code 1.")
    ] = None,
    interval: Annotated[str, typer.Option("--interval", metavar="TIME", help="Look so often.")] = "1s",
    as_json: JsonOpt = False,
) -> None:
    """Wait until trials have ended, or a condition holds for all of them.

    The exit code is 9 if a trial has ended, but not well: failed, killed, interrupted or lost. It is 1 after --timeout,
    or if a trial succeeded without meeting the condition. With --until ended, any end will do.

    Examples:

        aimd trial wait cnn_keras && aimd trial upload -n cnn_keras

        aimd trial wait cnn_keras --until 'val.loss < 0.3' --timeout 2h

        aimd trial wait cnn_keras --until ended
    """
    import time

    from aimd_cli.commands.trial.choice import Naming, baseline_for, chosen
    from aimd_cli.text import duration
    from aimd_core.durations import parse_duration_s
    from aimd_core.query.gates import read_gate
    from aimd_core.sources.handles import watch

    interval_s = max(0.01, parse_duration_s(interval))
    end_s = None if timeout is None else time.monotonic() + parse_duration_s(timeout)
    condition = _until(until)
    naming = Naming(trial, path, name, directory, remote)
    selected = chosen(naming)
    gate = read_gate(condition, lambda: _others(naming, selected), lambda: baseline_for(naming, selected))
    look = watch(selected)
    while True:
        facts = look()
        verdicts = _judged(gate, condition, facts)
        if verdicts.hold:
            break
        _stop_waiting(verdicts, gate, facts)
        left_s = interval_s if end_s is None else min(interval_s, end_s - time.monotonic())
        if left_s <= 0:
            waited = said("{duration} have passed", duration=duration(parse_duration_s(timeout or "0")))
            reasons = _unended(facts) if condition == _ENDED else _reasons(verdicts)
            raise WaitEndedError(why=said("{waited}: {verdicts}", waited=waited, verdicts=reasons))
        time.sleep(left_s)
    if until is None:
        verdicts = _endings(facts, well=True)
    elif condition == _ENDED:
        verdicts = _endings(facts, well=False)
    output.show(verdicts, as_json)
    if not verdicts.hold:
        raise typer.Exit(ENDED_BADLY)


def _stop_waiting(verdicts: Verdicts, gate: Gate, facts: Sequence[Facts]) -> None:
    """Stop waiting for a condition that can no longer become true, because the trial has ended.

    Raises:
        WaitEndedError: One of the trials has ended, so nothing that the condition asks about can change.
        EndedBadlyError: One of the trials has ended, but did not succeed.
    """
    from aimd_cli.views.states import state_sentence
    from aimd_core.format.model import SUCCEEDED
    from aimd_core.query import fields_of
    from aimd_core.reading.facts import is_live

    if {field.name for field in fields_of(gate.query.condition)} & _CHANGES_AFTER_THE_END:
        return
    for row, trial_facts in zip(verdicts.rows, facts, strict=True):
        if not row.holds and not is_live(trial_facts.state):
            name, state = trial_facts.alternative_name, state_sentence(trial_facts)
            why = said("{alternative_name} is {state}: {why}", alternative_name=name, state=state, why=row.why)
            raise WaitEndedError(why=why) if trial_facts.state == SUCCEEDED else EndedBadlyError(why=why)


def _unended(facts: Sequence[Facts]) -> str:
    from aimd_core.reading.facts import is_live

    live = [trial_facts for trial_facts in facts if is_live(trial_facts.state)]
    return joined(
        "; ",
        [
            said("{trial} is still {state}", trial=trial_facts.alternative_name, state=trial_facts.state)
            for trial_facts in live
        ],
    )


def _reasons(verdicts: Verdicts) -> str:
    return joined(
        "; ",
        [
            said("{trial}: {why}", trial=row.trial.alternative_name, why=row.why)
            for row in verdicts.rows
            if not row.holds
        ],
    )
