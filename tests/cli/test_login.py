import stat
import uuid

import pytest
import yaml

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.strangers import http_answer, stranger, unused_port
from tests.support.trials import write_trial


def test_a_good_key_is_saved_for_this_user_only(home: Home, account: Account) -> None:
    ran = home.aimd("login", "-H", account.url + "/", "-k", account.key)
    assert ran.code == 0
    assert yaml.safe_load(home.config.read_text()) == {"aimd_host": account.url, "api_key": account.key}
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert ran.out == ""
    assert account.key not in ran.err


def test_the_key_can_come_from_stdin_or_a_file(home: Home, account: Account) -> None:
    ran = home.aimd_process("login", "-H", account.url, "-k", "-", stdin=account.key + "\n")
    assert ran.code == 0
    (home.path / "key").write_text(account.key + "\n")
    assert home.aimd("login", "-H", account.url, "-k", f"@{home.path / 'key'}").code == 0


def test_comments_and_unknown_keys_of_the_file_stay(home: Home, account: Account) -> None:
    home.write_config("# mine\nasset_hub_host: https://a  # stays\napi_key: old\nother: [1, 2]\n")
    assert home.aimd("login", "-H", account.url, "-k", account.key).code == 0
    text = home.config.read_text()
    assert "# mine" in text
    assert "# stays" in text
    assert yaml.safe_load(text)["other"] == [1, 2]


def test_a_wrong_key_saves_nothing(home: Home, account: Account) -> None:
    home.write_config("aimd_host: https://before\n")
    wrong = str(uuid.uuid4())
    ran = home.aimd("login", "-H", account.url, "-k", wrong)
    assert ran.code == 4
    assert "refused this API key" in ran.err
    assert wrong not in ran.err
    assert home.config.read_text() == "aimd_host: https://before\n"


def test_a_key_of_another_form_is_refused_and_not_shown(home: Home, account: Account) -> None:
    ran = home.aimd("login", "-H", account.url, "-k", "SECRET-abc")
    assert ran.code == 2
    assert "SECRET" not in ran.err


def test_a_server_that_is_down_is_a_network_error(home: Home) -> None:
    ran = home.aimd("login", "-H", f"http://127.0.0.1:{unused_port()}/x", "-k", str(uuid.uuid4()))
    assert ran.code == 5
    assert "cannot reach http://127.0.0.1" in ran.err
    assert "Traceback" not in ran.err
    assert not home.config.exists()


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("200 OK", b"<html>Please sign in to the hotel</html>", "Content-Type: text/html"),
        http_answer("200 OK", b'{"status": "another product"}', "Content-Type: application/json"),
        http_answer("404 Not Found"),
        http_answer("302 Found", b"", "Location: http://127.0.0.1:1/steal"),
    ],
)
def test_something_that_is_no_aimd_server_is_named_so(home: Home, answer: bytes) -> None:
    with stranger(answer) as server:
        ran = home.aimd("login", "-H", server.url, "-k", str(uuid.uuid4()))
    assert ran.code == 5
    assert "not as an AIMD server" in ran.err
    assert not home.config.exists()


@pytest.mark.parametrize("name", ["xn--zz--.invalid", "\uff11\uff12\uff17.0.0.1", "\ufb00.invalid"])
def test_a_host_name_that_no_network_knows_is_a_network_error(home: Home, name: str) -> None:
    ran = home.aimd("login", "-H", f"http://{name}:1/x", "-k", str(uuid.uuid4()))
    assert (ran.code, "cannot reach" in ran.err, "Traceback" in ran.err) == (5, True, False), ran.err


def test_garbage_from_a_server_is_a_network_error(home: Home) -> None:
    with stranger(b"\x00\x01 not http\r\n\r\n") as server:
        ran = home.aimd("login", "-H", server.url, "-k", str(uuid.uuid4()))
    assert ran.code == 5
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "ftp://example.org",
        "https://user:word@example.org",
        "http://[::1",
        "https://a b",
        "https://a..b",
        f"https://{'a' * 64}.example",
    ],
)
def test_a_host_of_the_wrong_form_is_a_usage_error(home: Home, host: str) -> None:
    ran = home.aimd("login", "-H", host, "-k", str(uuid.uuid4()))
    assert ran.code == 2
    assert "aimd login -H https://" in ran.err


@pytest.mark.parametrize(
    "text", ["a: [1", "\tx: 1\n", "- a\n", "a: &a [*a, *a]\n", "a: !!python/object:os.system {}\n"]
)
def test_a_broken_config_file_is_named_with_its_fault_and_left_alone(home: Home, account: Account, text: str) -> None:
    home.write_config(text)
    ran = home.aimd("login", "-H", account.url, "-k", account.key)
    assert ran.code == 2
    assert str(home.config) in ran.err
    assert home.config.read_text() == text


def test_without_a_config_an_upload_says_how_to_sign_in(home: Home) -> None:
    from t9k import aimd

    aimd.create_trial(trial_name="t")
    ran = home.aimd("trial", "upload", "-n", "t")
    assert ran.code == 4
    assert "aimd login -H" in ran.err


def test_the_environment_wins_over_the_file(home: Home, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config(f"aimd_host: http://127.0.0.1:{unused_port()}\napi_key: {uuid.uuid4()}\n")
    monkeypatch.setenv("AIMD_HOST", account.url)
    monkeypatch.setenv("AIMD_API_KEY", account.key)
    assert home.aimd("trial", "ls", "--remote").code == 0


def test_the_key_of_one_host_is_not_sent_to_another(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config(f"aimd_host: http://127.0.0.1:{unused_port()}\napi_key: {uuid.uuid4()}\n")
    with stranger(http_answer("404 Not Found")) as server:
        monkeypatch.setenv("AIMD_HOST", server.url)
        ran = home.aimd("trial", "ls", "--remote")
    assert ran.code == 4
    assert server.requests == []


def test_logout_removes_the_key_and_with_a_flag_the_host(home: Home, signed_in: Account) -> None:
    assert home.aimd("logout").code == 0
    assert yaml.safe_load(home.config.read_text()) == {"aimd_host": signed_in.url}
    assert home.aimd("logout", "-H").code == 0
    assert (yaml.safe_load(home.config.read_text()) or {}) == {}
    assert home.aimd("logout").code == 0


def test_an_address_without_a_path_is_tried_with_the_usual_one(home: Home, account: Account) -> None:
    host = account.url.removesuffix("/t9k/experiment/server")
    ran = home.aimd("login", "-H", host, "-k", account.key)
    assert ran.code == 0, ran.err
    assert yaml.safe_load(home.config.read_text())["aimd_host"] == account.url
    aimd.login(host=host, api_key=account.key)
    assert aimd.CONFIG["aimd_host"] == account.url


@pytest.mark.parametrize("words", ["login -H {url} -k {key}", "login --status", "folder tree", "trial upload -d ."])
def test_no_key_goes_into_a_url_for_a_host_that_is_no_server_of_version_1(home: Home, words: str) -> None:
    write_trial(home.work / ".aimd/trials", status="Succeeded")
    key = str(uuid.uuid4())
    with stranger(http_answer("200 OK", b"{}")) as server:
        home.write_config(f"aimd_host: {server.url}\napi_key: {key}\n")
        ran = home.aimd(*words.format(url=server.url, key=key).split())
        assert ran.code == 5, ran.err
        assert server.requests
        assert not any(key.encode() in request for request in server.requests)
