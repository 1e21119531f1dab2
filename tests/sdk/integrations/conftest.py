"""Each framework is imported once for all scripts that train with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.sdk.integrations.recorded import CALM, IMPORTS, Training, require_framework
from tests.support.once import run_folder
from tests.support.scripts import script_environment
from tests.support.warm import warm_python

Prepared = Callable[..., Training]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Return what makes ready to train with a framework, in an environment; without the framework, the test ends."""
    made: dict[tuple[str, ...], Training] = {}
    base = run_folder(tmp_path_factory.getbasetemp())
    with ExitStack() as pythons:

        def prepare(framework: str, **environment: str) -> Training:
            require_framework(framework, "sklearn")
            key = (framework, *environment.values())
            if key not in made:
                settings = {**CALM, **environment}
                home = base / f"home-{'-'.join(key)}"
                home.mkdir(exist_ok=True)
                python = warm_python(
                    home.with_suffix(".python"), IMPORTS[framework], script_environment(home, **settings)
                )
                made[key] = Training(pythons.enter_context(python), settings)
            return made[key]

        yield prepare
