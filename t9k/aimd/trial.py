"""A trial that is being recorded.

Once `log` has returned, a killed process loses nothing; a power cut loses at most the last second of logging. `log`
never uses the network, starts no thread, keeps no history, and never breaks training because of an I/O fault, which is
reported once on stderr and counted in the receipt of `finish`.

A trial is a name: copied, pickled, or inherited through a fork, it opens its own journal when it first logs, and
touches nothing before that. Only the process that created or loaded a trial ends it.
"""

from __future__ import annotations

import copy
import os
import sys
import time
from pathlib import Path

from aimd_core.errors import TrialStateError
from aimd_core.format import process
from aimd_core.format.files import Unsynced
from aimd_core.format.journal import (
    Damage,
    JournalWriter,
    encode_number,
    encode_tail,
    key_head,
    record_head,
)
from aimd_core.format.layout import METADATA_FILE, METRICS_FILE, PARAMETERS_FILE
from aimd_core.format.model import (
    FAILED,
    INITIALIZING,
    INPUT_ARTIFACTS,
    OUTPUT_ARTIFACTS,
    RUNNING,
    SUCCEEDED,
    UNFINISHED,
    standard_type,
)
from aimd_core.format.shared_document import SharedDocument
from aimd_core.format.values import STEP_LIMIT
from aimd_core.language import joined, said, spoken
from t9k.aimd import endings
from t9k.aimd.environment import frameworks, imported_packages
from t9k.aimd.media_calls import MediaCalls
from t9k.aimd.output import OutputLog, keep_traceback
from t9k.aimd.output import stop as stop_output
from t9k.aimd.params import Params
from t9k.aimd.secrets import mask_command
from t9k.aimd.stamps import shown_second, timestamp
from t9k.aimd.telling import DiskFaults, tell
from t9k.aimd.values import as_float, as_int, as_text, as_timestamp

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from aimd_core.upload import Uploaded
    from t9k.aimd.checkpoints import Checkpoint
    from t9k.aimd.media.encoded import Encoded
    from t9k.aimd.media.recording import MediaRecorder
    from t9k.aimd.media_calls import Caption
    from t9k.aimd.progress_line import ProgressLine

_NAMES_KEPT = 10_000  # encoded names to keep for the next call
_float_repr = float.__repr__
_time_ns = time.time_ns


class Trial(MediaCalls):
    """A trial. Use `aimd.create_trial` to create one."""

    def __init__(
        self,
        path: Path,
        metadata: dict[str, Any],
        params: Mapping[str, object],
        loaded: bool = False,
        unsynced: Unsynced | None = None,
    ) -> None:
        """Open a trial directory for recording.

        Args:
            path: The directory; its documents exist.
            metadata: The content of `metadata.yaml`.
            params: The content of `parameters.yaml`.
            loaded: It existed before, so nothing is touched until the first `log`.
            unsynced: Its documents, if they are not forced to the disk yet.

        Raises:
            OSError: The journal cannot be opened.
        """
        on_fault = DiskFaults(path)
        self._path = path
        self._metadata = SharedDocument(str(path / METADATA_FILE), metadata, on_fault, not loaded, unsynced)
        self._params = Params(SharedDocument(str(path / PARAMETERS_FILE), params, on_fault, not loaded, unsynced))
        self._journal = JournalWriter(str(path / METRICS_FILE), on_fault, not loaded, unsynced)
        self._loaded = loaded
        self._goes_back = False  # to the step that is logged first, as a requeued job does
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._owner = os.getpid()
        self._output: OutputLog | None = None
        self._recorder: MediaRecorder | None = None
        self._line: ProgressLine | None = None  # in Jupyter
        self._running = False  # set by the first log of this process
        self._heads: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._second = -1, ""  # a second since the epoch and how it is shown, one value because threads share it

    def __getstate__(self) -> dict[str, Any]:
        """Pickle a trial: the copy has its own journal and documents for the same files, and nothing open is copied."""
        own = {name: copy.copy(vars(self)[name]) for name in ("_metadata", "_params", "_journal")}
        return {**vars(self), **own, "_output": None, "_recorder": None, "_line": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin_anew()
        if not self._loaded:
            self._owner = 0  # one that was only read is like one loaded again

    @property
    def id(self) -> str:
        """The trial's UUID, the same on disk and on every server."""
        return str(self._metadata.values["metadata"]["id"])

    @property
    def name(self) -> str:
        """The trial's name."""
        return str(self._metadata.values["metadata"]["name"])

    @property
    def alternative_name(self) -> str:
        """The name of the trial's directory, unique where the name is not."""
        return self._path.name

    @property
    def path(self) -> Path:
        """The trial's directory."""
        return self._path

    @property
    def status(self) -> str:
        """`Initializing`, `Running`, `Succeeded` or `Failed`."""
        return str(self._metadata.read().get("status", INITIALIZING))

    @property
    def params(self) -> Params:
        """The parameters, a mapping that is saved on every change."""
        return self._params

    @property
    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """All points that count, by type, read from the journal: `{"value": {...}, "sequence": {...}}` each."""
        from aimd_core.reading.series import records_of

        points: dict[str, list[dict[str, Any]]] = {}
        for record in records_of(self._path, Damage()):
            for metrics_type, point in record.items():
                points.setdefault(metrics_type, []).append(point)
        return points

    def history(
        self, names: Sequence[str] | str | None = None, format: str = "list", all_segments: bool = False
    ) -> Any:
        """Return what was recorded so far, one entry per record. Arguments and errors as `t9k.aimd.search.history`."""
        from t9k.aimd.search import history

        return history(self._path, names, format, all_segments)

    def log(
        self,
        metrics_type: str,
        metrics: Mapping[str, Any],
        step: int,
        epoch: int | None = None,
        check_status: bool = True,
        *,
        timestamp: float | None = None,
    ) -> None:
        """Record metrics at one step. The first call sets the status to `Running`.

        Args:
            metrics_type: `train`, `val`, `test` (or one of their longer forms), or any other string.
            metrics: Numbers, or arrays and tensors of one element, by name.
            step: The global training step.
            epoch: The epoch, if there is one.
            check_status: Whether an ended trial refuses. If False, it takes the point and stays ended.
            timestamp: When it was measured, in seconds since the epoch; by default now.

        Raises:
            TypeError: A value, the step or the epoch is not a number, or a name is not a string. Nothing is recorded.
            ValueError: The step or the epoch has more than 64 bits, or the timestamp is not in the years 1 to 9999.
                Nothing is recorded.
            TrialStateError: The trial has ended.
        """
        head = self._heads.get(metrics_type) or self._new_head(metrics_type)
        keys = self._keys
        parts = []
        for name, value in _items(metrics):
            if type(value) is not float:
                value = as_float(name, value)
            key = keys.get(name) or self._new_key(name)
            parts.append(key + (_float_repr(value) if value - value == 0.0 else encode_number(value)))
        if type(step) is not int or not -STEP_LIMIT < step < STEP_LIMIT:
            step = as_int("step", step)
        if epoch is not None and (type(epoch) is not int or not -STEP_LIMIT < epoch < STEP_LIMIT):
            epoch = as_int("epoch", epoch)
        when = self._now() if timestamp is None else as_timestamp(timestamp)
        if not self._running:
            self._begin(check_status, step)
        record = head + ", ".join(parts) + encode_tail(step, epoch, when)
        self._journal.append(record.encode("ascii"))
        if self._line is not None:
            self._line.take(record)

    def _log_media(
        self,
        key: str,
        step: int,
        caption: Caption,
        group: str | None,
        encode: Callable[..., list[Encoded]],
        *arguments: Any,
        check_status: bool = True,
    ) -> None:
        recorder = self._recorder
        if recorder is None:
            from t9k.aimd.media.recording import MediaRecorder  # most trials record none

            recorder = self._recorder = MediaRecorder(self._path, self._journal._on_fault)
        number = as_int("step", step)
        record = recorder.prepare(key, number, caption, group, encode, arguments)
        if not self._running:
            self._begin(check_status, number)
        recorder.record(record, self._now())

    def _now(self) -> str:
        second, nanosecond = divmod(_time_ns(), 1_000_000_000)
        last, shown = self._second
        if second != last:
            shown = shown_second(second)
            self._second = second, shown
        return f"{shown}.{nanosecond // 1000:06d}+00:00"

    def _new_head(self, metrics_type: object) -> str:
        name = as_text("metrics_type", metrics_type)
        if len(self._heads) >= _NAMES_KEPT:
            self._heads.clear()
        head = self._heads[name] = record_head(standard_type(name))
        return head

    def _new_key(self, metric: object) -> str:
        name = as_text("a metric's name", metric)
        if len(self._keys) >= _NAMES_KEPT:
            self._keys.clear()
        key = self._keys[name] = key_head(name)
        return key

    def _begin(self, check_status: bool, step: int) -> None:
        """Change from Initializing to Running, or refuse if the trial has ended."""
        status = self.status
        has_ended = status not in UNFINISHED and not self._loaded
        if has_ended and check_status:
            raise TrialStateError(name=self.name, status=status)
        if has_ended:
            return
        self._running = True
        if self._goes_back:
            self._supersede(step)
        if "IPython" in sys.modules and self._line is None and self._is_owner():
            from t9k.aimd.progress_line import progress_line  # scripts have none

            self._line = progress_line(self.name, self._path)
        has_left = self._is_owner() and "_exit" in self._metadata.values
        if self._loaded or (has_left and not endings.has_exited):  # what other exit handlers log changes no state
            self._resume()
        elif status == INITIALIZING:
            self._metadata.change(_with_status_running)

    def _supersede(self, step: int) -> None:
        """Mark the points from a step on as superseded by those that follow."""
        from aimd_core.format.segments import append_resume  # most trials have none

        self._goes_back = False
        try:
            append_resume(self._path, step, timestamp())
        except OSError as error:
            self._journal.note(error)

    def _is_owner(self) -> bool:
        """Tell whether this object, rather than a copy or a forked child, ends the trial."""
        return self._owner == os.getpid()

    def _resume(self) -> None:
        """Make this process the recording one, unless another is still recording."""
        from aimd_core.reading.facts import is_seen_alive

        self._loaded = False
        recorded = process.read(self._path)
        mine = recorded is not None and recorded.get("pid") == os.getpid()
        if self.status == RUNNING and recorded is not None and not mine and is_seen_alive(recorded):
            return
        try:
            process.write(self._path, mask_command(list(sys.orig_argv)))
        except OSError as error:
            self._journal.note(error)
        self._metadata.change(self._as_resumed)
        endings.watch(self)

    def _as_resumed(self, metadata: dict[str, Any]) -> dict[str, Any]:
        upload = {**(metadata.get("_upload") or {}), "load_path": str(self._path)}
        return {**_without_exit(metadata), "status": RUNNING, "endTime": None, "_upload": upload}

    def finish(self) -> None:
        """End the trial with status `Succeeded`, and print the receipt on stderr. A second call does nothing."""
        self._end(SUCCEEDED, None)

    def fail(self, reason: str | BaseException | None = None) -> None:
        """End the trial with status `Failed`, and print the receipt on stderr. An ended trial is not changed.

        Args:
            reason: An exception or a sentence, which readers show with the state.
        """
        self._end(FAILED, endings.of_reason(reason) if reason is not None else None)

    def _end(self, status: str, ending: dict[str, object] | None) -> None:
        if not self._may_end():
            self._release()
            return
        if self.status not in UNFINISHED:
            return
        self._release()
        ended_at = timestamp()

        def ended(metadata: dict[str, Any]) -> dict[str, Any]:
            after = {**_without_exit(metadata), "status": status, "endTime": ended_at}
            after["platform"] = _with_packages(metadata.get("platform") or {})
            return {**after, "_exit": {**ending, "at": ended_at}} if ending else after

        parameters = self._params._document
        parameters.save()
        self._metadata.change(ended)
        endings.forget(self)  # not before: a signal in the middle of this is an end, too
        saved = self._metadata.is_saved and parameters.is_saved
        doubts = [said(", but the disk reported an error: a power cut may lose some")] if self._is_in_doubt() else []
        doubts += [] if saved else [said(", but its status or parameters could not be saved")]
        facts = {"trial": self.alternative_name, "receipt": self.receipt, "doubt": joined("", doubts)}
        if status == SUCCEEDED:
            tell(said("trial {trial} finished: {receipt}{doubt}", **facts))
        else:
            tell(said("trial {trial} failed: {receipt}{doubt}", **facts))
        self._show_end()

    def _show_end(self) -> None:
        """Show in the notebook how the trial ended; logged into again, it has another line."""
        line, self._line = self._line, None
        if line is not None:
            line.end()

    def _is_in_doubt(self) -> bool:
        """Tell whether the disk refused to keep what was written."""
        return self._journal.unsynced or (self._recorder is not None and self._recorder.unsynced)

    def _may_end(self) -> bool:
        """Tell whether this object may end the trial: it is the owner, or the owner's process is gone."""
        if not self._is_owner():
            from aimd_core.reading.facts import is_seen_gone

            recorded = process.read(self._path)
            if recorded is None or not is_seen_gone(recorded):
                return False
            self._take_over()
        return True

    def _take_over(self) -> None:
        """Make this process the one that ends the trial."""
        self._owner = os.getpid()

    def _end_interrupted(self, ending: dict[str, object]) -> bool:
        """Record that this process ended before the trial did; another process can continue it.

        Returns:
            Whether that is the case.
        """
        if not self._is_owner() or self.status not in UNFINISHED:
            return False
        self._release()
        at = timestamp()
        self._metadata.change(lambda metadata: {**metadata, "_exit": {**ending, "at": at}})
        endings.forget(self)
        if ending.get("signal") in (None, "SIGINT"):  # otherwise this is in the middle of anything, and a kernel ends
            self._show_end()
        return True

    def _release(self) -> None:
        """Release the files and the process's streams, keeping the journal's counts."""
        self._running = False
        if self._output is not None and self._is_owner():
            stop_output(self._output)
            self._output = None
        self._journal.sync()
        self._journal.count()
        self._journal.close()
        if self._recorder is not None:
            self._recorder.close()

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._may_end():
            return  # a forked child also leaves the block, but the trial continues
        if error is None or endings.is_clean(error):
            self.finish()
            return
        if self._output is not None and not isinstance(error, SystemExit):
            keep_traceback(self._output, error)  # Python prints it later, or somebody catches the exception
        has_failed, ending = endings.of_leaving(error)
        if has_failed:
            self.fail(error)
        else:
            self._end_interrupted(ending)

    def mark_input(self, artifact: object) -> None:
        """Record that the trial used an artifact.

        Args:
            artifact: The artifact, or its id.

        Raises:
            TypeError: It is neither.
        """
        self._mark(INPUT_ARTIFACTS, artifact)

    def mark_output(self, artifact: object) -> None:
        """Record that the trial produced an artifact. Arguments and errors as `mark_input`."""
        self._mark(OUTPUT_ARTIFACTS, artifact)

    def change_outputs(self, add: Sequence[str], remove: Sequence[str]) -> None:
        """Note artifacts that the trial produced, by id, and forget others."""

        def changed(metadata: dict[str, Any]) -> dict[str, Any]:
            before = [uid for uid in metadata.get(OUTPUT_ARTIFACTS) or [] if uid not in remove]
            return {**metadata, OUTPUT_ARTIFACTS: [*before, *(uid for uid in add if uid not in before)]}

        self._metadata.change(changed)

    def _mark(self, key: str, artifact: object) -> None:
        artifact_id = artifact if isinstance(artifact, str) else getattr(artifact, "id", None)
        if not isinstance(artifact_id, str):
            raise TypeError(spoken("expected an artifact or its id, not {kind}", kind=type(artifact).__name__))

        def marked(metadata: dict[str, Any]) -> dict[str, Any]:
            artifacts = list(metadata.get(key) or [])
            return metadata if artifact_id in artifacts else {**metadata, key: [*artifacts, artifact_id]}

        self._metadata.change(marked)

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        step: int,
        metrics: Mapping[str, float] | None = None,
        keep: str = "",
    ) -> Checkpoint | None:
        """Keep a copy of a file or directory as a checkpoint: an artifact that has the name of this trial's directory.

        A kill at any instant leaves a complete best one. What `keep` lets go is removed from the disk, unless it was
        uploaded or given another alias. Like `log`, this never breaks training: a disk that refuses is a warning.

        Args:
            path: A file or a directory.
            step: The training step.
            metrics: Numbers by name, such as `{"val.acc": 0.93}`, by which `keep` compares.
            keep: What stays: `best(val.acc):3, last:2`. A metric is better when it is smaller if its name says so, as
                that of a loss does, else when it is larger; `best(score, min)` decides. By default everything stays.

        Returns:
            The checkpoint, or None if it could not be written.

        Raises:
            TypeError: A metric or the step is not a number.
            UsageError: `keep` has another form, or names a metric that was not given.
        """
        from t9k.aimd.checkpoints import checkpoint

        made = checkpoint(self._path, self.id, path, as_int("step", step), metrics or {}, keep)
        if made is None:
            return None
        self.change_outputs([made[0].artifact_id], made[1])
        return made[0]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints on the disk, by step."""
        from t9k.aimd.checkpoints import checkpoints_of

        return checkpoints_of(self._path)

    @property
    def input_artifacts(self) -> list[str]:
        """Ids of the artifacts that the trial used."""
        return list(self._metadata.read().get(INPUT_ARTIFACTS) or [])

    @property
    def output_artifacts(self) -> list[str]:
        """Ids of the artifacts that the trial produced."""
        return list(self._metadata.read().get(OUTPUT_ARTIFACTS) or [])

    @property
    def receipt(self) -> str:
        """The number of points that this object logged, how many of them are on disk, and how many others the file has.

        Others come from its copies, mostly in worker processes. System metrics do not count. Media are counted apart.
        """
        written, others = self._journal.count()
        counts = {"attempts": self._journal.written + self._journal.failed, "written": written, "others": others}
        points = said("logged {attempts:,}, on disk {written:,}", **counts)
        if others:
            points = said("logged {attempts:,}, on disk {written:,}, plus {others:,} by others", **counts)
        if self._recorder is None:
            return points
        counts = {"attempts": self._recorder.attempts, "written": self._recorder.written}
        return said("{points}, media {attempts:,}, on disk {written:,}", points=points, **counts)

    def upload(
        self,
        folder_id: str | None = None,
        folder_path: str | None = None,
        make_folder: bool | None = None,
        conflict_strategy: str | None = None,
    ) -> Uploaded | None:
        """Upload the trial, or what is new in it, to the server of `aimd.login()` or of the config file.

        Args:
            folder_id: Overrides `folder_path`; both override what `create_trial` was given.
            folder_path: Such as `image_classification/mnist`.
            make_folder: Create a missing folder with its parents.
            conflict_strategy: `skip`, `error`, `new` or `replace`, if the name is taken there.

        Raises:
            AimdError: See its subclasses. What was sent stays, and a second call continues from there.
        """
        from t9k.aimd.session import upload_directory

        return upload_directory(self._path, folder_id, folder_path, make_folder, conflict_strategy)

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> list[str]:
        """Keep files with the trial, as they are now: in its `files/`, from where they are uploaded with it.

        What cannot be kept is named in a warning, and the rest is. A file of the same name is replaced.

        Args:
            path: A file, a directory, or a pattern such as `out/**/*.csv`.
            name: The name of the file, or, of a directory or a pattern, or if it ends in `/`, the directory for them.
                By default a file keeps its own name, and those of a directory the directory's, too.

        Returns:
            The names of what is kept.

        Raises:
            TypeError: The path or the name is no text.
            ValueError: The name leads elsewhere, such as `../x`.
        """
        from t9k.aimd.saving import save

        return save(self._path, path, name)

    def _repr_html_(self) -> str:
        """Return the trial as a notebook shows it."""
        from t9k.aimd.notebook import trial_html

        return trial_html(self._path)

    def __repr__(self) -> str:
        return f"<Trial {self.alternative_name} {self.status}>"


def _with_status_running(metadata: dict[str, Any]) -> dict[str, Any]:
    return {**metadata, "status": RUNNING} if metadata.get("status") == INITIALIZING else metadata


def _without_exit(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != "_exit"}


def _with_packages(platform: dict[str, Any]) -> dict[str, Any]:
    packages = {**(platform.get("pypkgs") or {}), **imported_packages()}
    return {**platform, "pypkgs": packages, "framework": frameworks() or platform.get("framework") or ""}


def _items(metrics: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    try:
        return metrics.items()
    except AttributeError:
        message = spoken("metrics must be a mapping of names to numbers, not {kind}", kind=type(metrics).__name__)
        raise TypeError(message) from None
