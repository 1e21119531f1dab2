"""The index of a trials directory: all its trials as rows, quickly, because unchanged ones are not read again.

A row always matches the current files. A trial is read again if the signature (time of change, size, inode) of a
document or of its journal differs from that of the cached row; a journal that has grown is read from where the last
reader stopped. Every call derives states again. Without a usable cache everything is read, with the same result.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from aimd_core.errors import DamagedError, NoTrialsError, unlisted
from aimd_core.format import process
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.labels import Labels, read_labels
from aimd_core.format.layout import (
    JOURNAL_PART,
    LABELS_FILE,
    METRICS_FILE,
    absolute,
    has_file,
    has_grown,
    is_metadata_as_in,
    is_unchanged,
    last_write_s,
    list_names,
    made_s,
    signature_of,
    start_of_paths,
    sure_signature,
)
from aimd_core.format.model import flatten
from aimd_core.reading.cache import CachedMore, CachedRow, IndexCache
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import (
    Facts,
    WholeFacts,
    derive_state,
    ending_of,
    is_live,
    newest_first,
    seconds_of,
    start_s,
)
from aimd_core.reading.summaries import Summaries, Trends, positions_of

_STATUS, _STARTED, _DAMAGE = 2, 3, 8  # positions in the head of a row
_SLACK_S = 86400.0  # a directory's name has local time, and the clocks of a cluster differ
_BATCH = 200  # trials per batch, so that Ctrl-C loses little and memory stays small


class TrialIndex:
    """The trials of a directory.

    Attributes:
        directory: Where they are.
        names: Their alternative names, newest first.
        read_count: How many trials the last call of `rows` had to read, at least in part.
    """

    def __init__(self, directory: Path) -> None:
        """List a directory without reading its trials.

        Args:
            directory: A working directory that holds `.aimd/trials`, or a directory that holds trials.

        Raises:
            NoTrialsError: It has none, or cannot be listed.
        """
        try:
            self.directory, self.names = list_names(directory)
        except OSError as error:
            raise unlisted(absolute(directory), error) from error
        if not self.names:
            raise NoTrialsError(where=absolute(directory))
        self.read_count = 0

    @classmethod
    def without_listing(cls, directory: Path) -> TrialIndex:
        """Return the index of a directory whose trials every call names."""
        index = cls.__new__(cls)
        index.directory, index.names, index.read_count = directory, [], 0
        return index

    def rows(
        self,
        names: Sequence[str] | None = None,
        with_facts: bool = False,
        with_trends: bool = False,
        cache: IndexCache | None = None,
    ) -> list[Facts]:
        """Return trials as rows, in the requested order.

        Args:
            names: Alternative names, in the order of the result; by default all, newest first.
            with_facts: Whether to include `git` and `platform`.
            with_trends: Whether to include `trends`.
            cache: A cache to use instead of the directory's, which stays open.
        """
        if names is None:
            names = self.names
        if cache is not None:
            return self._rows(cache, names, with_facts, with_trends)
        cache = IndexCache(self.directory)
        try:
            return self._rows(cache, names, with_facts, with_trends)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error):
            cache.renew()  # it contains something that this program does not write
            return self._rows(cache, names, with_facts, with_trends)
        finally:
            cache.close()

    def _rows(self, cache: IndexCache, names: Sequence[str], with_facts: bool, with_trends: bool) -> list[Facts]:
        base = f"{self.directory}{os.sep}"
        trials, changed, gone = self._cached(cache, names)
        stale = [name for name in names if name not in trials]
        self.read_count = len(stale)
        more: list[CachedMore] = []
        for start in range(0, len(stale), _BATCH):
            fresh = self._read(cache, stale[start : start + _BATCH], changed)
            rows = [row for row, _ in fresh]
            trials.update(_unfold(rows, _heads_of(rows), base))
            if with_facts or with_trends:
                more += [kept._replace(state="") for _, kept in fresh]
            cache.store(fresh)
        if gone and names is self.names:
            cache.store((), gone)
        if with_facts:
            _add_facts(trials, chain(cache.column("facts", names), [[(kept.name, kept.facts) for kept in more]]))
        if with_trends:
            _add_trends(trials, chain(cache.column("trends", names), [[(kept.name, kept.trends) for kept in more]]))
        ordered: list[Facts] = [trials[name] for name in names]
        return sorted(ordered, key=newest_first) if names is self.names else ordered

    def newest(self, count: int) -> list[str]:
        """Return the names of the newest trials, newest first, reading as few others as possible."""
        if len(self.names) <= count:
            return self.names
        cache = IndexCache(self.directory)
        try:
            starts = self._cached_starts(cache)
        finally:
            cache.close()
        # A directory is created when recording begins, or when an older run is imported; its name says when.
        unread = [name for name in self.names if name not in starts]
        while unread:
            least_s = sorted(starts.values(), reverse=True)[count - 1] if len(starts) >= count else None
            if least_s is not None and made_s(unread[0]) + _SLACK_S < least_s:
                break
            batch, unread = unread[:_BATCH], unread[_BATCH:]
            starts.update((row.alternative_name, start_s(row)) for row in self.rows(batch))
        order = {name: -starts.get(name, made_s(name)) for name in self.names}
        return sorted(self.names, key=order.__getitem__)[:count]

    def _cached_starts(self, cache: IndexCache) -> dict[str, float]:
        """Return when trials with unchanged metadata began, in seconds since the epoch."""
        starts: dict[str, float] = {}
        listed = set(self.names)
        for rows in cache.starts():
            for name, signature, started in rows:
                if name in listed and is_metadata_as_in(signature, f"{self.directory}{os.sep}{name}"):
                    started_s = seconds_of(started)
                    starts[name] = made_s(name) if started_s is None else started_s
        return starts

    def _cached(
        self, cache: IndexCache, names: Sequence[str]
    ) -> tuple[dict[str, WholeFacts], dict[str, CachedRow], list[str]]:
        """Return the unchanged trials, the rows of changed ones, and the names of those that are gone."""
        base, listed = f"{self.directory}{os.sep}", set(names)
        trials: dict[str, WholeFacts] = {}
        changed: dict[str, CachedRow] = {}
        gone: list[str] = []
        with start_of_paths(self.directory) as (start, descriptor):
            for rows in cache.rows(None if names is self.names else names):
                same: list[CachedRow] = []
                heads: list[list[Any]] = []
                for row, head in zip(rows, _heads_of(rows), strict=True):
                    is_over = not is_live(head[_STATUS])
                    if row.name not in listed:
                        gone.append(row.name)
                    elif is_unchanged(start + row.name, row.signature, is_over, descriptor):
                        same.append(row)
                        heads.append(head)
                    else:
                        changed[row.name] = row
                trials.update(_unfold(same, heads, base))
        return trials, changed, gone

    def _read(
        self, cache: IndexCache, names: list[str], changed: Mapping[str, CachedRow]
    ) -> list[tuple[CachedRow, CachedMore]]:
        more = cache.more([name for name in names if name in changed])
        return [_read_trial(self.directory / name, changed.get(name), more.get(name)) for name in names]


def _read_trial(path: Path, row: CachedRow | None, more: CachedMore | None) -> tuple[CachedRow, CachedMore]:
    signature = signature_of(path)  # before anything is read, so that what changes meanwhile is read again
    trial = Trial(path)
    head, params, facts = _read_documents(trial, signature)
    if row is not None and more is not None and row.signature[JOURNAL_PART] == signature[JOURNAL_PART]:
        damage = json.loads(row.head)[_DAMAGE]
        head[_DAMAGE] += [sentence for sentence in damage if sentence.startswith(f"{METRICS_FILE}: ")]
        metrics, totals, trends, state = row.metrics, row.totals, more.trends, more.state
    else:
        metrics, totals, trends, state = _read_journal(path, signature, row, more, head)
    started, signed = head[_STARTED], sure_signature(signature)
    kept = CachedRow(path.name, signed, started, json.dumps(head), json.dumps(params), metrics, totals)
    return kept, CachedMore(path.name, json.dumps(facts), trends, state)


def _read_documents(trial: Trial, signature: bytes) -> tuple[list[Any], dict[str, object], dict[str, object]]:
    metadata, parameters = trial.metadata, trial.parameters
    labels: Labels | None
    try:  # most trials have none, which their signature tells without another look at the disk
        labels = read_labels(trial.path) if has_file(signature, LABELS_FILE) else None
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
        _segments_of(trial) if has_file(signature, SEGMENTS_FILE) else [],
    ]
    git, platform = metadata.get("_git"), metadata.get("platform")
    facts: dict[str, object] = {
        "git": git if isinstance(git, dict) else {},
        "platform": flatten(platform) if isinstance(platform, dict) else {},
    }
    return head, flatten(parameters), facts


def _segments_of(trial: Trial) -> list[dict[str, Any]]:
    from aimd_core.format.segments import read_segments  # a warm list reads none

    try:
        return read_segments(trial.path).documents()
    except DamagedError:  # told with the journal, which cannot be read without it
        return []


def _read_journal(
    path: Path, signature: bytes, row: CachedRow | None, more: CachedMore | None, head: list[Any]
) -> tuple[str, bytes, bytes, str]:
    """Return metrics, totals, trends and the state to continue from, as they are kept, and add faults to the damage."""
    from aimd_core.reading.totals import read_totals  # a warm list reads no journal

    last, damage, goes_on = None, head[_DAMAGE], is_live(head[_STATUS])
    if row is not None and more is not None and has_grown(row.signature, signature):
        last = json.loads(more.state)
    all_count = not has_file(signature, SEGMENTS_FILE)  # then no file has to be looked for
    try:
        shown, totals = read_totals(f"{path}{os.sep}{METRICS_FILE}", last, all_count)
    except DamagedError as error:
        damage.append(f"{METRICS_FILE}: {error.facts['reason']}")
        return "[]", b"", b"", "null"
    if shown.damage:
        damage.append(f"{METRICS_FILE}: {shown.damage.sentence()}")
    # An ended trial hardly ever continues; if it does, its journal is read again completely.
    state = json.dumps(totals.state()) if goes_on else "null"
    return json.dumps(list(shown.metrics)), shown.packed_summaries(), shown.packed_trends(), state


def _heads_of(cached: Sequence[CachedRow]) -> list[Any]:
    """Return the heads of rows; one JSON document for all costs a third of one each, and shares its keys."""
    heads: list[Any] = json.loads(f"[{','.join([row.head for row in cached])}]")
    return heads


def _unfold(cached: list[CachedRow], heads: list[Any], base: str) -> dict[str, WholeFacts]:
    """Turn cached rows into trials."""
    params = json.loads(f"[{','.join([row.params for row in cached])}]")
    positions = {text: positions_of(json.loads(text)) for text in {row.metrics for row in cached}}
    return {
        row.name: _facts(base + row.name, row, head, of_params, Summaries(positions[row.metrics], row.totals))
        for row, head, of_params in zip(cached, heads, params, strict=True)
    }


def _facts(
    path: str, row: CachedRow, head: Sequence[Any], params: Mapping[str, object], metrics: Summaries
) -> WholeFacts:
    name, trial_id, status, started, ended, folder, tags, note, damage, recorded, ending, segments = head
    last_s = last_write_s(path, row.signature) if is_live(status) else None
    return WholeFacts(
        name=name,
        alternative_name=row.name,
        id=trial_id,
        path=path,
        status=status,
        state=derive_state(status, ending, recorded, last_s or 0.0),
        ending=ending,
        started=started,
        ended=ended,
        last_write_s=last_s,
        folder=folder,
        tags=tuple(tags),
        note=note,
        params=params,
        metrics=metrics,
        damage=damage,
        segments=segments,
        recorded=recorded,
    )


def read_trials(paths: Sequence[Path], all_segments: bool = False) -> list[Facts]:
    """Return everything known about some trials, possibly of several directories, in the order of their paths.

    Args:
        paths: The trials' directories.
        all_segments: Whether points count that were superseded; then the journals of trials with any are read whole.
    """
    names: dict[Path, list[str]] = {}
    for path in paths:
        names.setdefault(path.absolute().parent, []).append(path.absolute().name)
    trials: dict[Path, Facts] = {}
    for directory, listed in names.items():
        rows = TrialIndex.without_listing(directory).rows(listed, with_facts=True, with_trends=True)
        trials.update((directory / row.alternative_name, row) for row in rows)
    if all_segments:
        for path, trial in trials.items():
            _count_all_segments(path, trial.whole())
    return [trials[path.absolute()] for path in paths]


def _count_all_segments(path: Path, trial: WholeFacts) -> None:
    from aimd_core.reading.totals import read_totals

    if trial.segments:
        totals, _ = read_totals(path / METRICS_FILE, all_segments=True)
        positions = positions_of(totals.metrics)
        trial.metrics = Summaries(positions, totals.packed_summaries())
        trial.trends = Trends(positions, totals.packed_trends())


def _add_facts(trials: Mapping[str, WholeFacts], groups: Iterable[list[tuple[str, str]]]) -> None:
    for group in groups:
        documents = json.loads(f"[{','.join([document for _, document in group])}]")
        for (name, _), facts in zip(group, documents, strict=True):
            if name in trials:
                trials[name].git, trials[name].platform = facts["git"], facts["platform"]


def _add_trends(trials: Mapping[str, WholeFacts], groups: Iterable[list[tuple[str, bytes]]]) -> None:
    for name, packed in chain.from_iterable(groups):
        metrics = trials[name].metrics if name in trials else None
        if isinstance(metrics, Summaries):
            trials[name].trends = Trends(metrics.positions, packed)
