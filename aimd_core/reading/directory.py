"""The index of a trials directory: all its trials as rows, at once, because what did not change is not read again.

Promises: a row says what the files say now. A trial is read again when the stat signature (time of change, size,
inode) of one of its documents or of its journal differs from the one that the cached row was made of; a journal that
grew is read from where the last reader stood. States are derived anew by every call. Without a usable cache everything
is read, and the answer is the same.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from aimd_core.errors import DamagedError, NoTrialsError
from aimd_core.format import process
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.labels import LABELS_FILE, read_labels
from aimd_core.format.model import flatten
from aimd_core.reading.cache import CachedMore, CachedRow, IndexCache
from aimd_core.reading.facts import Facts, ending_of, is_live
from aimd_core.reading.store import (
    METADATA_FILE,
    METRICS_FILE,
    PARAMETERS_FILE,
    PROCESS_FILE,
    Trial,
    last_write_s,
    list_names,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aimd_core.reading.totals import JournalTotals

_DOCUMENTS = (METADATA_FILE, PARAMETERS_FILE, LABELS_FILE, PROCESS_FILE)
_SIGNATURE = struct.Struct("<18q")
_STATUS, _DAMAGE = 2, 8  # places in the head of a row
_JOURNAL_PART = slice(96, 144)  # the three numbers of the segments and those of the journal stand last
_UNSURE_NS = 2_000_000_000  # a document changed so shortly before it was read may change again without showing it
_BATCH = 200  # trials that are read and stored at a time, so that Ctrl-C loses little and memory stays small
# In the order of `MetricSummary.as_dict`, which a warm list does not load.
_AGGREGATES = ("last", "min", "max", "mean", "count", "last_step", "min_step", "max_step", "nan_since")


class Summaries(Mapping[str, Mapping[str, "float | int | str | None"]]):
    """Summaries of metrics by `type.name`, each made when it is looked at."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, list[float | int | None]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> dict[str, float | int | str | None]:
        return dict(zip(_AGGREGATES, self._values[name], strict=True))

    def get(self, name: str, default: Any = None) -> Any:
        """Return the summary of a metric, or what stands in for one."""
        return self[name] if name in self._values else default

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class TrialIndex:
    """The trials of one directory.

    Attributes:
        place: The directory that holds them.
        names: Their alternative names, newest first.
        read_count: How many trials the last call of `rows` had to read, in part or whole.
    """

    def __init__(self, directory: Path) -> None:
        """List a directory; reads no trial yet.

        Args:
            directory: A working directory that holds `.aimd/trials`, or a directory that holds trials.

        Raises:
            NoTrialsError: It holds none, or cannot be listed.
        """
        try:
            self.place, self.names = list_names(directory)
        except OSError as error:
            raise NoTrialsError(where=f"{directory} ({error.strerror})") from error
        if not self.names:
            raise NoTrialsError(where=directory.absolute())
        self.read_count = 0

    @classmethod
    def without_listing(cls, place: Path) -> TrialIndex:
        """Return the index of the directory that holds trials which are named in every call."""
        index = cls.__new__(cls)
        index.place, index.names, index.read_count = place, [], 0
        return index

    def rows(
        self,
        names: Sequence[str] | None = None,
        with_facts: bool = False,
        with_trends: bool = False,
        cache: IndexCache | None = None,
    ) -> list[Facts]:
        """Return trials as rows, in the order asked for.

        Args:
            names: Alternative names out of `names`; by default all of them.
            with_facts: Whether `git` and `platform` are wanted.
            with_trends: Whether `trends` are wanted.
            cache: What stands in for the cache of the directory, and stays open.
        """
        wanted = self.names if names is None else names
        if cache is not None:
            return self._rows(cache, wanted, with_facts, with_trends)
        cache = IndexCache(self.place)
        try:
            return self._rows(cache, wanted, with_facts, with_trends)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error):
            cache.renew()  # something in it is not what this program writes
            return self._rows(cache, wanted, with_facts, with_trends)
        finally:
            cache.close()

    def _rows(self, cache: IndexCache, wanted: Sequence[str], with_facts: bool, with_trends: bool) -> list[Facts]:
        base = f"{self.place}{os.sep}"
        signatures = {name: signature_of(base + name) for name in wanted}
        trials, changed, gone = self._cached(cache, None if wanted is self.names else wanted, signatures)
        stale = [name for name in wanted if name not in trials]
        self.read_count = len(stale)
        more: list[CachedMore] = []
        for start in range(0, len(stale), _BATCH):
            fresh = self._read(cache, stale[start : start + _BATCH], signatures, changed)
            trials.update(_unfold([row for row, _ in fresh], base))
            if with_facts or with_trends:
                more += [kept._replace(state="") for _, kept in fresh]
            cache.store(fresh)
        if gone and wanted is self.names:
            cache.store((), gone)
        if with_facts:
            _add_facts(trials, chain(cache.column("facts", wanted), [[(kept.name, kept.facts) for kept in more]]))
        if with_trends:
            _add_trends(trials, chain(cache.column("trends", wanted), [[(kept.name, kept.trends) for kept in more]]))
        return [trials[name] for name in wanted]

    def _cached(
        self, cache: IndexCache, names: Sequence[str] | None, signatures: Mapping[str, bytes]
    ) -> tuple[dict[str, Facts], dict[str, CachedRow], list[str]]:
        """Return the trials that did not change, the rows of those that did, and the names of those that are gone."""
        trials: dict[str, Facts] = {}
        changed: dict[str, CachedRow] = {}
        gone: list[str] = []
        for rows in cache.rows(names):
            good = [row for row in rows if signatures.get(row.name) == row.signature]
            trials.update(_unfold(good, f"{self.place}{os.sep}"))
            gone += [row.name for row in rows if row.name not in signatures]
            changed.update((row.name, row) for row in rows if row.name in signatures and row.name not in trials)
        return trials, changed, gone

    def _read(
        self, cache: IndexCache, names: list[str], signatures: Mapping[str, bytes], changed: Mapping[str, CachedRow]
    ) -> list[tuple[CachedRow, CachedMore]]:
        more = cache.more([name for name in names if name in changed])
        return [_read_trial(self.place / name, signatures[name], changed.get(name), more.get(name)) for name in names]


def signature_of(path: str) -> bytes:
    """Return what tells whether a trial has changed: time of change, size and inode of each of its files."""
    numbers: list[int] = []
    for file in (*_DOCUMENTS, SEGMENTS_FILE, METRICS_FILE):
        try:
            status = os.lstat(f"{path}{os.sep}{file}")
            numbers += (status.st_mtime_ns, status.st_size, status.st_ino & 0x7FFFFFFFFFFFFFFF)
        except OSError:
            numbers += (0, 0, 0)
    return _SIGNATURE.pack(*numbers)


def sure_signature(signature: bytes) -> bytes:
    """Return the signature to keep: one that will not be met again when a document is as new as a clock tick."""
    numbers = list(_SIGNATURE.unpack(signature))
    newest = time.time_ns() - _UNSURE_NS
    for position in range(0, 3 * len(_DOCUMENTS), 3):
        if numbers[position] > newest:
            numbers[position + 1] = -1
    return _SIGNATURE.pack(*numbers)


def _read_trial(
    path: Path, signature: bytes, row: CachedRow | None, more: CachedMore | None
) -> tuple[CachedRow, CachedMore]:
    trial = Trial(path)
    head, params, facts = _read_documents(trial)
    if row is not None and more is not None and row.signature[_JOURNAL_PART] == signature[_JOURNAL_PART]:
        damage = json.loads(row.head)[_DAMAGE]
        head[_DAMAGE] += [sentence for sentence in damage if sentence.startswith(f"{METRICS_FILE}: ")]
        metrics, trends, state = row.metrics, more.trends, more.state
    else:
        metrics, trends, state = _read_journal(path, signature, row, more, head)
    kept = CachedRow(path.name, sure_signature(signature), json.dumps(head), json.dumps(params), metrics)
    return kept, CachedMore(path.name, json.dumps(facts), trends, state)


def _read_documents(trial: Trial) -> tuple[list[Any], dict[str, object], dict[str, object]]:
    metadata, parameters = trial.metadata, trial.parameters
    try:
        labels = read_labels(trial.path)
    except DamagedError as error:
        trial.damage.append(f"{LABELS_FILE}: {error.facts['reason']}")
        labels = None
    recorded = process.read(trial.path) if is_live(trial.status) else None
    head: list[Any] = [
        trial.name,
        trial.id or "",
        trial.status,
        trial.started,
        trial.ended,
        trial.folder,
        list(labels.tags) if labels else [],
        labels.note if labels else "",
        trial.damage,
        recorded,
        ending_of(metadata),
    ]
    git, platform = metadata.get("_git"), metadata.get("platform")
    facts: dict[str, object] = {
        "git": git if isinstance(git, dict) else {},
        "platform": flatten(platform) if isinstance(platform, dict) else {},
    }
    return head, flatten(parameters), facts


def _read_journal(
    path: Path, signature: bytes, row: CachedRow | None, more: CachedMore | None, head: list[Any]
) -> tuple[str, str, str]:
    """Return metrics, trends and the state to go on from, as JSON; adds to the damage what is wrong."""
    from aimd_core.reading.totals import read_totals  # a warm list reads no journal

    known, damage, goes_on = None, head[_DAMAGE], is_live(head[_STATUS])
    if row is not None and more is not None:
        old, new = _SIGNATURE.unpack(row.signature)[-3:], _SIGNATURE.unpack(signature)[-3:]
        if new[1] > old[1] and new[2] == old[2]:  # grown, and still the same file
            known = json.loads(more.state)
    try:
        shown, totals = read_totals(str(path / METRICS_FILE), known)
    except DamagedError as error:
        damage.append(f"{METRICS_FILE}: {error.facts['reason']}")
        return "{}", "{}", "null"
    if shown.damage:
        damage.append(f"{METRICS_FILE}: {shown.damage.sentence()}")
    trends = {name: trend.points() for name, trend in shown.trends.items()}
    # A trial that has ended hardly ever goes on; then its journal is read whole once more.
    state = json.dumps(totals.state()) if goes_on else "null"
    return json.dumps(_summaries(shown)), json.dumps(trends), state


def _summaries(totals: JournalTotals) -> dict[str, list[float | int | None]]:
    return {name: list(summary.as_dict().values()) for name, summary in totals.metrics.items()}


def _unfold(cached: list[CachedRow], base: str) -> dict[str, Facts]:
    """Turn cached rows into trials; one JSON document of all costs a third of one each, and shares its keys."""
    heads = json.loads(f"[{','.join([row.head for row in cached])}]")
    params = json.loads(f"[{','.join([row.params for row in cached])}]")
    metrics = json.loads(f"[{','.join([row.metrics for row in cached])}]")
    return {
        row.name: _facts(base + row.name, row.name, head, of_params, Summaries(of_metrics))
        for row, head, of_params, of_metrics in zip(cached, heads, params, metrics, strict=True)
    }


def _facts(
    path: str, alternative_name: str, head: Sequence[Any], params: Mapping[str, object], metrics: Summaries
) -> Facts:
    name, trial_id, status, started, ended, folder, tags, note, damage, recorded, ending = head
    facts = Facts(
        name=name,
        alternative_name=alternative_name,
        id=trial_id,
        path=path,
        status=status,
        ending=ending,
        started=started,
        ended=ended,
        folder=folder,
        tags=tuple(tags),
        note=note,
        params=params,
        metrics=metrics,
        damage=damage,
        recorded=recorded,
    )
    facts.derive(last_write_s(path) if facts.is_unfinished else 0.0)
    return facts


def read_trials(paths: Sequence[Path]) -> list[Facts]:
    """Return all that is known of some trials, which may lie in several directories, in the order of their paths."""
    names: dict[Path, list[str]] = {}
    for path in paths:
        names.setdefault(path.absolute().parent, []).append(path.absolute().name)
    trials: dict[Path, Facts] = {}
    for directory, listed in names.items():
        rows = TrialIndex.without_listing(directory).rows(listed, with_facts=True, with_trends=True)
        trials.update((directory / row.alternative_name, row) for row in rows)
    return [trials[path.absolute()] for path in paths]


def _add_facts(trials: Mapping[str, Facts], groups: Iterable[list[tuple[str, str]]]) -> None:
    for name, facts in _decoded(groups):
        if name in trials:
            trials[name].git, trials[name].platform = facts["git"], facts["platform"]


def _add_trends(trials: Mapping[str, Facts], groups: Iterable[list[tuple[str, str]]]) -> None:
    for name, trends in _decoded(groups):
        if name in trials:
            trials[name].trends = trends


def _decoded(groups: Iterable[list[tuple[str, str]]]) -> Iterator[tuple[str, Any]]:
    """Yield names with what their JSON says, decoded a group at a time."""
    for group in groups:
        documents = json.loads(f"[{','.join([document for _, document in group])}]")
        yield from zip([name for name, _ in group], documents, strict=True)
