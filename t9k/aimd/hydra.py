"""Records a job of Hydra: its configuration becomes parameters, and a sweep is a folder.

@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config):
    with create_trial(config) as trial:
        trial.log("train", {"loss": loss}, step=step)
"""

from __future__ import annotations

from pathlib import Path

from aimd_core.format.names import safe_name
from t9k.aimd import creation
from t9k.aimd.frameworks import load_framework

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["create_trial"]

_config: Any = load_framework("hydra.core.hydra_config", "hydra")
_types: Any = load_framework("hydra.types", "hydra")


def create_trial(config: Any, trial_name: str | None = None, folder_path: str | None = None, **settings: Any) -> Trial:
    """Create a trial for the job that Hydra runs.

    It is in the directory that the script was started in, wherever Hydra puts the job's output. The parameter `hydra`
    has the job's name and output directory, its overrides and, in a sweep, its number.

    Args:
        config: The job's configuration; it is resolved.
        trial_name: By default the job's name, in a sweep with the job's number.
        folder_path: The folder to upload to; in a sweep, the folder for the sweep's, which is named for the job and the
            sweep's directory.
        **settings: More arguments of `aimd.create_trial`.

    Raises:
        TypeError: A value of the configuration cannot be resolved, or JSON cannot represent it.
        ValueError: No job of Hydra is running.
    """
    hydra = _config.HydraConfig.get()
    name = safe_name(hydra.job.name, "job")
    about: dict[str, object] = {
        "job": hydra.job.name,
        "output_dir": str(hydra.runtime.output_dir),
        "overrides": list(hydra.overrides.task),
    }
    given: dict[str, Any] = {"trial_name": name, "dir": hydra.runtime.cwd}
    if hydra.mode == _types.RunMode.MULTIRUN:
        about["number"] = hydra.job.num
        sweep = f"{name}/{'_'.join(Path(hydra.sweep.dir).parts[-2:])}"
        given["trial_name"] = f"{name}_{hydra.job.num}"
        given["folder_path"] = f"{folder_path.rstrip('/')}/{sweep}" if folder_path else sweep
        given["make_folder"] = True
    elif folder_path:
        given["folder_path"] = folder_path
    if trial_name:
        given["trial_name"] = trial_name
    trial = creation.create_trial(trial_params=config, **{**given, **settings})
    trial.params.update({"hydra": about})
    return trial
