"""What importing an integration costs, and what it says when its framework is missing. Needs no framework."""

from pathlib import Path

import pytest

from tests.support.scripts import run_script

FRAMEWORKS = {
    "keras": "keras",
    "lightning": "lightning",
    "transformers": "transformers",
    "accelerate": "accelerate",
    "xgboost": "xgboost",
    "optuna": "optuna",
}
HEAVY = (
    "{'keras', 'torch', 'tensorflow', 'jax', 'lightning', 'pytorch_lightning', 'transformers', 'accelerate', "
    "'xgboost', 'lightgbm', 'sklearn', 'optuna', 'tensorboard', 'tensorboardX', 'numpy'}"
)


def test_importing_the_sdk_and_its_light_integrations_loads_no_framework(tmp_path: Path) -> None:
    code = f"""
    import sys
    from t9k import aimd
    import t9k.aimd.lightgbm, t9k.aimd.sklearn, t9k.aimd.tensorboard, t9k.aimd.naming, t9k.aimd.settings
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
