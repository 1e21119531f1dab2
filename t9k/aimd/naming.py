"""Splits metric names into type and name, by one rule for all frameworks: `val_loss` is the loss of type val.

split_name("val_loss")                           -> ("val", "loss")
split_name("Loss/train")                         -> ("train", "Loss")
split_name("eval_loss", aliases={"eval": "val"}) -> ("val", "loss")
split_name("learning_rate")                      -> ("train", "learning_rate")
"""

from __future__ import annotations

from collections.abc import Mapping

from aimd_core.format.model import standard_type
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

OTHER_TYPE = "train"  # of a name without one
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
# For frameworks that call the validation set `eval`; otherwise the trial format takes that for a test.
EVAL_IS_VAL: Mapping[str, str] = {"eval": "val", "evaluation": "val"}
_NO_ALIASES: Mapping[str, str] = {}


def split_name(name: str, default: str = OTHER_TYPE, aliases: Mapping[str, str] = _NO_ALIASES) -> tuple[str, str]:
    """Split a framework's metric name.

    Args:
        name: Such as `val_loss`, `val/loss` or `Loss/val`; the case of the type does not matter.
        default: The type of a name without one; such a name stays whole.
        aliases: More words for a type.

    Returns:
        The metrics type and the metric's name, neither of them empty.
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


def split_tag(tag: str, aliases: Mapping[str, str] = _NO_ALIASES) -> tuple[str, str]:
    """Split a name whose part before the first slash is a type, if it has none of the usual types: `charts/return`."""
    metrics_type, name = split_name(tag, "", aliases)
    if metrics_type:
        return metrics_type, name
    head, _, rest = tag.partition("/")
    return (head, rest) if head and rest else (OTHER_TYPE, tag)


def _known_type(word: str, aliases: Mapping[str, str]) -> str | None:
    word = word.lower()
    return aliases.get(word) or _TYPES.get(word)


def dataset_type(dataset: str, given: Mapping[str, str] | None = None) -> str:
    """Return the metrics type of a boosting library's data set.

    Args:
        dataset: Such as `training`, `eval` or `valid_1`; an unknown name is a type of its own.
        given: Types by data set, which override the names.
    """
    if given and dataset in given:
        return given[dataset]
    return _known_type(dataset, EVAL_IS_VAL) or standard_type(dataset)


def group_metrics(
    metrics: Mapping[str, Any], default: str = "train", aliases: Mapping[str, str] = _NO_ALIASES
) -> dict[str, dict[str, Any]]:
    """Return metrics by type, then by name, without anything that is not a number. Arguments as for `split_name`."""
    groups: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        if is_number(value):
            metrics_type, metric = split_name(str(name), default, aliases)
            groups.setdefault(metrics_type, {})[metric] = value
    return groups


def is_number(value: Any) -> bool:
    """Tell whether a value can be a metric: a number, or an array or tensor of one element."""
    try:
        as_float("", value)
    except TypeError:
        return False
    return True
