from __future__ import annotations

import os
from pathlib import Path

import pytest

from aimd_core.errors import ConfigError, NetworkError, NotSignedInError
from t9k import aimd
from t9k.aimd.configuration import Config, companion_environment
from tests.conftest import Account
from tests.support.companions import companions_of
from tests.support.strangers import unused_port

KEY = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
def file(work: Path) -> Path:
    path = Path(os.environ["T9K_CONFIG"])
    path.write_text(f"# mine\naimd_host: http://127.0.0.1:9/x\napi_key: {KEY}\nasset_hub_host: https://a\n")
    return path


def test_the_file_is_read_at_first_use_and_not_before(file: Path) -> None:
    config = Config()
    file.write_text("aimd_host: http://127.0.0.1:8/y\n")
    assert dict(config) == {"aimd_host": "http://127.0.0.1:8/y"}


def test_a_change_stays_in_the_process_until_it_is_saved(file: Path) -> None:
    before = file.read_text()
    config = Config()
    config["asset_hub_host"] = "https://b"
    del config["api_key"]
    assert (config["asset_hub_host"], "api_key" in config, len(config)) == ("https://b", False, 2)
    assert file.read_text() == before
    config.save()
    assert dict(Config()) == {"aimd_host": "http://127.0.0.1:9/x", "asset_hub_host": "https://b"}
    assert file.read_text().startswith("# mine\n")


def test_the_key_is_not_shown(file: Path) -> None:
    assert KEY not in repr(Config())
    assert KEY in Config().values()


def test_what_is_not_there_is_a_key_error(file: Path) -> None:
    with pytest.raises(KeyError):
        Config()["nothing"]
    with pytest.raises(KeyError):
        del Config()["nothing"]


def test_a_damaged_file_is_an_error_and_stays(file: Path) -> None:
    file.write_text("a: [\n")
    with pytest.raises(ConfigError):
        dict(Config())
    assert file.read_text() == "a: [\n"


def test_login_and_logout_change_this_process_only(file: Path, account: Account) -> None:
    before = file.read_text()
    aimd.login(host=account.url, api_key=account.key)
    assert companion_environment() == {"AIMD_HOST": account.url, "AIMD_API_KEY": account.key}
    aimd.logout()
    assert "api_key" not in aimd.CONFIG
    assert "AIMD_API_KEY" not in companion_environment()
    assert file.read_text() == before


def test_after_logout_no_upload_goes_out_with_the_key_of_the_file(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aimd.logout()
    with aimd.create_trial(trial_name="a", auto_upload=True) as trial:
        trial.log("train", {"a": 1.0}, step=1)
    assert companions_of(trial.path) == []
    assert "has signed out" in capsys.readouterr().err
    with pytest.raises(NotSignedInError):
        trial.upload()


def test_a_server_that_cannot_be_reached_is_an_error_unless_that_is_fine() -> None:
    host = f"http://127.0.0.1:{unused_port()}/x"
    with pytest.raises(NetworkError):
        aimd.login(host=host, api_key=KEY, timeout=2)
    aimd.login(host=host, api_key=KEY, timeout=2, unable_to_connect_ok=True)
    assert aimd.CONFIG["api_key"] == KEY
