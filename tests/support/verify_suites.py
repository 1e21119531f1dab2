"""Runs the tests that others wrote for their loggers and writers, with ours in the place of theirs.

    PYTHONPATH=. python tests/support/verify_suites.py lightning DIRECTORY
    PYTHONPATH=. python tests/support/verify_suites.py tensorboardX DIRECTORY

DIRECTORY is a checkout of theirs, whose tests are run as they are and then with ours; what passes only as it is, is
printed. The environment needs what their tests need: Lightning's requirements, tensorboard and wandb, or tensorboardX,
its test requirements and PyTorch. Pytest loads this module as a plugin for the second run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_OURS = "AIMD_IN_THE_SUITE_OF"


class Suite(NamedTuple):
    """Tests of others, by paths in their checkout.

    Attributes:
        source: What they import their package from.
        directory: Where they run.
        tests: The files that use a logger or writer which ours stands in for.
    """

    source: tuple[str, ...]
    directory: str
    tests: tuple[str, ...]


SUITES = {
    "lightning": Suite(
        ("src", "tests"),
        "tests",
        ("tests_pytorch/loggers", "tests_pytorch/trainer/logging_"),
    ),
    # The other files test its protocol buffers and conversions, without a writer.
    "tensorboardX": Suite(
        (".",),
        ".",
        tuple(
            f"tests/test_{name}.py"
            for name in (
                *("chainer_np", "embedding", "figure", "hparams", "multiprocess_write", "onnx_graph", "pr_curve"),
                *("pytorch_graph", "pytorch_np", "record_writer", "summary_writer", "writer"),
            )
        ),
    ),
}


def _into_lightning() -> None:
    import lightning.pytorch.loggers as loggers
    from lightning.pytorch.trainer.connectors.logger_connector import logger_connector

    from t9k.aimd.lightning import AIMDLogger

    class InPlace(AIMDLogger):
        """Takes the arguments of Lightning's loggers; those that only event files need have no effect."""

        LOGGER_JOIN_CHAR = "-"

        def __init__(
            self, save_dir: Any, name: Any = "lightning_logs", version: Any = None, prefix: str = "", **_: Any
        ) -> None:
            super().__init__(name or "lightning_logs", save_dir=save_dir, version=version, prefix=prefix)

    InPlace.__qualname__ = "InPlace"  # it is pickled
    globals()["InPlace"] = InPlace
    for module in (loggers, loggers.tensorboard, loggers.csv_logs, logger_connector):
        for name in ("TensorBoardLogger", "CSVLogger"):
            if hasattr(module, name):
                setattr(module, name, InPlace)


def _into_tensorboardx() -> None:
    import tensorboardX

    from t9k.aimd import tensorboard

    for name in tensorboard.__all__:
        setattr(tensorboardX, name, getattr(tensorboard, name))


if os.environ.get(_OURS):
    {"lightning": _into_lightning, "tensorboardX": _into_tensorboardx}[os.environ[_OURS]]()


def _passed(name: str, checkout: Path, ours: bool) -> dict[str, bool]:
    """Run the tests and return which of them pass; those that are skipped are left out."""
    suite = SUITES[name]
    paths = [*(str(checkout / source) for source in suite.source), str(ROOT), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), _OURS: name if ours else ""}
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.xml")
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", f"--junitxml={report}"]
        plugin = ["-p", "verify_suites"] if ours else []
        command = [sys.executable, "-m", "pytest", *options, *plugin, *suite.tests]
        subprocess.run(command, cwd=checkout / suite.directory, env=environment, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    return {
        f"{case.get('classname')}.{case.get('name')}".replace("InPlace0", "CSVLogger").replace(
            "InPlace1", "TensorBoardLogger"
        ): not list(case)
        for case in cases
        if case.find("skipped") is None
    }


def main() -> None:
    """Run both and compare."""
    name, checkout = sys.argv[1], Path(sys.argv[2]).resolve()
    theirs, ours = _passed(name, checkout, False), _passed(name, checkout, True)
    passed = {test for test, passes in theirs.items() if passes}
    both = {test for test in passed if ours.get(test)}
    print(f"{name}: {len(passed)} of {len(theirs)} pass with theirs, {len(both)} of them with ours; not:")
    print("\n".join(sorted(passed - both)))


if __name__ == "__main__":
    main()
