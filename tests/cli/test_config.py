import os
import stat
import uuid
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.documents import parse_mapping, render_mapping
from aimd_core.yaml_edit import edit_mapping
from tests.conftest import Account
from tests.support.home import Home
from tests.support.strangers import http_answer, stranger, unused_port

KEY_A, KEY_B = "aaaaaaaa-0000-4000-8000-00000000aaaa", "bbbbbbbb-0000-4000-8000-00000000bbbb"
TWO = f"""\
# my servers
aimd_host: https://alpha.example/t9k  # the big one
api_key: {KEY_A}
asset_hub_host: https://hub.example
aimd_hosts:
  # tests go here
  https://beta.example/t9k:
    api_key: {KEY_B}
other: [1, 2]
"""


def config_of(home: Home) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(home.config.read_text())
    return loaded


def test_hosts_are_listed_with_the_active_one_marked_and_no_key(home: Home) -> None:
    home.write_config(TWO)
    ran = home.aimd("config", "hosts")
    assert [(row["host"], row["active"]) for row in ran.table] == [
        ("https://alpha.example/t9k", "true"),
        ("https://beta.example/t9k", "false"),
    ]
    shown = ran.out + home.aimd("config", "hosts", "--json").out + home.aimd_terminal("config", "hosts")
    assert "*" in shown
    assert "aaaa" not in shown
    assert "bbbb" not in shown


def test_another_host_becomes_active_and_the_old_one_waits_with_its_key(home: Home) -> None:
    home.write_config(TWO)
    assert home.aimd("config", "use", "beta").code == 0
    config = config_of(home)
    assert (config["aimd_host"], config["api_key"]) == ("https://beta.example/t9k", KEY_B)
    assert config["aimd_hosts"] == {"https://alpha.example/t9k": {"api_key": KEY_A}}
    assert config["other"] == [1, 2]
    assert "# my servers" in home.config.read_text()
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert home.aimd("config", "use", "alpha").code == 0
    assert config_of(home) == yaml.safe_load(TWO)


@pytest.mark.parametrize(("part", "code"), [("example", 2), ("gamma", 3), ("https://gamma.example", 3)])
def test_a_part_that_fits_no_host_or_several_changes_nothing(home: Home, part: str, code: int) -> None:
    home.write_config(TWO)
    ran = home.aimd("config", "use", part)
    assert ran.code == code
    assert ran.err.count("\n") <= 2
    assert home.config.read_text() == TWO


def test_the_tutorials_name_for_the_host_follows(home: Home) -> None:
    home.write_config(f"host: https://alpha.example\napi_key: {KEY_A}\naimd_hosts: {{'https://beta.example': }}\n")
    ran = home.aimd("config", "use", "beta")
    assert ran.code == 0
    assert "No key is saved" in ran.err
    config = config_of(home)
    assert (config["host"], config["aimd_host"]) == ("https://beta.example", "https://beta.example")
    assert "api_key" not in config


def test_setting_another_host_never_takes_the_old_hosts_key_along(home: Home) -> None:
    home.write_config(f"aimd_host: https://alpha.example\napi_key: {KEY_A}\n")
    with stranger(http_answer("404 Not Found")) as server:
        assert home.aimd("config", "set", "aimd_host", server.url).code == 0
        assert "api_key" not in config_of(home)
        assert home.aimd("trial", "ls", "--remote").code == 4
    assert server.requests == []
    assert home.aimd("config", "unset", "host").code == 0
    assert "aimd_host" not in config_of(home)
    assert home.aimd("config", "use", "alpha").code == 0
    assert config_of(home)["api_key"] == KEY_A


def test_a_key_from_the_environment_goes_to_no_host_but_its_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config("aimd_host: https://alpha.example\n")
    monkeypatch.setenv("AIMD_API_KEY", KEY_A)
    with stranger(http_answer("404 Not Found")) as server:
        ran = home.aimd("trial", "ls", "--remote", "--host", server.url)
        assert ran.code == 4
        assert f"not signed in to {server.url}" in ran.err
        assert server.requests == []
        monkeypatch.setenv("AIMD_HOST", server.url)
        assert home.aimd("trial", "ls", "--remote").code == 5
    assert any(KEY_A.encode() in request for request in server.requests)


def test_a_command_goes_to_the_host_that_is_named_with_that_hosts_key(home: Home, account: Account) -> None:
    from t9k import aimd

    home.write_config(TWO.replace("https://beta.example/t9k", account.url).replace(KEY_B, account.key))
    trial = aimd.create_trial(trial_name="t")
    trial.finish()
    assert home.aimd("trial", "upload", "-d", ".", "--host", account.url).code == 0
    ran = home.aimd("trial", "ls", "--remote", "-H", "127.0.0.1")
    assert [row["name"] for row in ran.table] == [trial.alternative_name]
    assert home.aimd("trial", "ls", "-H", "127.0.0.1").code == 2


def test_a_host_that_stands_in_both_places_counts_where_deployed_tools_look(home: Home, account: Account) -> None:
    home.write_config(
        f"aimd_host: {account.url}\napi_key: {account.key}\naimd_hosts:\n  {account.url}: {{api_key: {KEY_B}}}\n"
    )
    assert home.aimd("trial", "ls", "--remote").code == 0
    assert len(home.aimd("config", "hosts").table) == 1


def test_login_keeps_the_host_before_and_logout_leaves_only_its_own(home: Home, account: Account) -> None:
    home.write_config(TWO)
    assert home.aimd("login", "-H", account.url, "-k", account.key).code == 0
    hosts = config_of(home)["aimd_hosts"]
    assert hosts == {
        "https://beta.example/t9k": {"api_key": KEY_B},
        "https://alpha.example/t9k": {"api_key": KEY_A},
    }
    assert "# tests go here" in home.config.read_text()
    assert home.aimd("logout").code == 0
    assert "api_key" not in config_of(home)
    assert config_of(home)["aimd_hosts"] == hosts
    assert home.aimd("logout", "-H", "beta").code == 0
    assert config_of(home)["aimd_hosts"] == {"https://alpha.example/t9k": {"api_key": KEY_A}}


def test_status_says_who_where_and_from_which_place_and_never_the_key(
    home: Home, signed_in: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = home.aimd("login", "--status", "--json")
    assert ran.code == 0
    assert ran.json["host"] == signed_in.url
    assert ran.json["user"].startswith("user-")
    assert ran.json["key_from"] == str(home.config)
    assert signed_in.key not in ran.out + home.aimd_terminal("login", "--status")
    monkeypatch.setenv("AIMD_API_KEY", str(uuid.uuid4()))
    assert home.aimd("login", "--status").code == 4
    monkeypatch.delenv("AIMD_API_KEY")
    home.config.unlink()
    assert home.aimd("login", "--status").code == 4


def test_status_of_a_server_that_is_down_is_a_network_error(home: Home) -> None:
    home.write_config(f"aimd_host: http://127.0.0.1:{unused_port()}\napi_key: {KEY_A}\n")
    assert home.aimd("login", "--status").code == 5


def test_the_environment_wins_and_the_list_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config(TWO)
    monkeypatch.setenv("AIMD_HOST", "https://gamma.example")
    monkeypatch.setenv("AIMD_API_KEY", "cccccccc-0000-4000-8000-00000000cccc")
    ran = home.aimd("config", "list", "--show-origin")
    rows = {row["key"]: row for row in ran.table}
    assert rows["aimd_host"]["value"] == "https://gamma.example"
    assert (rows["aimd_host"]["origin"], rows["aimd_host"]["overrides"]) == ("AIMD_HOST", str(home.config))
    assert (rows["api_key"]["value"], rows["api_key"]["source"]) == ("...cccc", "environment")
    assert rows["asset_hub_host"]["source"] == "file"
    assert rows["aimd_hosts"]["value"] == "https://beta.example/t9k"
    assert home.aimd("config", "get", "aimd_host").out == "https://gamma.example\n"


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("list", "--show-origin"), ("get", "api_key")])
def test_secrets_are_masked_everywhere(home: Home, words: tuple[str, ...]) -> None:
    secrets = "hub_token: s3cr3t-s3cr3t-s3cr3t\nnested: {deep: [{password: hunter2hunter2}]}\n"
    home.write_config(TWO + secrets + "proxy: https://me:open@proxy.example\n")
    shown = home.aimd("config", *words).out + home.aimd_terminal("config", *words, columns=120)
    for secret in (KEY_A, KEY_B, "s3cr3t-s3cr3t", "hunter2", "me:open"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "aimd_host", "example.org"), 2),
        (("set", "api_key", "SECRET"), 2),
        (("set", "aimd_hots", "https://x"), 2),
        (("get", "nothing"), 2),
        (("get", "asset_hub_host"), 3),
        (("unset", "aimd_hots"), 2),
    ],
)
def test_a_setting_of_the_wrong_name_or_form_changes_nothing(home: Home, words: tuple[str, ...], code: int) -> None:
    ran = home.aimd("config", *words)
    assert ran.code == code
    assert "SECRET" not in ran.err
    assert not home.config.exists()


def test_settings_are_set_and_removed(home: Home) -> None:
    assert home.aimd("config", "set", "asset_hub_host", "https://hub.example/").code == 0
    assert home.aimd_process("config", "set", "api_key", "-", stdin=KEY_A + "\n").code == 0
    assert config_of(home) == {"asset_hub_host": "https://hub.example", "api_key": KEY_A}
    assert home.aimd("config", "unset", "api_key").code == 0
    assert home.aimd("config", "unset", "api_key").code == 0
    assert config_of(home) == {"asset_hub_host": "https://hub.example"}
    assert home.aimd("config", "path").out == f"{home.config}\n"


def test_a_link_to_the_config_file_stays_a_link(home: Home) -> None:
    kept = home.path / "dotfiles.yaml"
    kept.write_text(TWO)
    home.config.parent.mkdir()
    home.config.symlink_to(kept)
    assert home.aimd("config", "use", "beta").code == 0
    assert home.config.is_symlink()
    assert KEY_A in kept.read_text()


def test_a_key_without_an_address_never_takes_the_place_of_a_hosts_own(home: Home, account: Account) -> None:
    home.write_config(f"api_key: {KEY_A}\naimd_hosts:\n  {account.url}: {{api_key: {account.key}}}\n")
    assert home.aimd("trial", "ls", "--remote", "-H", account.url).code == 0
    home.write_config(f"api_key: {account.key}\n")
    assert home.aimd("trial", "ls", "--remote", "-H", account.url).code == 0
    assert home.aimd("logout").code == 0
    assert "api_key" not in (yaml.safe_load(home.config.read_text()) or {})


def editor(home: Home, script: str) -> str:
    path = home.path / "editor.sh"
    path.write_text(f'#!/bin/sh\necho "$1" > {home.path}/seen\nstat -c %a "$1" >> {home.path}/seen\n{script}\n')
    path.chmod(0o755)
    return str(path)


def test_an_edit_replaces_the_file_and_leaves_no_copy(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config(TWO)
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("VISUAL", editor(home, "sed -i 's/hub.example/hub2.example/' \"$1\""))
    assert home.aimd("config", "edit").code == 0
    assert home.config.read_text() == TWO.replace("hub.example", "hub2.example")
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    copy, mode = (home.path / "seen").read_text().split()
    assert mode == "600"
    assert not Path(copy).exists()
    assert not Path(copy).parent.exists()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo 'a: [1' > \"$1\"", 2),
        ("echo 'aimd_host: nowhere' > \"$1\"", 2),
        ("echo 'aimd_hosts: 3' > \"$1\"", 2),
        ("echo 'x: 1' > \"$1\"; exit 3", 1),
        ('echo "y: 1" >> "$T9K_CONFIG"; echo "x: 1" >> "$1"', 1),
        ("true", 0),
    ],
)
def test_an_edit_that_is_not_sound_replaces_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, script: str, code: int
) -> None:
    home.write_config(TWO)
    monkeypatch.setenv("T9K_CONFIG", str(home.config))
    monkeypatch.setenv("VISUAL", editor(home, script))
    assert home.aimd("config", "edit").code == code
    assert home.config.read_text().removesuffix("y: 1\n") == TWO


def test_an_editor_that_is_not_there_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")
    ran = home.aimd("config", "edit")
    assert ran.code == 2
    assert "no-such-editor" in ran.err


def test_a_key_typed_into_the_command_line_is_warned_of_on_a_terminal_only(home: Home, account: Account) -> None:
    shown = home.aimd_terminal("login", "-H", account.url, "-k", account.key)
    assert shown.count("can be seen by others") == 1
    assert "seen by others" not in home.aimd("login", "-H", account.url, "-k", account.key).err


def test_the_prompt_for_the_key_shows_nothing_of_it(home: Home, account: Account) -> None:
    import sys

    import pexpect

    child = pexpect.spawn(
        sys.executable, ["-m", "aimd_cli", "login", "-H", account.url], env=dict(os.environ), encoding="utf-8"
    )
    child.expect("API key for .*: ")
    child.sendline(account.key)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert account.key not in child.before
    assert config_of(home)["api_key"] == account.key


@pytest.mark.parametrize(
    ("old", "wanted", "new"),
    [
        ("", {"a": 1}, "a: 1\n"),
        ("# c\n", {"a": 1}, "# c\na: 1\n"),
        ("a: 1 # c\nb: |\n  x\n  y\nc: 2\n", {"a": 2, "b": "z", "c": 2}, "a: 2 # c\nb: z\nc: 2\n"),
        ("m:\n  # in\n  x: 1\n  y: 2\n# end\n", {"m": {"y": 3}}, "m:\n  # in\n  y: 3\n# end\n"),
        ("m:\n    x: 1\n# end\n", {"m": {"x": 1, "y": [1]}}, "m:\n    x: 1\n    y:\n    - 1\n# end\n"),
        ("a: 1\r\nb: 2\r\n", {"b": 2}, "b: 2\n"),
        ("{a: 1} # lost\n", {"a": 2}, "a: 2\n"),
    ],
)
def test_a_change_of_the_file_touches_no_other_line(old: str, wanted: dict[str, object], new: str) -> None:
    assert edit_mapping(old.encode(), wanted).decode() == new


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_DOCUMENTS = st.dictionaries(_WORDS, _VALUES, max_size=5)


@given(_DOCUMENTS, _DOCUMENTS)
def test_whatever_is_written_is_what_was_wanted(old: dict[str, object], wanted: dict[str, object]) -> None:
    assert parse_mapping(edit_mapping(render_mapping(old), wanted), "") == wanted


@given(_DOCUMENTS, st.binary(max_size=60))
def test_no_old_content_keeps_the_new_from_being_written(wanted: dict[str, object], old: bytes) -> None:
    assert parse_mapping(edit_mapping(old, wanted), "") == wanted


@pytest.mark.parametrize(
    ("mode", "is_said"), [(0o600, False), (0o400, False), (0o666, True), (0o644, True), (0o640, True), (0o602, True)]
)
def test_a_key_file_that_others_can_read_is_used_and_said_once(
    home: Home, mode: int, is_said: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    home.write_config(f"aimd_host: https://one.example/t9k/experiment/server\napi_key: {KEY_A}\n")
    home.config.chmod(mode)
    ran = home.aimd("config", "list")
    command = f"chmod 600 {home.config}"
    assert (ran.code, ran.err.count("WARNING"), command in ran.err) == (0, int(is_said), is_said), ran.err
    assert KEY_A not in ran.err
    assert home.aimd("config", "set", "asset_hub_host", "https://two.example/t9k/asset-hub/server").code == 0
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert "WARNING" not in home.aimd_process("config", "list").err
    key = home.path / "key file"
    key.write_text("no key")
    key.chmod(mode)
    ran = home.aimd("config", "set", "api_key", f"@{key}")
    assert (f"chmod 600 '{key}'" in ran.err) == is_said


def test_a_config_file_without_a_key_may_be_read_by_others(home: Home) -> None:
    home.write_config("asset_hub_host: https://one.example/t9k/asset-hub/server\n")
    home.config.chmod(0o644)
    assert home.aimd("config", "list").err == ""
