"""Records Stable-Baselines3.

    model.learn(10_000, callback=AIMDCallback("ppo_cartpole", folder_path="rl"))

All that the agent's logger records becomes points: `rollout/ep_rew_mean` is the metric `ep_rew_mean` of type `rollout`.
The step is the number of time steps. The algorithm and its settings become parameters.
"""

from __future__ import annotations

from t9k.aimd.frameworks import load_framework
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback", "AIMDOutputFormat"]

_logger: Any = load_framework("stable_baselines3.common.logger", "stable-baselines3")
_callbacks: Any = load_framework("stable_baselines3.common.callbacks", "stable-baselines3")
_NOT_SETTINGS = ("num_timesteps", "start_time", "verbose")  # of the attributes of an algorithm


class AIMDOutputFormat(_logger.KVWriter):
    """An output of the agent's logger, beside its console and its files."""

    def __init__(self, trial: Trial | str | None = None, **settings: Any) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`, which is not ended, or the name of one to create.
            **settings: The arguments of `aimd.create_trial` for that one.
        """
        self.source = TrialSource(type(self).__name__, trial, settings)

    def write(self, key_values: Mapping[str, Any], key_excluded: Mapping[str, Any], step: int = 0) -> None:
        """Record what is a number and is not excluded from `aimd`; hyperparameters become parameters."""
        values = {key: value for key, value in key_values.items() if "aimd" not in (key_excluded.get(key) or ())}
        for value in values.values():
            if isinstance(value, _logger.HParam):
                record_settings(self.source.trial, value.hparam_dict)
        self.source.log(values, step)

    def close(self) -> None:
        """Finish a trial that was created here."""
        self.source.end()


class AIMDCallback(_callbacks.BaseCallback):
    """Adds an `AIMDOutputFormat` to the agent's logger while it learns, and sets parameters."""

    def __init__(self, trial: Trial | str | None = None, **settings: Any) -> None:
        """Record into a trial. Arguments as `AIMDOutputFormat`."""
        super().__init__()
        self._format = AIMDOutputFormat(trial, **settings)

    def _on_training_start(self) -> None:
        attributes = vars(self.model).items()
        numbers = {name: value for name, value in attributes if isinstance(value, (bool, int, float, str))}
        settings = {name: value for name, value in numbers.items() if name[0] != "_" and name not in _NOT_SETTINGS}
        record_settings(self._format.source.trial, {"algorithm": type(self.model).__name__, **settings})
        self.logger.output_formats.append(self._format)

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self.logger.dump(self.num_timesteps)  # what has been recorded since the last one
        self.logger.output_formats.remove(self._format)
        self._format.close()
