"""Makes `report_to="aimd"` and `log_with="aimd"` known to Transformers and Accelerate, without an edit in a script.

    AIMD_AUTOLOAD=1 python train.py --report_to aimd         with the installed package
    python -m t9k.aimd.autoload train.py --report_to aimd    the same, also from a checkout

With `AIMD_AUTOLOAD=tensorboard`, TensorBoard's writers are recorded as well, see `aimd.patch_tensorboard`. Nothing is
imported before the script imports the framework itself.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from t9k.aimd.import_hooks import when_imported

VARIABLE = "AIMD_AUTOLOAD"
_REGISTERED = {
    "transformers.integrations.integration_utils": "t9k.aimd.transformers",
    "accelerate.tracking": "t9k.aimd.accelerate",
}


def register_integrations(names: str = "") -> None:
    """Register with the frameworks when they are imported.

    Args:
        names: `tensorboard` to record what TensorBoard's writers get, too.
    """
    for module, integration in _REGISTERED.items():
        when_imported(module, partial(_register, integration))
    if "tensorboard" in names.split(","):
        from t9k.aimd.tensorboard_patch import patch_tensorboard

        patch_tensorboard()


def _register(integration: str, framework: object) -> None:
    from importlib import import_module

    import_module(integration)


def main() -> None:
    """Run a script or, with `-m`, a module."""
    import runpy

    arguments = sys.argv[1:]
    if not arguments:
        sys.exit("usage: python -m t9k.aimd.autoload SCRIPT [ARGUMENTS] or -m MODULE [ARGUMENTS]")
    os.environ.setdefault(VARIABLE, "1")  # for the processes that the script starts
    register_integrations(os.environ[VARIABLE])
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
elif os.environ.get(VARIABLE):
    register_integrations(os.environ[VARIABLE])
