from pathlib import Path

import pytest

from aimd_core.reading.media import LocalMedia
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Training, documented, recorded_trial


@pytest.fixture
def train(prepared: Prepared) -> Training:
    return prepared("accelerate")


def test_a_lent_trial_takes_points_without_a_step_and_settings_of_any_kind(tmp_path: Path, train: Training) -> None:
    code = """
    import torch
    from accelerate import Accelerator
    from t9k import aimd
    from t9k.aimd.accelerate import AIMDTracker
    trial = aimd.create_trial(trial_name="t")
    accelerator = Accelerator(cpu=True, log_with=AIMDTracker(trial))
    accelerator.init_trackers("project", config={"model": torch.nn.Linear, "sizes": (1, 2)})
    accelerator.log({"loss": torch.tensor(0.5), "epoch": 0.5, "note": "no number"})
    accelerator.log({"loss": 0.25, "test/accuracy": 1})
    accelerator.end_training()
    """
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.params == {"model": "Linear", "sizes": [1, 2]}
    assert [tuple(point) for point in trial.points] == [
        ("train", 1, None, {"loss": 0.5, "epoch": 0.5}),
        ("train", 2, None, {"loss": 0.25}),
        ("test", 2, None, {"accuracy": 1.0}),
    ]
    assert trial.status == "Succeeded"


def test_of_several_processes_only_the_main_one_makes_a_trial_and_records(tmp_path: Path, train: Training) -> None:
    (tmp_path / "train.py").write_text(
        "from accelerate import Accelerator\n"
        "from t9k.aimd.accelerate import AIMDTracker\n"
        "accelerator = Accelerator(cpu=True, log_with=AIMDTracker(trial_name='t'))\n"
        "assert accelerator.num_processes == 2\n"
        "accelerator.init_trackers('p', config={'lr': 1})\n"
        "accelerator.log({'train_rank': accelerator.process_index}, step=1)\n"
        "accelerator.end_training()\n"
    )
    start = "from torch.distributed.run import main; main(['--nproc-per-node', '2', '--standalone', 'train.py'])"
    train(start, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.series("train", "rank") == [0.0]
    assert trial.status == "Succeeded"


def test_the_documented_launch_needs_no_edit_either(tmp_path: Path, train: Training) -> None:
    (tmp_path / "train.py").write_text(
        "import sys\n"
        "from accelerate import Accelerator\n"
        "accelerator = Accelerator(cpu=True, log_with=sys.argv[sys.argv.index('--report_to') + 1], project_dir='out')\n"
        "accelerator.init_trackers('text2image', config={'lr': 1})\n"
        "accelerator.log({'train_loss': 0.5}, step=1)\n"
        "accelerator.end_training()\n"
    )
    launch = "from accelerate.commands.launch import main; main()"
    train(launch, tmp_path, "--cpu", "-m", "t9k.aimd.autoload", "train.py", "--report_to", "aimd")
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.params) == ("text2image", "Succeeded", {"lr": 1})
    assert trial.series("train", "loss") == [0.5]


def test_log_with_aimd_needs_no_edit(tmp_path: Path, train: Training) -> None:
    code = """
    import t9k.aimd.autoload
    t9k.aimd.autoload.register_integrations()
    from accelerate import Accelerator
    accelerator = Accelerator(cpu=True, log_with="aimd", project_dir="out")
    accelerator.init_trackers("text/to image", config={"lr": 1}, init_kwargs={"aimd": {"folder_path": "f"}})
    accelerator.log({"train_loss": 0.5}, step=3)
    accelerator.end_training()
    """
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("text-to image", "Succeeded", "f")
    assert (trial.params, trial.steps("train")) == ({"lr": 1}, [3])


def test_the_documented_training_of_diffusers_records_its_losses_and_samples(
    tmp_path: Path, prepared: Prepared
) -> None:
    prepared("diffusers")(documented("diffusers"), tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("digits_ddpm", "Succeeded", "digits")
    assert (trial.params, trial.steps("train")) == ({"rate": 0.01}, [1, 2, 3, 4])
    items = LocalMedia(trial.path).items()
    assert [(item.record.kind, item.record.key, item.record.step) for item in items] == [
        ("image", "val/samples", 4)
    ] * 2


def test_pictures_and_tables_are_recorded_as_by_accelerates_own_trackers(tmp_path: Path, train: Training) -> None:
    code = """
    import numpy
    from accelerate import Accelerator
    from t9k.aimd.accelerate import AIMDTracker
    accelerator = Accelerator(cpu=True, log_with=AIMDTracker("t"))
    accelerator.init_trackers("project")
    accelerator.log({"loss": 0.5})
    for tracker in accelerator.trackers:
        tracker.log_images({"samples": [numpy.zeros((4, 4, 3)), numpy.zeros((4, 4))]}, step=7)
        tracker.log_images({"stacked": numpy.zeros((2, 3, 4, 4), "uint8")}, dataformats="NCHW")
        tracker.log_table("answers", columns=["question", "answer"], data=[["why", "because"]])
    accelerator.end_training()
    """
    train(code, tmp_path)
    media = LocalMedia(recorded_trial(tmp_path).path)
    rows = [(item.record.kind, item.record.key, item.record.step) for item in media.items()]
    assert sorted(rows) == [*[("image", "samples", 7)] * 2, *[("image", "stacked", 1)] * 2, ("table", "answers", 1)]
