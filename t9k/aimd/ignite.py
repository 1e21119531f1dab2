"""Records PyTorch Ignite.

    with AIMDLogger("mnist", folder_path="digits") as logger:
        logger.attach_output_handler(trainer, Events.ITERATION_COMPLETED(every=100), tag="training",
                                     output_transform=lambda loss: {"loss": loss})
        logger.attach_output_handler(evaluator, Events.EPOCH_COMPLETED, tag="validation", metric_names="all",
                                     global_step_transform=global_step_from_engine(trainer))
        logger.attach_opt_params_handler(trainer, Events.EPOCH_STARTED, optimizer=optimizer)
        trainer.run(loader, max_epochs=10)

The tag is the type: `training` is `train`, `validation` is `val`.
"""

from __future__ import annotations

from t9k.aimd.frameworks import load_framework
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDLogger", "OptimizerParamsHandler", "OutputHandler"]

_base: Any = load_framework("ignite.handlers.base_logger", "ignite")


class AIMDLogger(_base.BaseLogger):
    """A logger of Ignite whose handlers record into a trial.

    Attributes:
        source: The trial, given or created.
    """

    def __init__(self, trial: Trial | str | None = None, **settings: Any) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`, which is not ended, or the name of one to create.
            **settings: The arguments of `aimd.create_trial` for that one.
        """
        self.source = TrialSource(type(self).__name__, trial, settings)

    @property
    def trial(self) -> Trial:
        """The trial."""
        return self.source.trial

    def close(self) -> None:
        """Finish a trial that was created here."""
        self.source.end()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.end(error)

    def _create_output_handler(self, *arguments: Any, **settings: Any) -> OutputHandler:
        return OutputHandler(*arguments, **settings)

    def _create_opt_params_handler(self, *arguments: Any, **settings: Any) -> OptimizerParamsHandler:
        return OptimizerParamsHandler(*arguments, **settings)


class OutputHandler(_base.BaseOutputHandler):
    """Records an engine's output, metrics and state."""

    def __call__(self, engine: Any, logger: AIMDLogger, event_name: Any) -> None:
        """Record one event."""
        metrics = self._setup_output_metrics_state_attrs(engine, key_tuple=False)
        logger.source.log(metrics, self.global_step_transform(engine, event_name), engine.state.epoch or None)


class OptimizerParamsHandler(_base.BaseOptimizerParamsHandler):
    """Records an optimizer's parameter, by default its learning rate: `lr/group_0`."""

    def __call__(self, engine: Any, logger: AIMDLogger, event_name: Any) -> None:
        """Record one event."""
        tag = f"{self.tag}/" if self.tag else ""
        groups = enumerate(self.optimizer.param_groups)
        values = {f"{tag}{self.param_name}/group_{number}": float(group[self.param_name]) for number, group in groups}
        logger.source.log(values, engine.state.get_event_attrib_value(event_name), engine.state.epoch or None)
