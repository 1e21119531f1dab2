from pathlib import Path

import pytest

from t9k import aimd
from t9k.aimd.tensorboard import SummaryWriter
from tests.sdk.integrations.recorded import documented, recorded_trial, recorded_trials, require_framework, run_training


def test_the_documented_script_records_scalars_and_hyperparameters(tmp_path: Path) -> None:
    check = "\nimport sys\nassert not {'torch', 'tensorboard', 'tensorboardX', 'numpy'} & set(sys.modules)\n"
    run_training(documented("TensorBoard") + check, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("digits", "Succeeded", "runs")
    assert trial.params == {"lr": 0.1, "batch": 32}
    assert trial.types == {"train", "val", "hparam"}
    assert trial.steps("val") == [1, 2, 3]
    assert trial.series("train", "Loss")[0] == pytest.approx(0.36788, abs=1e-5)
    assert trial.series("train", "accuracy") == [0.9, 0.99, 0.999]
    assert trial.series("hparam", "accuracy") == [0.99]


def test_everything_that_the_real_writer_has_is_taken(work: Path) -> None:
    require_framework("torch", "tensorboard")
    code = """
    from torch.utils.tensorboard import SummaryWriter as Real
    import inspect
    from t9k.aimd.tensorboard import SummaryWriter
    writer = SummaryWriter()
    for name, method in inspect.getmembers(Real, inspect.isfunction):
        if not name.startswith("_"):
            ours = getattr(writer, name)
            if name in SummaryWriter.__dict__:
                wanted, given = inspect.signature(method).parameters, inspect.signature(ours).parameters
                assert list(wanted)[1:] == list(given), name
    print(*inspect.signature(Real).parameters)
    """
    done = run_training(code, work)
    assert done.stdout.split() == ["log_dir", "comment", "purge_step", "max_queue", "flush_secs", "filename_suffix"]


@pytest.mark.parametrize(
    ("log_dir", "name", "folder"),
    [
        (None, "run-second", "runs"),
        ("exp", "exp", None),
        ("runs/cnn/exp1/", "exp1", "runs/cnn"),
        ("../logs/exp", "exp", "logs"),
        ("/var/logs/exp", "exp", None),
        (".", "run", None),
    ],
)
def test_the_log_directory_becomes_name_and_folder(work: Path, log_dir: str | None, name: str, folder: str) -> None:
    SummaryWriter(log_dir, comment="-second").close()
    trial = recorded_trial(work)
    assert (trial.name, trial.upload["folder_path"]) == (name, folder)


def test_tags_become_types_and_names(work: Path) -> None:
    with SummaryWriter("t") as writer:
        writer.add_scalar("Loss/train", 1, 5)
        writer.add_scalar("val_loss", 2.0, 5, walltime=1.0, new_style=True)
        writer.add_scalar("charts/return/mean", 3.0, 5)
        writer.add_scalar("lr", 4.0, 5)
        writer.add_scalars("waves", {"sine": 5.0, "cosine": 6.0}, 5)
    assert [tuple(point) for point in recorded_trial(work).points] == [
        ("train", 5, None, {"Loss": 1.0}),
        ("val", 5, None, {"loss": 2.0}),
        ("charts", 5, None, {"return/mean": 3.0}),
        ("train", 5, None, {"lr": 4.0}),
        ("waves", 5, None, {"sine": 5.0, "cosine": 6.0}),
    ]


def test_a_tag_without_steps_counts_by_itself(work: Path) -> None:
    with SummaryWriter("t") as writer:
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
            writer.add_scalar("b", value, global_step=None)
    assert recorded_trial(work).steps("train") == [0, 0, 1, 1]


def test_what_a_trial_cannot_hold_is_dropped_and_told_of_once(work: Path) -> None:
    writer = SummaryWriter("t")
    with pytest.warns(UserWarning, match="add_image: trials record numbers and parameters only") as told:
        writer.add_image("picture", object(), 1)
    assert told[0].filename == __file__
    writer.add_image("picture", object(), 2)  # a second warning would be an error here
    with pytest.warns(UserWarning, match="add_histogram"):
        writer.add_histogram("h", [1, 2])
    with pytest.raises(AttributeError, match="add_nonsense"):
        _ = writer.add_nonsense
    assert recorded_trial(work).points == []


def test_an_exception_fails_the_trial_and_a_closed_writer_still_records(work: Path) -> None:
    with pytest.raises(ZeroDivisionError), SummaryWriter("failed") as writer:
        writer.add_scalar("a", 1 / 0, 1)
    closed = SummaryWriter("late")
    closed.close()
    closed.add_scalar("test/a", 1.0, 1)
    failed, late = recorded_trials(work)
    assert (failed.status, late.status) == ("Failed", "Succeeded")
    assert late.series("test", "a") == [1.0]


def test_a_lent_trial_stays_open(work: Path) -> None:
    trial = aimd.create_trial(trial_name="t")
    with SummaryWriter("elsewhere", trial=trial) as writer:
        writer.add_scalar("a", 1.0, 1)
        assert writer.log_dir == writer.get_logdir() == str(trial.path)
        writer.flush()
    assert writer.trial is trial
    assert trial.status == "Running"
    trial.finish()


def test_a_purge_step_goes_on_with_the_trial_of_that_name(work: Path) -> None:
    with SummaryWriter("runs/exp") as writer:
        for step in range(5):
            writer.add_scalar("Loss/train", float(step), step)
    with SummaryWriter("runs/exp", purge_step=3) as again:
        again.add_scalar("Loss/train", 30.0, 3)
    assert again.trial.path == writer.trial.path
    assert [point["train.Loss"] for point in again.trial.history()] == [0.0, 1.0, 2.0, 30.0]
    assert len(again.trial.history(all_segments=True)) == 6


def test_a_purge_step_without_an_earlier_trial_of_that_name_makes_one(work: Path) -> None:
    SummaryWriter("runs/other").close()
    writer = SummaryWriter("runs/exp", purge_step=3)
    writer.add_scalar("Loss/train", 1.0, 3)
    writer.close()
    assert (writer.trial.name, len(writer.trial.history())) == ("exp", 1)


def test_a_purge_step_beside_a_trial_goes_back_in_it(work: Path) -> None:
    trial = aimd.create_trial(trial_name="own")
    trial.log("train", {"Loss": 1.0}, step=3)
    SummaryWriter(trial=trial, purge_step=3).add_scalar("Loss/train", 2.0, 3)
    assert [point["train.Loss"] for point in trial.history()] == [2.0]
    trial.finish()


def test_a_purge_step_looks_where_trials_are_recorded(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIMD_DIR", str(tmp_path / "elsewhere"))
    with SummaryWriter("runs/exp") as writer:
        writer.add_scalar("Loss/train", 1.0, 3)
    with SummaryWriter("runs/exp", purge_step=3) as again:
        again.add_scalar("Loss/train", 2.0, 3)
    assert again.trial.path == writer.trial.path
