"""The numbers of a sweep are those of scipy and scikit-learn, directions and differences those of the terminal.

The console's own tests read the same fixtures.
"""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import pytest

from aimd_cli.views.rows import difference_cell
from aimd_core.direction import best_of, direction_of
from tests.support.parts import require_part

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def ways() -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "directions.json").read_text(encoding="utf-8")))


@pytest.fixture
def sweep() -> dict[str, Any]:
    for name in ("scipy", "sklearn"):
        require_part(name, importlib.util.find_spec(name) is not None)
    return dict(json.loads((FIXTURES / "sweep.json").read_text(encoding="utf-8")))


def test_directions_are_those_of_the_terminal(ways: dict[str, Any]) -> None:
    import aimd_core.direction as rule

    assert {name: direction_of(name) for name in ways["directions"]} == ways["directions"]
    assert {f"val.{word}" for word in rule._LOWER | rule._HIGHER} <= set(ways["directions"])  # each word is in it
    for values, direction, best in ways["best"]:
        numbers = [float(value) if isinstance(value, str) else value for value in values]
        assert sorted(best_of(numbers, direction)) == best
    for value, base, shown in ways["differences"]:
        assert difference_cell(value, base, "max")[0] == shown


def test_rank_correlations_are_those_of_scipy(sweep: dict[str, Any]) -> None:
    from scipy.stats import spearmanr

    for name, column in sweep["columns"].items():
        pairs = [(x, y) for x, y in zip(column, sweep["target"], strict=True) if x is not None]
        rho = spearmanr(*zip(*pairs, strict=True)).statistic
        assert math.isclose(rho, sweep["spearman"][name], abs_tol=1e-12)


def test_importance_ranks_as_scikit_learn_ranks(sweep: dict[str, Any]) -> None:
    import numpy as np
    from scipy.stats import rankdata
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    kinds = sorted(set(sweep["optimizer"]))
    columns = {name: [-1 if x is None else x for x in column] for name, column in sweep["columns"].items()}
    columns |= {f"optimizer={kind}": [float(x == kind) for x in sweep["optimizer"]] for kind in kinds}
    table = np.column_stack([np.asarray(column, float) for column in columns.values()])
    ranks = rankdata(sweep["target"])
    forest = RandomForestRegressor(100, random_state=1, max_features=1 / 3).fit(table, ranks)
    means = permutation_importance(forest, table, ranks, n_repeats=10, random_state=1).importances_mean
    shares: dict[str, float] = {}
    for name, mean in zip(columns, means, strict=True):
        shares[name.partition("=")[0]] = shares.get(name.partition("=")[0], 0.0) + mean
    assert sorted(shares, key=lambda name: -shares[name])[:3] == sweep["ranking"][:3]
