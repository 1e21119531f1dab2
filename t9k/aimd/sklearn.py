"""Records the fit of a scikit-learn estimator that supports callbacks (scikit-learn 1.9 and later).

    model = LogisticRegression().set_callbacks(AIMDCallback(trial, scoring="accuracy", validation=(x_val, y_val)))
    model.fit(x, y)

Each iteration is a step, scored on its training data (type `train`) and on validation data (type `val`). In a search
such as GridSearchCV each candidate is a step. The estimator's parameters become the trial's. Importing this module
loads nothing, because callbacks are a protocol there, not a base class.
"""

from __future__ import annotations

from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_MEAN, _DEVIATION = "mean_", "std_"


class AIMDCallback:
    """Follows scikit-learn's `FitCallback` protocol. It does not end the trial.

    Set it on the estimator whose iterations count, which may be the last step of a pipeline, or on a search. The fits
    of a search's candidates are not recorded individually.
    """

    def __init__(
        self,
        trial: Trial,
        scoring: str | Sequence[str] | Mapping[str, Any] | Callable[..., Any] | None = None,
        validation: tuple[Any, Any] | None = None,
    ) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            scoring: What to measure, in scikit-learn's form; by default the estimator's own score.
            validation: Held-out data and targets, in the form that the estimator is fitted on.
        """
        self.trial: Trial | None = trial
        self._scoring = scoring
        self._validation = validation
        self._scorer: Any = None
        self._recorded = 0

    def setup(self, estimator: Any, context: Any) -> None:
        """Set parameters from the estimator."""
        if self._is_recorded(context):
            assert self.trial is not None
            self._recorded, self._scorer = 0, None
            name = type(estimator).__name__
            record_settings(self.trial, {"estimator": name, **estimator.get_params(deep=False)})

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: there is no result yet."""

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,  # noqa: N803  the protocol's name
        y: Any = None,
        metadata: Mapping[str, Any] | None = None,
        fitted_estimator: Any = None,
    ) -> None:
        """Record an iteration, or the candidates of a search. Never stops training."""
        if not self._is_recorded(context):
            return
        if context.parent is None and hasattr(estimator, "cv_results_"):
            self._record_search(estimator)
        is_iteration = context.max_subtasks == 0 and context.source_task_name is None and context.parent is not None
        # the whole fit ends with its last iteration's result, so it counts only if there were no iterations
        if fitted_estimator is not None and (is_iteration or self._recorded == 0):
            self._record_scores(fitted_estimator, X, y, metadata or {})

    def _is_recorded(self, context: Any) -> bool:
        """Tell whether a task is an iteration that counts as a step, not one of several in parallel."""
        if self.trial is None:
            return False
        while context.parent is not None:
            if not context.parent.sequential_subtasks:
                return False
            context = context.parent
        return True

    def _record_scores(self, fitted: Any, data: Any, targets: Any, metadata: Mapping[str, Any]) -> None:
        assert self.trial is not None
        scored = {}
        if data is not None and targets is not None:
            scored["train"] = self._score(fitted, data, targets, metadata)
        if self._validation is not None:
            scored["val"] = self._score(fitted, *self._validation, {})
        self._recorded += 1
        for metrics_type, scores in scored.items():
            if scores:
                self.trial.log(metrics_type, scores, step=self._recorded)

    def _score(self, fitted: Any, data: Any, targets: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
        if not hasattr(fitted, "score") and self._scoring is None:
            return {}  # a transformer
        if self._scorer is None:
            from sklearn.metrics import check_scoring

            self._scorer = check_scoring(fitted, self._scoring)
        scores = self._scorer(fitted, data, targets, **metadata)
        return scores if isinstance(scores, dict) else {self._metric_name(): scores}

    def _metric_name(self) -> str:
        return self._scoring if isinstance(self._scoring, str) else "score"

    def _record_search(self, search: Any) -> None:
        """Record each candidate as a step: mean and standard deviation over the splits."""
        assert self.trial is not None
        results = search.cv_results_
        columns = {name: column for name, column in results.items() if name.startswith((_MEAN, _DEVIATION))}
        for number in range(len(results["params"])):
            groups: dict[str, dict[str, Any]] = {"train": {}, "val": {}}
            for name, column in columns.items():
                statistic, split, metric = name.split("_", 2)  # such as mean_test_score, mean_fit_time
                if split in ("train", "test"):
                    shown = metric if statistic == "mean" else f"{metric}_std"
                    groups["train" if split == "train" else "val"][shown] = column[number]
            for metrics_type, metrics in groups.items():
                if metrics:
                    self.trial.log(metrics_type, metrics, step=number + 1)
        best = {"best_params": search.best_params_} if hasattr(search, "best_params_") else {}
        record_settings(self.trial, {"candidates": results["params"], **best})

    def __getstate__(self) -> dict[str, Any]:
        """Leave the trial out: a search's copy in another process records nothing."""
        return {**self.__dict__, "trial": None, "_scorer": None}
