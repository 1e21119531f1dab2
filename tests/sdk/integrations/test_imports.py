"""What importing an integration costs, and what it says when its framework is missing. Needs no framework."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scripts import ROOT, run_script, script_environment

FRAMEWORKS = {
    "keras": "keras",
    "lightning": "lightning",
    "transformers": "transformers",
    "accelerate": "accelerate",
    "xgboost": "xgboost",
    "optuna": "optuna",
    "stable_baselines3": "stable-baselines3",
    "ignite": "ignite",
    "skorch": "skorch",
    "fastai": "fastai",
    "hydra": "hydra",
    "ray": "ray",
}
HEAVY = (
    "{'keras', 'torch', 'tensorflow', 'jax', 'lightning', 'pytorch_lightning', 'transformers', 'accelerate', "
    "'xgboost', 'lightgbm', 'sklearn', 'optuna', 'tensorboard', 'tensorboardX', 'numpy', "
    "'ignite', 'skorch', 'stable_baselines3', 'catboost', 'fastai', 'hydra', 'ray', 'ultralytics'}"
)


def test_importing_the_sdk_and_its_light_integrations_loads_no_framework(tmp_path: Path) -> None:
    code = f"""
    import sys
    from t9k import aimd
    import t9k.aimd.lightgbm, t9k.aimd.sklearn, t9k.aimd.tensorboard, t9k.aimd.naming, t9k.aimd.settings
    import t9k.aimd.catboost, t9k.aimd.ultralytics
    aimd.create_trial
    print(sorted({HEAVY} & set(sys.modules)))
    """
    done = run_script(code, tmp_path)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("module", FRAMEWORKS)
def test_a_missing_framework_is_an_import_error_that_names_the_extra(tmp_path: Path, module: str) -> None:
    # a None in sys.modules is how Python marks what must not be imported
    code = f"""
    import sys
    sys.modules["{module}"] = sys.modules["pytorch_lightning"] = None
    try:
        import t9k.aimd.{module}
    except ImportError as error:
        print(type(error).__name__, error)
    """
    done = run_script(code, tmp_path)
    extra = FRAMEWORKS[module]
    assert done.stdout == f"MissingExtraError {module} is not installed: pip install 'aimd-cli[{extra}]'\n", done.stderr


def test_what_a_framework_misses_itself_is_its_own_error(tmp_path: Path) -> None:
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("import backend_that_is_not_there\n")
    code = """
    import sys
    sys.path.insert(0, "")
    try:
        import t9k.aimd.keras
    except ImportError as error:
        print(type(error).__name__, error)
    """
    done = run_script(code, tmp_path)
    assert done.stdout == "ModuleNotFoundError No module named 'backend_that_is_not_there'\n", done.stderr


def test_python_starts_with_the_registration_if_the_variable_asks_for_it(tmp_path: Path) -> None:
    # what the wheel puts beside the packages, run as Python runs it
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "aimd_autoload.pth").write_text((ROOT / "t9k" / "aimd" / "autoload.pth").read_text())
    code = f"""
    import site, sys
    site.addsitedir("site")
    print("t9k.aimd.autoload" in sys.modules, sorted({HEAVY} & set(sys.modules)))
    """
    assert run_script(code, tmp_path).stdout == "False []\n"
    assert run_script(code, tmp_path, AIMD_AUTOLOAD="tensorboard").stdout == "True []\n"


def test_a_script_runs_with_the_registration_from_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import sys, beside, t9k.aimd.import_hooks as h; print(sys.argv, sorted(h._waiting))"
    )
    (tmp_path / "beside.py").write_text("")
    environment = {**script_environment(tmp_path), "AIMD_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "t9k.aimd.autoload"]
    for arguments in (["train.py", "--report_to", "aimd"], ["-m", "train", "x"]):
        done = subprocess.run([*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert "transformers.integrations.integration_utils" in done.stdout, done.stderr
        assert arguments[-1] in done.stdout
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True).returncode == 1
