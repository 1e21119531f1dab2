"""Describes how training is distributed, from the framework's own object, without importing any framework."""

from __future__ import annotations

from aimd_core.language import spoken

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any


def describe_distribution(tf_strategy: Any, torch_model: Any, hvd: Any) -> dict[str, object]:
    """Return `api`, `policy` and `config` of exactly one of the three. Arguments and errors as `Params.parse`."""
    given = [
        (describe, value)
        for describe, value in ((_tensorflow, tf_strategy), (_torch, torch_model), (_horovod, hvd))
        if value is not None
    ]
    if len(given) != 1:
        raise TypeError(spoken("give exactly one of dist_tf_strategy, dist_torch_model and dist_hvd"))
    describe, value = given[0]
    return describe(value)


def _tensorflow(strategy: Any) -> dict[str, object]:
    if not hasattr(strategy, "num_replicas_in_sync"):
        raise TypeError(
            spoken("dist_tf_strategy must be a tf.distribute.Strategy, not {kind}", kind=type(strategy).__name__)
        )
    config: dict[str, object] = {"num_replicas_in_sync": int(strategy.num_replicas_in_sync)}
    devices = getattr(getattr(strategy, "extended", None), "worker_devices", None)
    if devices:
        config["worker_devices"] = [str(device) for device in devices]
    return {"api": "tf.distribute", "policy": type(strategy).__name__, "config": config}


def _torch(model: Any) -> dict[str, object]:
    policy = type(model).__name__
    if policy not in ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel"):
        raise TypeError(
            spoken("dist_torch_model must be a DataParallel or DistributedDataParallel, not {kind}", kind=policy)
        )
    devices = getattr(model, "device_ids", None)
    config: dict[str, object] = {"device_ids": [str(device) for device in devices]} if devices else {}
    group = getattr(model, "process_group", None)
    if group is not None:
        config["world_size"] = int(group.size())
    return {"api": "torch.nn.parallel", "policy": policy, "config": config}


def _horovod(hvd: Any) -> dict[str, object]:
    if not hasattr(hvd, "size") or not hasattr(hvd, "local_size"):
        raise TypeError(spoken("dist_hvd must be a horovod module, not {kind}", kind=type(hvd).__name__))
    config: dict[str, object] = {"size": int(hvd.size()), "local_size": int(hvd.local_size())}
    return {"api": "horovod", "policy": getattr(hvd, "__name__", "horovod"), "config": config}
