"""The SDK of AIMD: record trials into plain files, and upload them when there is a network.

    from t9k import aimd

    trial = aimd.create_trial(trial_name="cnn_keras", folder_path="image_classification/mnist")
    trial.params.update({"lr": 0.001})
    trial.log("train", {"loss": 0.5}, step=1, epoch=1)
    trial.finish()

Everything is saved in `.aimd/trials/` of the working directory. `log` never uses the network. Importing this package
loads nothing: each name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from t9k.aimd.artifact import Artifact as Artifact
    from t9k.aimd.artifact import create_artifact as create_artifact
    from t9k.aimd.artifact import grab_artifact as grab_artifact
    from t9k.aimd.artifact import load_artifact as load_artifact
    from t9k.aimd.artifact_session import upload_artifact as upload_artifact
    from t9k.aimd.configuration import CONFIG as CONFIG
    from t9k.aimd.creation import create_trial as create_trial
    from t9k.aimd.forking import fork_trial as fork_trial
    from t9k.aimd.loading import load_trial as load_trial
    from t9k.aimd.recorded import RecordedTrial as RecordedTrial
    from t9k.aimd.recorded import find_trial as find_trial
    from t9k.aimd.search import search_trials as search_trials
    from t9k.aimd.session import login as login
    from t9k.aimd.session import logout as logout
    from t9k.aimd.session import upload_trial as upload_trial
    from t9k.aimd.tensorboard_patch import patch_tensorboard as patch_tensorboard
    from t9k.aimd.trial import Trial as Trial

_HOME = {
    "Artifact": "artifact",
    "CONFIG": "configuration",
    "RecordedTrial": "recorded",
    "Trial": "trial",
    "create_artifact": "artifact",
    "create_trial": "creation",
    "find_trial": "recorded",
    "fork_trial": "forking",
    "grab_artifact": "artifact",
    "load_artifact": "artifact",
    "load_trial": "loading",
    "login": "session",
    "logout": "session",
    "patch_tensorboard": "tensorboard_patch",
    "search_trials": "search",
    "upload_artifact": "artifact_session",
    "upload_trial": "session",
}

__all__ = [
    "CONFIG",
    "Artifact",
    "RecordedTrial",
    "Trial",
    "create_artifact",
    "create_trial",
    "find_trial",
    "fork_trial",
    "grab_artifact",
    "load_artifact",
    "load_trial",
    "login",
    "logout",
    "patch_tensorboard",
    "search_trials",
    "upload_artifact",
    "upload_trial",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
