"""`wandb.Artifact`: gathers what becomes an artifact of this SDK when a run logs it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from aimd_core.errors import AimdError
from aimd_core.format.artifacts import names_version
from aimd_core.format.names import safe_name
from aimd_core.language import said
from t9k.aimd.artifact import create_artifact
from t9k.aimd.telling import tell, tell_once

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Any

    from t9k.aimd import artifact as artifacts
    from t9k.aimd.trial import Trial


class Artifact:
    """Files and references under one name. They are read when `run.log_artifact` makes the artifact.

    Attributes:
        name: The name.
        type: Such as `model`.
        description: What it is.
        metadata: Kept here only.
        artifact: What was made of it, once it is logged.
    """

    def __init__(
        self, name: str, type: str = "run", description: str | None = None, metadata: object = None, **_: Any
    ) -> None:
        """Begin without files."""
        self.name = name
        self.type = type
        self.description = description
        self.metadata = metadata
        self.artifact: artifacts.Artifact | None = None
        self._additions: list[Callable[[artifacts.Artifact], object]] = []
        self._own_files: str | None = None  # a directory for those that the script writes into the artifact

    def add_file(self, local_path: str | os.PathLike[str], name: str | None = None, **_: Any) -> None:
        """Add a file, by default under its own name."""
        self._additions.append(lambda artifact: artifact.add_file(local_path, name))

    def add_dir(self, local_path: str | os.PathLike[str], name: str | None = None, **_: Any) -> None:
        """Add what is in a directory, by default without the directory's own name."""
        self._additions.append(partial(_add_content, Path(local_path), f"{name}/" if name else ""))

    def add_reference(self, uri: str, name: str | None = None, **_: Any) -> None:
        """Add a reference to content that stays where it is."""
        self._additions.append(lambda artifact: artifact.add_reference(uri, name))

    def add(self, obj: object, name: str, **_: Any) -> None:
        """Do nothing, and say so: tables and pictures are not recorded."""
        tell_once("Artifact.add", said("wandb.{name} is accepted, but does nothing here", name="Artifact.add"))

    @contextmanager
    def new_file(self, name: str, mode: str = "w", encoding: str | None = None) -> Iterator[IO[Any]]:
        """Open a file to write to, which is added when the block ends."""
        self._own_files = self._own_files or tempfile.mkdtemp()
        path = Path(self._own_files, os.urandom(8).hex())  # several may be open at once
        with path.open(mode, encoding=encoding) as file:
            yield file
        self.add_file(path, name)

    def wait(self, timeout: float | None = None) -> Artifact:
        """Return the artifact: nothing is sent anywhere."""
        return self

    def make(self, trial: Trial, aliases: Iterable[str]) -> None:
        """Make the artifact beside a trial, as its output. What fails is reported, and training goes on."""
        try:
            own = [alias for alias in aliases if not names_version(alias)]  # such as latest, which is always given
            name, directory = safe_name(self.name, "artifact"), trial.path.parents[2]
            made = create_artifact(name, self.type, self.description or "", own, dir=directory)
            for add in self._additions:
                add(made)
            trial.mark_output(made)
            self.artifact = made
        except AimdError as error:
            tell(said("WARNING: artifact {name} is not complete: {reason}", name=self.name, reason=error.sentence))
        finally:
            if self._own_files is not None:
                shutil.rmtree(self._own_files, ignore_errors=True)


def _add_content(directory: Path, prefix: str, artifact: artifacts.Artifact) -> None:
    if not directory.is_dir():
        artifact.add_dir(directory)  # which says what is wrong
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            artifact.add_dir(path, f"{prefix}{path.name}")
        else:
            artifact.add_file(path, f"{prefix}{path.name}")
