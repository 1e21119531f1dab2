"""What every integration promises, tried with each framework: names, steps, epochs, endings, resuming, ranks, copies.

What a framework cannot do, its adapter says with the reason, and a test tells whether that is still so. Ray's callback
runs beside a cluster that takes ten seconds to start, so its promises are in test_experiments.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.sdk.integrations.adapters import ADAPTERS
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Point, Training, documented, recorded_trial, recorded_trials

START = """
import inspect, os, pickle, signal
from pathlib import Path
from t9k import aimd
{imports}
fails = dies = False
batches = 0
def check():
    global batches
    batches += 1
    if fails:
        raise ZeroDivisionError("planted")
    if dies and any(journal.stat().st_size for journal in Path().glob(".aimd/trials/*/metrics")):
        os.kill(os.getpid(), signal.SIGKILL)
"""
COPIES = """
import copy
from sklearn.base import clone
from t9k.aimd.trial import Trial

def parts_of(thing):
    if isinstance(thing, Trial):
        return str(thing.path)
    if type(thing).__module__.startswith("t9k.aimd"):
        own = sorted(item for item in vars(thing).items() if item[0] not in ("_state", "_lock", "file_writer"))
        return [(name, parts_of(value)) for name, value in own]
    return thing if isinstance(thing, (str, int, dict)) else type(thing).__name__

for recorder in recorders:
    copies = [pickle.loads(pickle.dumps(recorder)), copy.deepcopy(recorder), clone(recorder, safe=False)]
    for twin in (*copies, *clone([recorder], safe=False)):
        assert type(twin) is type(recorder)
        assert parts_of(twin) == parts_of(recorder), (parts_of(twin), parts_of(recorder))
"""
# Counts what is done between the second point of a training and its last one: files that are touched, modules that are
# loaded, calls of our functions but for those that record what the script prints, and batches.
METER = """
import cProfile, json, sys
files, marks, real_write, profile = [], [], os.write, cProfile.Profile()
def audit(event, arguments):
    if event == "open" or event.startswith("os."):
        files.extend(str(name) for name in arguments[:1] if f"{os.sep}.aimd{os.sep}" in str(name))
def calls():
    rows = ((getattr(row.code, "co_filename", ""), row) for row in profile.getstats())
    ours = [row for file, row in rows if ("/t9k/aimd/" in file or "/aimd_core/" in file) and file not in PRINTED]
    return {f"{row.code.co_filename}:{row.code.co_name}": row.callcount for row in ours}
def write(descriptor, content):
    if content.startswith(b'{"') and b'"sequence"' in content:
        profile.disable()
        loaded = [name for name in list(sys.modules) if name.startswith(("t9k.", "aimd_core."))]
        marks.append((len(files), len(loaded), calls(), batches))
        profile.enable()
    return real_write(descriptor, content)
from aimd_core.format import terminal
from t9k.aimd import output
PRINTED = (terminal.__file__, output.__file__)
sys.addaudithook(audit)
os.write = write
profile.enable()
"""
MOST_CALLS = 60  # for a point; and one for each batch of a framework that tells a callback of every one


@pytest.fixture
def train(name: str, prepared: Prepared) -> Training:
    return prepared(ADAPTERS[name].framework or name)


def script(name: str, code: str) -> str:
    adapter = ADAPTERS[name]
    return START.format(imports=adapter.imports) + adapter.code + code


def every(*promises: str) -> pytest.MarkDecorator:
    """Return the adapters that keep all of these promises."""
    return pytest.mark.parametrize(
        "name", [name for name, adapter in ADAPTERS.items() if not adapter.lacks.keys() & set(promises)]
    )


def plainly(name: str) -> str:
    """Return a training with a trial of its own, or else with a given one that the script finishes."""
    adapter = ADAPTERS[name]
    if adapter.own:
        return f"train({adapter.own})\n"
    return f"with aimd.create_trial(trial_name='own', folder_path='f') as trial:\n    train({adapter.given})\n"


def assert_points(points: list[Point], name: str) -> None:
    expected = ADAPTERS[name].points
    assert [point[:3] for point in points] == [point[:3] for point in expected]
    for point, (_, _, _, names) in zip(points, expected, strict=True):
        assert names <= point.value.keys()


@pytest.mark.parametrize("name", [name for name, adapter in ADAPTERS.items() if adapter.shown])
def test_the_documented_script_records_what_it_shows(tmp_path: Path, name: str, train: Training) -> None:
    shown = ADAPTERS[name].shown
    assert shown is not None
    train(documented(shown.section), tmp_path)
    trials = recorded_trials(tmp_path)
    assert [trial.name for trial in trials] == shown.trials
    for trial in trials:
        assert (trial.status, trial.upload["folder_path"]) == ("Succeeded", shown.folder)
        assert {metrics_type: trial.steps(metrics_type) for metrics_type in shown.steps} == shown.steps
        assert shown.params.items() <= trial.params.items()


@every()
def test_a_training_has_everything_and_ends_well(tmp_path: Path, name: str, train: Training) -> None:
    train(script(name, plainly(name)), tmp_path)
    trial = recorded_trial(tmp_path)
    adapter = ADAPTERS[name]
    assert (trial.name, trial.status, trial.upload["folder_path"]) == (adapter.name, "Succeeded", adapter.folder)
    assert_points(trial.points, name)
    assert adapter.params.items() <= trial.params.items()


@every("given", "open")
def test_a_given_trial_stays_open_and_takes_several_trainings(tmp_path: Path, name: str, train: Training) -> None:
    code = f"""
trial = aimd.create_trial(trial_name="given")
for _ in range(2):
    train({ADAPTERS[name].given})
print(trial.status)
trial.finish()
"""
    assert train(script(name, code), tmp_path).stdout.splitlines()[-1] == "Running"
    points = recorded_trial(tmp_path).points
    assert_points(points[: len(points) // 2], name)
    assert_points(points[len(points) // 2 :], name)


@every()
def test_an_exception_reaches_the_script_and_fails_what_is_not_yours(
    tmp_path: Path, name: str, train: Training
) -> None:
    adapter = ADAPTERS[name]
    given = f"""
trial = aimd.create_trial(trial_name="given")
try:
    train({adapter.given})
except Exception as error:
    print("\\n" + type(error).__name__, trial.status in ("Initializing", "Running"))
trial.finish()
"""
    done = train.attempt(script(name, f"fails = True\n{given if adapter.given else ''}{plainly(name)}"), tmp_path)
    assert done.returncode == 1
    assert "planted" in done.stderr
    if adapter.given:
        assert f"{adapter.exception} True" in done.stdout.splitlines()
    own = recorded_trials(tmp_path)[-1]
    assert (own.name, own.status) == (adapter.name, "Failed")
    assert yaml.safe_load((own.path / "metadata.yaml").read_text())["_exit"]["exception"] == adapter.exception


@every()
def test_a_job_that_was_killed_and_requeued_goes_on_with_its_trial(tmp_path: Path, name: str, train: Training) -> None:
    job = "os.environ.update(SLURM_JOB_ID='7', SLURM_RESTART_COUNT='{count}')\ndies = {dies}\n"
    killed = train.attempt(script(name, job.format(count=0, dies=True) + plainly(name)), tmp_path)
    assert killed.returncode == -9, killed.stderr
    before = recorded_trial(tmp_path)
    assert before.status == "Running"
    train(script(name, job.format(count=1, dies=False) + plainly(name)), tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == (ADAPTERS[name].name, "Succeeded")
    assert 0 < len(before.points) < len(ADAPTERS[name].points)
    assert trial.points[: len(before.points)] == before.points
    assert_points(trial.points[len(before.points) :], name)
    (segment,) = (trial.path / "segments").read_text().splitlines()
    assert json.loads(segment)["from_step"] == trial.points[0].step


@every()
def test_ranks_other_than_zero_record_nothing(tmp_path: Path, name: str, train: Training) -> None:
    adapter = ADAPTERS[name]
    given = f"trial = aimd.create_trial(trial_name='given')\ntrain({adapter.given})\n" if adapter.given else ""
    own = f"train({adapter.own})\n" if adapter.own else ""
    train(script(name, f"os.environ.update(HOROVOD_RANK='1', HOROVOD_SIZE='2')\n{given}{own}"), tmp_path)
    assert recorded_trials(tmp_path) == []


@every("copied")
def test_what_records_may_be_copied_and_stays_with_its_trial(tmp_path: Path, name: str, train: Training) -> None:
    adapter = ADAPTERS[name]
    made = adapter.own if adapter.given else ""
    code = f"""
trial = aimd.create_trial(trial_name="given")
recorders = [{"".join(f"{recorder}, " for recorder in (adapter.given, made) if recorder)}{adapter.more}]
{COPIES}
if {bool(adapter.given)}:
    train(pickle.loads(pickle.dumps(recorders[0])))
trial.finish()
"""
    train(script(name, code), tmp_path)
    (trial,) = (trial for trial in recorded_trials(tmp_path) if trial.name == "given")
    if adapter.given:
        assert_points(trial.points, name)


@every()
def test_a_point_is_one_write_of_few_calls_that_opens_and_loads_nothing(
    tmp_path: Path, name: str, train: Training
) -> None:
    report = "\nprofile.disable()\nprint(json.dumps([marks, files]))\n"
    done = train(script(name, METER + plainly(name) + report), tmp_path)
    marks, files = json.loads(done.stdout.splitlines()[-1])
    points = recorded_trial(tmp_path).points
    assert len(marks) == len(points) == len(ADAPTERS[name].points)
    (opened, loaded, called, batches), last = marks[1], marks[-1]
    assert files[opened : last[0]] == []
    assert loaded == last[1]
    calls = {function: count - called.get(function, 0) for function, count in last[2].items()}
    assert sum(calls.values()) <= MOST_CALLS * (len(points) - 2) + last[3] - batches, calls


@pytest.mark.parametrize(
    ("name", "promise"), [(name, promise) for name, adapter in ADAPTERS.items() for promise in adapter.lacks]
)
def test_a_framework_still_cannot_do_what_its_adapter_says(
    tmp_path: Path, name: str, promise: str, train: Training
) -> None:
    lack = ADAPTERS[name].lacks[promise]
    assert len(lack.reason.split()) > 3
    train(script(name, f"assert {lack.proof}"), tmp_path)
