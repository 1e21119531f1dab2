"""Guesses from a metric's name whether less or more is better; the user can always override it."""

from __future__ import annotations

import re

LOWER, HIGHER = "min", "max"
_LOWER_NAMES = """
loss error err rmse mse mae mape msle nll ppl perplexity wer cer ter fid kid lpips eer brier bpb bpd bpc
entropy crossentropy logloss divergence kl regret latency
"""
_HIGHER_NAMES = """
acc accuracy f1 fbeta auc auroc auprc ap map precision recall sensitivity specificity iou miou dice jaccard kappa
mcc bleu rouge meteor chrf psnr ssim r2 score reward return ndcg mrr top hit hits em success throughput
correlation pearson spearman
"""
_LOWER = frozenset(_LOWER_NAMES.split())
_HIGHER = frozenset(_HIGHER_NAMES.split())
_WORD = re.compile(r"[a-z]+[0-9]*")


def direction_of(metric: str) -> str | None:
    """Return `min` if less of a metric is better, `max` if more is, None if its name does not tell.

    The last telling word counts: `acc_error` is an error.
    """
    for word in reversed(_WORD.findall(metric.lower())):
        stem = word.rstrip("0123456789")  # mAP50, top5
        if {word, stem} & _LOWER or stem.endswith(("loss", "error", "entropy")):
            return LOWER
        if {word, stem} & _HIGHER or stem.endswith(("accuracy", "acc", "score")):
            return HIGHER
    return None


def best_of(values: list[float | None], direction: str | None) -> frozenset[int]:
    """Return the indexes of the best values: none if there is nothing to choose from.

    That is so if the direction is unknown, if fewer than two have a value, and if all of several are equal.
    """
    finite = {number: value for number, value in enumerate(values) if value is not None and value - value == 0.0}
    are_alike = len(finite) > 1 and len(set(finite.values())) == 1
    if direction is None or not finite or are_alike or sum(value is not None for value in values) < 2:
        return frozenset()
    chosen = min(finite.values()) if direction == LOWER else max(finite.values())
    return frozenset(number for number, value in finite.items() if value == chosen)
