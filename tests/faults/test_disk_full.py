"""R3 on a disk that is really full: a small tmpfs in a mount name space of its own."""

from __future__ import annotations

import re
import subprocess
from ast import literal_eval
from pathlib import Path

import pytest

from aimd_core.format.journal import Damage, open_regular, read_records
from aimd_core.reading.documents import Trial
from tests.conftest import Account
from tests.support.parts import can_mount, require_part
from tests.support.scripts import run_script

MOUNT = 'mount -t tmpfs -o size=128k tmpfs full && cd full && exec "$0" "$@"'
FILL = """
import os, shutil, sys
from t9k import aimd
{plant}
def fill():
    filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(filler, b"x" * 4096):
            pass
    except OSError:
        os.close(filler)

trial = aimd.create_trial(trial_name="a", trial_params={{"lr": 0.1}})
for step in range(100):
    trial.log("train", {{"loss": step * 0.5}}, step=step)
fill()
trial.params.lr = 0.2
for step in range(100, 300):
    trial.log("train", {{"loss": step * 0.5}}, step=step)
{then}
for step in range(300, 400):
    trial.log("train", {{"loss": step * 0.5}}, step=step)
trial.finish()
shutil.copytree(trial.path, "../left")
sys.exit(7)
"""
BELIEVES_SHORT_WRITES = """
from aimd_core.format.journal import JournalWriter
JournalWriter._finish_short_write = lambda self, record, done: None
JournalWriter.count = lambda self: (self.written, 0)
"""


def train(place: Path, then: str = "", plant: str = "") -> subprocess.CompletedProcess[str]:
    require_part("a mount name space", can_mount())
    (place / "full").mkdir()
    return run_script(FILL.format(then=then, plant=plant), place, wrapper=("unshare", "-rm", "sh", "-c", MOUNT))


def steps_on_disk(place: Path) -> tuple[list[int], Damage]:
    damage = Damage()
    with open_regular(place / "left" / "metrics") as file:
        return [record["train"]["sequence"]["step"] for record in read_records(file, damage)], damage


def receipt(stderr: str) -> tuple[int, int]:
    found = re.search(r"logged (\d+), on disk (\d+)", stderr)
    assert found, stderr
    return int(found[1]), int(found[2])


def test_a_disk_that_is_full_for_a_while_costs_the_points_of_that_while_only(tmp_path: Path) -> None:
    done = train(tmp_path, then="os.remove('filler')")
    assert done.returncode == 7, done.stderr
    steps, damage = steps_on_disk(tmp_path)
    assert set(range(100)) | set(range(300, 400)) <= set(steps)
    assert steps == sorted(set(steps))
    assert damage.lines <= 1, "the record that was cut"
    assert receipt(done.stderr) == (400, len(steps))
    assert done.stderr.count("WARNING") == done.stderr.count("No space left on device") == 1
    trial = Trial(tmp_path / "left")
    assert (trial.status, trial.parameters) == ("Succeeded", {"lr": 0.2})


def test_a_disk_that_stays_full_breaks_no_training_and_nothing_that_was_saved(tmp_path: Path) -> None:
    done = train(tmp_path)
    assert done.returncode == 7, done.stderr
    steps, damage = steps_on_disk(tmp_path)
    assert steps == list(range(len(steps)))
    assert 100 <= len(steps) < 300
    assert damage.lines == 0, "a cut record at the end is a torn tail"
    assert receipt(done.stderr) == (400, len(steps))
    assert done.stderr.count("WARNING") == 1
    assert "its status or parameters could not be saved" in done.stderr
    trial = Trial(tmp_path / "left")
    assert (trial.status, trial.parameters, trial.damage) == ("Running", {"lr": 0.1}, [])


def test_the_harness_catches_a_receipt_that_believes_short_writes(tmp_path: Path) -> None:
    done = train(tmp_path, then="os.remove('filler')", plant=BELIEVES_SHORT_WRITES)
    steps, _ = steps_on_disk(tmp_path)
    assert receipt(done.stderr)[1] > len(steps)


@pytest.mark.parametrize("size_bytes", [1, 150, 1000, 4097])
def test_a_file_size_limit_breaks_no_training(size_bytes: int, tmp_path: Path) -> None:
    done = run_script(
        """
        import resource, sys
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {"loss": 0.0}, step=0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
        for step in range(1, 100):
            trial.log("train", {"loss": step * 0.5}, step=step)
        resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
        for step in range(100, 110):
            trial.log("train", {"loss": step * 0.5}, step=step)
        trial.finish()
        print(trial.path)
        sys.exit(7)
        """,
        tmp_path,
        str(size_bytes),
    )
    assert done.returncode == 7, done.stderr
    (tmp_path / "left").symlink_to(done.stdout.strip())
    steps, damage = steps_on_disk(tmp_path)
    assert [0, *range(100, 110)] == [step for step in steps if step == 0 or step >= 100]
    assert receipt(done.stderr) == (110, len(steps))
    assert damage.lines <= 1
    assert done.stderr.count("WARNING") == 1


SAVE_FILL = """
import os, sys
from t9k import aimd
trial = aimd.create_trial(trial_name="a", capture_output=False)
os.makedirs("../sources", exist_ok=True)
for name, size in (("small", 900), ("large", 9000), ("huge", 300_000)):
    with open(f"../sources/{{name}}", "wb") as file:
        file.write(name.encode() * (size // len(name)))
filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
try:
    while os.write(filler, b"x" * 4096):
        pass
except OSError:
    pass
{plant}
full = [trial.save(f"../sources/{{name}}") for name in ("small", "large", "huge")]
left = sorted(os.listdir(trial.path / "files")) if (trial.path / "files").exists() else []
os.ftruncate(filler, 0)
freed = [trial.save(f"../sources/{{name}}") for name in ("small", "large", "huge")]
whole = {{}}
for name in left:
    with open(f"../sources/{{name}}", "rb") as file:
        whole[name] = (trial.path / "files" / name).read_bytes() == file.read()
trial.log("train", {{"loss": 0.5}}, step=1)
trial.finish()
unfinished = os.listdir(".aimd/objects/new") if os.path.exists(".aimd/objects/new") else []
print(repr((full, freed, whole, unfinished)))
"""
WRITES_IN_PLACE = """
from pathlib import Path
from aimd_core.objects.adding import Adding
from aimd_core.objects.copying import Stored
def take(self, source, target=None, follows=False):
    content = Path(source).read_bytes()
    with open(target, "wb", 0) as file:
        file.write(content[:50])
        file.write(content[50:])
    return Stored("0" * 64, len(content))
Adding.take = take
"""


def save_on_a_full_disk(
    place: Path, plant: str = ""
) -> tuple[list[list[str]], list[list[str]], dict[str, bool], list[str]]:
    require_part("a mount name space", can_mount())
    (place / "full").mkdir()
    ran = run_script(SAVE_FILL.format(plant=plant), place, wrapper=("unshare", "-rm", "sh", "-c", MOUNT))
    assert ran.returncode == 0, ran.stderr
    outcome: tuple[list[list[str]], list[list[str]], dict[str, bool], list[str]] = literal_eval(ran.stdout)
    return outcome


def test_a_file_that_does_not_fit_is_not_saved_and_leaves_nothing(tmp_path: Path) -> None:
    full, freed, whole, unfinished = save_on_a_full_disk(tmp_path)
    assert (full, unfinished, all(whole.values())) == ([[], [], []], [], True)
    assert freed[:2] == [["small"], ["large"]]
    assert freed[2] == []  # which is larger than the disk


def test_the_harness_catches_a_save_that_leaves_half_a_file(tmp_path: Path) -> None:
    _, _, whole, _ = save_on_a_full_disk(tmp_path, WRITES_IN_PLACE)
    assert not all(whole.values())


CHECKPOINT_FILL = """
import os
from t9k import aimd
{plant}
trial = aimd.create_trial(trial_name="a", capture_output=False)
def keep(step, acc):
    with open("../weights", "wb") as file:
        file.write(b"%05d" % step * 2000)
    return trial.checkpoint("../weights", step, {{"val.acc": acc}}, keep="best(val.acc):1, last:1") is not None
before = [keep(step, acc) for step, acc in enumerate((0.1, 0.9, 0.5))]
filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
try:
    while os.write(filler, b"x" * 4096):
        pass
except OSError:
    pass
full = [keep(step, acc) for step, acc in ((3, 0.95), (4, 0.2))]
def whole():
    rows = [(kept.step, kept.aliases, kept.path.read_bytes()) for kept in trial.checkpoints]
    return [(step, aliases, content == b"%05d" % step * 2000) for step, aliases, content in rows]
left = whole()
os.ftruncate(filler, 0)
freed = [keep(step, acc) for step, acc in ((5, 0.99), (6, 0.3))]
names = [name for _, _, names in os.walk(".aimd/artifacts") for name in names if "partial" in name]
trial.finish()
print(repr((before, full, left, freed, whole(), names)))
"""
UPLOAD_FILL = """
import os, sys
from t9k import aimd
aimd.login(*sys.argv[1:])
with open("../weights", "wb") as file:
    file.write(b"w" * 5000)
with aimd.create_trial(trial_name="a", capture_output=False) as trial:
    model = aimd.create_artifact("model", "model")
    model.add_file("../weights")
    trial.mark_output(model)
filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
try:
    while os.write(filler, b"x" * 4096):
        pass
except OSError:
    pass
uploaded = trial.upload()
full = [(kind, "No space left" in str(reason)) for _, reason, kind in uploaded.refusals]
os.ftruncate(filler, 0)
print(repr((full, trial.upload().refusals, model.is_open)))
"""
LETS_GO_FIRST = """
from t9k.aimd import checkpoints
from aimd_core.format.artifacts import forget_artifact
add = checkpoints.add_checkpoint
def add_checkpoint(trial, trial_id, source, step, metrics):
    for artifact, _ in checkpoints.stored_of(trial):
        forget_artifact(artifact.path)
    return add(trial, trial_id, source, step, metrics)
checkpoints.add_checkpoint = add_checkpoint
"""


def checkpoint_on_a_full_disk(place: Path, plant: str = "") -> list[object]:
    require_part("a mount name space", can_mount())
    (place / "full").mkdir()
    ran = run_script(CHECKPOINT_FILL.format(plant=plant), place, wrapper=("unshare", "-rm", "sh", "-c", MOUNT))
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("WARNING: no checkpoint of step") >= 2, ran.stderr
    return list(literal_eval(ran.stdout))


def test_a_checkpoint_that_does_not_fit_takes_no_other_one_away(tmp_path: Path) -> None:
    before, full, left, freed, at_last, names = checkpoint_on_a_full_disk(tmp_path)
    assert (before, full, freed, names) == ([True] * 3, [False] * 2, [True] * 2, [])
    assert left == [(1, ["best"], True), (2, ["last"], True)]
    assert at_last == [(5, ["best"], True), (6, ["last"], True)]


def test_the_harness_catches_checkpoints_that_are_let_go_before_the_next_one_is_there(tmp_path: Path) -> None:
    left = checkpoint_on_a_full_disk(tmp_path, LETS_GO_FIRST)[2]
    assert left == []


def test_an_artifact_that_could_not_be_noted_on_a_full_disk_is_not_called_refused_by_the_server(
    account: Account, tmp_path: Path
) -> None:
    require_part("a mount name space", can_mount())
    (tmp_path / "full").mkdir()
    wrapper = ("unshare", "-rm", "sh", "-c", MOUNT)
    ran = run_script(UPLOAD_FILL, tmp_path, account.url, account.key, wrapper=wrapper)
    assert ran.returncode == 0, ran.stderr
    assert literal_eval(ran.stdout) == ([("unsent", True)], [], False)
    assert "the server refuses" not in ran.stderr
    assert "No space left on device" in ran.stderr
