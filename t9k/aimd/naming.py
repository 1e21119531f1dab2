"""Reads a metrics type out of a framework's metric names: `val_loss` is the loss of type val. One rule for all of them.

split_name("val_loss")                           -> ("val", "loss")
split_name("Loss/train")                         -> ("train", "Loss")
split_name("eval_loss", aliases={"eval": "val"}) -> ("val", "loss")
split_name("learning_rate")                      -> ("train", "learning_rate")
"""

from __future__ import annotations

from collections.abc import Mapping

from aimd_core.format.model import standard_type
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import Any

_TYPES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
# Where `eval` is the framework's word for the validation set; elsewhere the trial format takes it for a test.
EVAL_IS_VAL: Mapping[str, str] = {"eval": "val", "evaluation": "val"}
_NO_ALIASES: Mapping[str, str] = {}


def split_name(name: str, default: str = "train", aliases: Mapping[str, str] = _NO_ALIASES) -> tuple[str, str]:
    """Split a framework's metric name.

    Args:
        name: Such as `val_loss`, `val/loss` or `Loss/val`; capitals do not matter in the part that is a type.
        default: The type of a name that holds none; such a name stays whole.
        aliases: More words for a type.

    Returns:
        The metrics type and the metric's name in it, neither of them empty.
    """
    for separator in ("/", "_"):
        head, _, rest = name.partition(separator)
        metrics_type = _known_type(head, aliases)
        if metrics_type and rest:
            return metrics_type, rest
    front, _, tail = name.rpartition("/")
    metrics_type = _known_type(tail, aliases)
    if metrics_type and front:
        return metrics_type, front
    return default, name


def _known_type(word: str, aliases: Mapping[str, str]) -> str | None:
    word = word.lower()
    return aliases.get(word) or _TYPES.get(word)


def dataset_type(dataset: str, given: Mapping[str, str] | None = None) -> str:
    """Return the metrics type of a data set by the name that a boosting library has for it.

    Args:
        dataset: Such as `training`, `eval` or `valid_1`; an unknown name is a type of its own.
        given: Types by data set, where the names say too little; they win.
    """
    if given and dataset in given:
        return given[dataset]
    return _known_type(dataset, EVAL_IS_VAL) or standard_type(dataset)


def group_metrics(
    metrics: Mapping[str, Any], default: str = "train", aliases: Mapping[str, str] = _NO_ALIASES
) -> dict[str, dict[str, Any]]:
    """Return metrics by type, then by name, without what is no number. Arguments as `split_name`."""
    groups: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        if is_number(value):
            metrics_type, metric = split_name(str(name), default, aliases)
            groups.setdefault(metrics_type, {})[metric] = value
    return groups


def is_number(value: Any) -> bool:
    """Tell whether a metric can hold a value: a number, or an array or tensor of one element."""
    try:
        as_float("", value)
    except TypeError:
        return False
    return True
