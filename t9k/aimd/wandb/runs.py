"""`init` and the run that it returns, a trial under W&B's names."""

from __future__ import annotations

import os
import random
import string
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace

from aimd_core.format.names import MetricNames, safe_name
from aimd_core.language import said, spoken
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.naming import EVAL_IS_VAL, OTHER_TYPE, split_tag
from t9k.aimd.settings import record_settings
from t9k.aimd.shell import current_cell
from t9k.aimd.silent import SilentTrial
from t9k.aimd.telling import tell, tell_once
from t9k.aimd.values import as_float, as_int, as_mapping
from t9k.aimd.wandb.faults import Error, UsageError, refuse_before_init
from t9k.aimd.wandb.mappings import RunConfig, RunSummary
from t9k.aimd.wandb.media import Table, media_of
from t9k.aimd.wandb.opening import open_trial

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any

    from t9k.aimd.trial import Trial
    from t9k.aimd.wandb.artifacts import Artifact

current: Run | None = None  # `wandb.run`
_ID_CHARS = string.ascii_lowercase + string.digits


class MetricDefinition:
    """What `define_metric` says of the metrics that a pattern matches.

    Attributes:
        summary: `min`, `max`, `first` or None.
        step_metric: The metric whose value is their step, or None.
    """

    __slots__ = ("_pattern", "step_metric", "summary")

    def __init__(self, pattern: str, step_metric: str | None, summary: str | None) -> None:
        """Take a definition."""
        self._pattern = pattern
        self.step_metric = step_metric
        self.summary = summary

    def matches(self, name: str) -> bool:
        """Tell whether it is about a metric."""
        return name == self._pattern or ("*" in self._pattern and fnmatchcase(name, self._pattern))


class RunFacts:
    """The facts about a run that scripts read or set as attributes."""

    def __init__(self, trial: Trial, project: str | None, group: str | None, job_type: str | None) -> None:
        """Show a trial.

        Args:
            trial: The trial.
            project: The project.
            group: The group.
            job_type: The kind of job.
        """
        self.trial = trial
        self.project = project
        self.group = group
        self.job_type = job_type
        self.entity = ""
        self.sweep_id = None
        self.resumed = False
        self.offline = True
        self.disabled = isinstance(trial, SilentTrial)
        self.id = str(trial._metadata.values.get("_run_id") or trial.id)

    @property
    def name(self) -> str:
        """The trial's name."""
        return self.trial.name

    @name.setter
    def name(self, name: str) -> None:
        safe = safe_name(str(name), "run")
        self.trial._metadata.change(lambda held: {**held, "metadata": {**held["metadata"], "name": safe}})

    @property
    def tags(self) -> tuple[str, ...]:
        """The trial's tags."""
        from aimd_core.format.labels import read_labels

        return () if self.disabled else read_labels(self.trial.path).tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        from aimd_core.format.labels import add_tags, remove_tags
        from t9k.aimd.wandb.opening import safe_tags

        if not self.disabled:
            remove_tags(self.trial.path, list(self.tags))
            add_tags(self.trial.path, safe_tags(tags))

    @property
    def notes(self) -> str:
        """The trial's note."""
        from aimd_core.format.labels import read_labels

        return "" if self.disabled else read_labels(self.trial.path).note

    @notes.setter
    def notes(self, note: str) -> None:
        from aimd_core.format.labels import set_note

        if not self.disabled:
            set_note(self.trial.path, note)

    @property
    def dir(self) -> str:
        """The directory of the trial's files, which are uploaded with it."""
        if self.disabled:
            import tempfile

            return tempfile.mkdtemp()
        from aimd_core.objects.tree import FILES_DIRECTORY

        directory = self.trial.path / FILES_DIRECTORY
        directory.mkdir(exist_ok=True)
        return str(directory)

    @property
    def path(self) -> str:
        """Project and id."""
        return "/".join(part for part in (self.project, self.id) if part)

    @property
    def url(self) -> str:
        """The trial's directory."""
        return str(self.trial.path)

    def get_url(self) -> str:
        """Return the trial's directory."""
        return self.url

    def project_name(self) -> str:
        """Return the project."""
        return self.project or ""


class Run(RunFacts):
    """A run: what it logs becomes points of a trial, what it is configured with becomes parameters."""

    def __init__(self, trial: Trial, project: str | None, group: str | None, job_type: str | None, step: int) -> None:
        """Record into a trial. Arguments as `RunFacts`, and the first step."""
        super().__init__(trial, project, group, job_type)
        self.step = self.starting_step = step
        self.config = RunConfig(trial)
        self.summary = RunSummary(trial, lambda: self.step)
        self._names = MetricNames(_split, OTHER_TYPE)
        self._definitions: list[MetricDefinition] = []
        self._defined: dict[str, MetricDefinition | None] = {}
        self._step_metrics: set[str] = set()
        self._steps: dict[str, int] = {}  # their last values, of those that are whole

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, **_: Any) -> None:
        """Record numbers, nested ones by dotted names, pictures, tables and texts. What is neither is reported once.

        Args:
            data: Values by name.
            step: The step; by default, the number of calls so far. A step before the last one is recorded as given.
            commit: Whether the next call without a step is at the next step; by default, if no step is given.
            **_: Ignored.
        """
        if not isinstance(data, Mapping):
            raise TypeError(
                spoken("wandb.log takes a mapping of names to values, not {kind}", kind=type(data).__name__)
            )
        if step is not None:
            step = as_int("step", step)
            self.step = max(self.step, step)
        at = self.step if step is None else step
        numbers: dict[str, float] = {}
        others: dict[str, Any] = {}
        _collect(data, "", numbers, others)
        epoch = numbers.get("epoch")
        self._record(numbers, at, int(epoch) if epoch is not None and epoch.is_integer() else None)
        for name, value in others.items():
            self._show(name, value, at)
        if step is None if commit is None else commit:
            self.step += 1

    def _label(self, *_: Any, **__: Any) -> None:
        """Do nothing: some scripts tell W&B which repository they are from."""

    def _show(self, name: str, value: Any, step: int) -> None:
        """Record a picture, a table or the like."""
        items = media_of(value)
        if items is None:
            _drop(value)
            return
        for item in items:
            for column, cells in item.galleries().items() if isinstance(item, Table) else ():
                self._show(f"{name}/{column}", cells, step)
        definition = self._definition_of(name) if self._definitions else None
        at = step if definition is None else self._steps.get(definition.step_metric or "", step)
        captions = [item.caption if isinstance(item.caption, str) else "" for item in items]
        try:
            self.trial._log_media(name, at, captions, None, lambda: [made for item in items for made in item.encode()])
        except Exception as error:  # an array of whatever library may raise anything
            kind = type(items[0]).__name__
            tell_once(kind, said("wandb.log: this {kind} is not recorded: {error}", kind=kind, error=error))

    def _record(self, numbers: dict[str, float], step: int, epoch: int | None) -> None:
        groups: dict[tuple[str, int], dict[str, float]] = {}
        for name in [name for name in self._step_metrics if name in numbers]:
            if numbers[name].is_integer():
                self._steps[name] = int(numbers[name])
            else:
                self._step_metrics.discard(name)
                self._steps.pop(name, None)
        for name, number in numbers.items():
            definition = self._definition_of(name) if self._definitions else None
            at = step if definition is None else self._steps.get(definition.step_metric or "", step)
            metrics_type, metric = self._names.metric_of(name)
            groups.setdefault((metrics_type, at), {})[metric] = number
            self.summary.note(name, number, None if definition is None else definition.summary)
        for (metrics_type, at), metrics in groups.items():
            self.trial.log(metrics_type, metrics, at, epoch, False)

    def _definition_of(self, name: str) -> MetricDefinition | None:
        if name not in self._defined:
            matching = [definition for definition in self._definitions if definition.matches(name)]
            self._defined[name] = matching[-1] if matching else None
        return self._defined[name]

    def define_metric(
        self,
        name: str,
        step_metric: object = None,
        step_sync: object = None,
        hidden: object = None,
        summary: str | None = None,
        goal: object = None,
        **_: Any,
    ) -> MetricDefinition:
        """Say which metric is the step of others, and which of its values is in the summary.

        Args:
            name: A metric, or a pattern such as `eval/*`.
            step_metric: The metric whose value is the step of the points.
            step_sync: Ignored, like the next and the goal.
            hidden: See there.
            summary: `min`, `max`, `first` or `last`.
            goal: See above.
            **_: Ignored.
        """
        other = getattr(step_metric, "name", step_metric)
        kind = next((word for word in (summary or "").split(",") if word in ("min", "max", "first")), None)
        definition = MetricDefinition(name, other if isinstance(other, str) else None, kind)
        self._definitions.append(definition)
        self._defined.clear()
        if definition.step_metric is not None:
            self._step_metrics.add(definition.step_metric)
        return definition

    def alert(self, title: str, text: str = "", level: object = None, wait_duration: object = None) -> None:
        """Print a message on stderr, which the trial's output keeps."""
        tell(said("alert: {title}: {text}", title=title, text=text))

    def watch(self, *_: Any, **__: Any) -> None:
        """Do nothing, and say so: gradients and graphs of models are not recorded."""
        tell_once("watch", said("wandb.{name} is accepted, but does nothing here", name="watch"))

    unwatch = mark_preempting = lambda self, *_, **__: None

    def save(
        self, glob_str: str | os.PathLike[str] | None = None, base_path: object = None, policy: object = None
    ) -> list[str]:
        """Keep the files that match a pattern with the trial, as they are now, and return their names there.

        Args:
            glob_str: A file or a pattern.
            base_path: Ignored, like the next.
            policy: See there.
        """
        return [] if glob_str is None else self.trial.save(glob_str)

    def log_model(self, path: str | os.PathLike[str], name: str | None = None, *_: Any, **__: Any) -> None:
        """Keep a file or a directory with the trial.

        Args:
            path: The file or directory.
            name: The directory for it.
            *_: Ignored, such as aliases.
            **__: See there.
        """
        self.trial.save(path, None if name is None else f"{name}/")

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Iterable[str] | None = None,
        **_: Any,
    ) -> Artifact:
        """Make an artifact beside the trial, which notes it as its output.

        Args:
            artifact_or_path: A `wandb.Artifact`, a file or a directory.
            name: The artifact's name, if a path is given; by default that of the file.
            type: Its type, if a path is given.
            aliases: More names besides its version, such as `best`.
            **_: Ignored.
        """
        from t9k.aimd.wandb.artifacts import Artifact  # most scripts have none

        artifact = artifact_or_path
        if not isinstance(artifact, Artifact):
            path = Path(artifact)
            artifact = Artifact(name or path.name, type or "unspecified")
            (artifact.add_dir if path.is_dir() else artifact.add_file)(path)
        if not self.disabled:
            artifact.make(self.trial, aliases or ())
        return artifact

    def log_code(self, *_: Any, **__: Any) -> None:
        """Do nothing: the commit and the changes since are recorded anyway."""

    link_model = link_artifact = log_code

    def use_artifact(self, *_: Any, **__: Any) -> None:
        """Raise an error: the script needs files that are on a server of W&B."""
        raise UsageError(spoken("artifacts of W&B cannot be fetched here; download them with W&B's own package"))

    use_model = restore = use_artifact

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the trial: Succeeded, or Failed if the exit code is not 0."""
        global current
        if exit_code:
            self.trial.fail(said("wandb.finish was called with exit code {code}", code=exit_code))
        else:
            self.trial.finish()
        if current is self:
            current = None

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.trial.__exit__(kind, error, trace)
        self.finish()


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Iterable[str] | None = None,
    config: object = None,
    *,
    config_exclude_keys: Iterable[str] = (),
    config_include_keys: Iterable[str] | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    reinit: object = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    sync_tensorboard: bool | None = None,
    tensorboard: bool | None = None,
    **_: Any,
) -> Run:
    """Create a trial. The arguments that are not here, such as `anonymous` and `save_code`, are ignored.

    Name, project, group, notes, tags, id, resume, mode and directory are also taken from `WANDB_NAME` and so on.

    Args:
        entity: Kept as `run.entity`.
        project: The folder to upload to.
        dir: The directory that holds `.aimd`.
        id: Kept in the trial, so that `resume` finds it.
        name: The trial's name; by default the project's.
        notes: The trial's note.
        tags: Its tags.
        config: Its first parameters: a mapping, a name space, or a YAML file.
        config_exclude_keys: Parameters to leave out.
        config_include_keys: The only parameters to take.
        group: A folder in the project's.
        job_type: A tag.
        mode: `disabled` records nothing, `online` uploads while training runs; otherwise files are written.
        reinit: Finish a run that is open; otherwise `init` returns that one. By default True in a notebook.
        resume: `allow` or True goes on with the trial of this id, or with the last unfinished one of this name, if
            there is one; `must` raises an error if there is none, `never` if there is one.
        resume_from: `<id>?_step=<n>`: go on with a trial from that step, as `load_trial(..., from_step=n)` does.
        fork_from: `<id>?_step=<n>`: a trial that begins with another's points, as `fork_trial` makes it.
        sync_tensorboard: Record what TensorBoard's writers get, see `aimd.patch_tensorboard`.
        tensorboard: The same.
        **_: Ignored.
    """
    global current
    if current is not None:
        returns = not reinit or reinit in ("default", "return_previous")
        if returns and (reinit not in (None, "default") or current_cell() is None):
            return current
        current.finish()
    given = {"project": project, "dir": dir, "id": id, "name": name, "notes": notes, "tags": tags, "group": group}
    opened = open_trial(
        {**given, "job_type": job_type, "mode": mode, "resume": resume}, resume_from or fork_from, bool(fork_from)
    )
    run = current = Run(opened.trial, opened.project, opened.group, job_type, opened.step)
    run.entity, run.resumed, run.offline = entity or "", opened.is_resumed, opened.mode != "online"
    finish_at_exit(run.trial)  # because many scripts never call finish
    settings = _config(config)
    names = set(settings if config_include_keys is None else config_include_keys) - set(config_exclude_keys)
    record_settings(run.trial, {key: value for key, value in settings.items() if key in names})
    if sync_tensorboard or tensorboard:
        from t9k.aimd.tensorboard_patch import patch_tensorboard

        patch_tensorboard(run.trial)
    return run


def _config(config: object) -> Mapping[Any, Any]:
    if isinstance(config, (str, os.PathLike)):
        from aimd_core.format.documents import read_mapping

        document = read_mapping(Path(config))  # W&B's own files have `value` and `desc` for each
        return {
            name: part["value"] if isinstance(part, dict) and "value" in part else part
            for name, part in document.items()
        }
    mapping = as_mapping(config) if config is not None else {}
    if mapping is None:
        raise UsageError(spoken("config must be a mapping or a file, not {kind}", kind=type(config).__name__))
    return mapping


def require_run(name: str) -> Run:
    """Return the run.

    Raises:
        Error: There is none.
    """
    if current is None:
        refuse_before_init(name)
    return current


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the run, if there is one."""
    if current is not None:
        current.finish(exit_code, quiet)


def _split(name: str) -> tuple[str, str]:
    """Split a name; without a slash, the first dot is one: that is how nested values are named."""
    return split_tag(name if "/" in name else name.replace(".", "/", 1), EVAL_IS_VAL)


def _collect(data: Mapping[Any, Any], prefix: str, numbers: dict[str, float], others: dict[str, Any]) -> None:
    for key, value in data.items():
        name = f"{prefix}{key}"
        if type(value) is float:
            numbers[name] = value
        elif isinstance(value, Mapping):
            _collect(value, f"{name}.", numbers, others)
        elif value is not None:
            try:
                numbers[name] = as_float(name, value)
            except TypeError:
                others[name] = value


def _drop(value: object) -> None:
    kind = type(value).__name__
    tell_once(kind, said("wandb.log: no {kind} is recorded", kind=kind))


def sweep(*_: Any, **__: Any) -> str:
    """Raise an error: there is no service that hands out settings."""
    raise UsageError(spoken("sweeps need W&B's service; Optuna's studies are recorded here, see t9k.aimd.optuna"))


agent = controller = sweep


def login(*_: Any, **__: Any) -> bool:
    """Do nothing: nothing is sent to W&B."""
    return True


def setup(*_: Any, **__: Any) -> None:
    """Do nothing."""


teardown = require = setup


def termlog(string: str = "", *_: Any, **__: Any) -> None:
    """Print a line on stderr."""
    sys.stderr.write(f"{string}\n")


termwarn = termerror = termlog


class Settings(SimpleNamespace):
    """W&B's settings, which change nothing here."""


def _generate_id(length: int = 8) -> str:
    return "".join(random.choices(_ID_CHARS, k=length))  # noqa: S311, a name


util = SimpleNamespace(generate_id=_generate_id)
__all__ = ["Error", "Run", "init"]
