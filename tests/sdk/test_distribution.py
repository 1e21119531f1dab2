from __future__ import annotations

from types import SimpleNamespace

import pytest

from aimd_core.reading.documents import Trial
from t9k import aimd


class MirroredStrategy:
    num_replicas_in_sync = 2
    extended = SimpleNamespace(worker_devices=("/gpu:0", "/gpu:1"))


class DistributedDataParallel:
    device_ids = (0,)
    process_group = SimpleNamespace(size=lambda: 4)


HOROVOD = SimpleNamespace(size=lambda: 8, local_size=lambda: 4, __name__="horovod.torch")


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        (
            {"dist_tf_strategy": MirroredStrategy()},
            {
                "api": "tf.distribute",
                "policy": "MirroredStrategy",
                "config": {"num_replicas_in_sync": 2, "worker_devices": ["/gpu:0", "/gpu:1"]},
            },
        ),
        (
            {"dist_torch_model": DistributedDataParallel()},
            {
                "api": "torch.nn.parallel",
                "policy": "DistributedDataParallel",
                "config": {"device_ids": ["0"], "world_size": 4},
            },
        ),
        (
            {"dist_hvd": HOROVOD},
            {"api": "horovod", "policy": "horovod.torch", "config": {"size": 8, "local_size": 4}},
        ),
    ],
)
def test_the_way_a_training_is_distributed_becomes_a_parameter(
    given: dict[str, object], recorded: dict[str, object]
) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.params.parse(**given)
    assert Trial(trial.path).parameters == {"distribution": recorded}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"dist_tf_strategy": MirroredStrategy(), "dist_hvd": HOROVOD},
        {"dist_torch_model": object()},
        {"dist_tf_strategy": object()},
        {"dist_hvd": object()},
    ],
)
def test_what_is_none_of_these_is_a_type_error_and_changes_nothing(given: dict[str, object]) -> None:
    trial = aimd.create_trial(trial_name="a", trial_params={"lr": 0.1})
    with pytest.raises(TypeError, match="dist_"):
        trial.params.parse(**given)
    assert trial.params.as_dict() == {"lr": 0.1}
