"""What a person at a terminal sees of an upload."""

import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_person_sees_why_a_trial_failed_at_any_width(home: Home, signed_in: Account, columns: int) -> None:
    for name in ("good", "bad"):
        aimd.create_trial(trial_name=name).finish()
    (bad,) = home.work.glob(".aimd/trials/bad_*")
    (bad / "metadata.yaml").write_text("{ not yaml")
    shown = " ".join(home.aimd_terminal("trial", "upload", "-d", ".", columns=columns, NO_COLOR="1").split())
    assert "is not valid YAML" in shown
    assert "1 of 2 uploads failed" in shown
    checked = " ".join(home.aimd_terminal("trial", "upload", "-d", ".", "--check", columns=columns).split())
    assert "1 of 2 trials are not the same" in checked
    assert "is not valid YAML" in checked
