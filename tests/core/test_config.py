from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from aimd_core.config import (
    config_path,
    is_plain_remote,
    normal_host,
    normal_key,
    read_config,
    resolve_credentials,
    write_config,
)
from aimd_core.errors import AimdError, ConfigError, DiskError, NotFoundError, NotSignedInError, UsageError
from aimd_core.hosts import find_host, forget, key_for

HOST, OTHER_HOST = "https://one.example/t9k/experiment/server", "https://two.example/t9k/experiment/server"
KEY, OTHER_KEY = "afc6e66f-a3ca-4103-ae8b-b74a872f6b07", "00000000-0000-4000-8000-000000000000"


def put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def signed_in(path: Path, host: str = HOST, key: str = KEY) -> None:
    put(path, f"aimd_host: {host}\napi_key: {key}\n")


def test_the_file_is_where_the_environment_says(config_file: Path) -> None:
    assert config_path() == config_file


def test_the_file_is_below_the_home_directory_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("T9K_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_path() == tmp_path / ".t9k" / "t9k-sdk-config.yaml"


def test_a_missing_file_says_nothing() -> None:
    assert read_config() == {}


def test_a_file_that_is_written_is_private_in_a_private_directory(config_file: Path) -> None:
    old_mask = os.umask(0)
    try:
        write_config({"api_key": KEY})
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(config_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(config_file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_private_after_a_change(config_file: Path) -> None:
    signed_in(config_file)
    config_file.chmod(0o644)
    write_config({"api_key": OTHER_KEY})
    assert stat.S_IMODE(config_file.stat().st_mode) == 0o600


def test_comments_and_keys_that_are_not_ours_stay_as_they_are(config_file: Path) -> None:
    put(
        config_file,
        "# of the team\nasset_hub_host: https://hub  # not ours\n'aimd_host': old\n"
        f"nested: {{a: [1, 2]}}\napi_key: {KEY}\n",
    )
    write_config({"aimd_host": HOST, "api_key": None})
    assert config_file.read_text() == (
        f"# of the team\nasset_hub_host: https://hub  # not ours\naimd_host: {HOST}\nnested: {{a: [1, 2]}}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{other: 1, api_key: old, aimd_host: old}\n",
        "other: 1\napi_key:\n  - old\n",
        "other: 1\napi_key: >\n  old\n  text\n",
        "\ufeffapi_key: old\nother: 1\n",
        "other: 1\n? api_key\n: old\n",
        "other: 1\n...\n",
        "other: 1".encode("utf-16"),
    ],
    ids=repr,
)
def test_an_unusual_layout_loses_no_setting(text: str | bytes, config_file: Path) -> None:
    put(config_file, text)
    write_config({"api_key": KEY, "aimd_host": None})
    assert read_config() == {"other": 1, "api_key": KEY}


@pytest.mark.parametrize(
    "text", ["a: [\n", "a:\tb: c\n", "- a\n", "text", "a: \0", b"\xff\xff", "a: &a [*a]\n"], ids=repr
)
def test_a_file_that_cannot_be_used_is_an_error_and_is_never_overwritten(text: str | bytes, config_file: Path) -> None:
    put(config_file, text)
    before = config_file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write_config({"api_key": KEY})
    assert str(caught.value).startswith(f"{config_file}: ")
    assert config_file.read_bytes() == before


def test_a_directory_in_the_place_of_the_file_is_an_error(config_file: Path) -> None:
    config_file.mkdir(parents=True)
    with pytest.raises(ConfigError, match="not a plain file"):
        read_config()


def test_a_disk_that_refuses_leaves_the_file_as_it_was(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(config_file)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DiskError, match="No space left"):
        write_config({"api_key": OTHER_KEY})
    assert read_config()["api_key"] == KEY


def test_a_file_that_is_a_link_stays_one(config_file: Path, tmp_path: Path) -> None:
    signed_in(tmp_path / "dotfiles")
    config_file.parent.mkdir(parents=True)
    config_file.symlink_to(tmp_path / "dotfiles")
    write_config({"api_key": OTHER_KEY})
    assert config_file.is_symlink()
    assert OTHER_KEY in (tmp_path / "dotfiles").read_text()
    assert read_config() == {"aimd_host": HOST, "api_key": OTHER_KEY}


def test_without_any_setting_one_is_not_signed_in() -> None:
    with pytest.raises(NotSignedInError):
        resolve_credentials()


@pytest.mark.parametrize("key_of_host", ["aimd_host", "host"])
def test_the_file_is_used_under_both_names_of_the_host(key_of_host: str, config_file: Path) -> None:
    put(config_file, f"{key_of_host}: {HOST}/\napi_key: {KEY}\n")
    credentials = resolve_credentials()
    assert (credentials.host, credentials.api_key) == (HOST, KEY)
    assert credentials.origins == {"host": str(config_file), "api_key": str(config_file)}


def test_the_environment_wins_over_the_file(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(config_file)
    monkeypatch.setenv("AIMD_HOST", OTHER_HOST)
    monkeypatch.setenv("AIMD_API_KEY", OTHER_KEY)
    credentials = resolve_credentials()
    assert (credentials.host, credentials.api_key) == (OTHER_HOST, OTHER_KEY)
    assert credentials.origins == {"host": "environment", "api_key": "environment"}


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMD_HOST", HOST)
    monkeypatch.setenv("AIMD_API_KEY", KEY)
    credentials = resolve_credentials(OTHER_HOST, OTHER_KEY)
    assert (credentials.host, credentials.api_key) == (OTHER_HOST, OTHER_KEY)
    assert credentials.origins == {"host": "argument", "api_key": "argument"}


def test_the_key_of_the_file_goes_to_no_host_that_an_argument_names(config_file: Path) -> None:
    signed_in(config_file)
    with pytest.raises(NotSignedInError):
        resolve_credentials(OTHER_HOST)


def test_the_key_of_the_file_goes_to_no_host_that_the_environment_names(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(config_file)
    monkeypatch.setenv("AIMD_HOST", OTHER_HOST)
    with pytest.raises(NotSignedInError):
        resolve_credentials()


def test_the_key_of_the_file_goes_to_its_host_however_that_is_written(config_file: Path) -> None:
    signed_in(config_file)
    assert resolve_credentials("HTTPS://ONE.example:443/t9k/experiment/server/").api_key == KEY


def test_credentials_never_show_the_key() -> None:
    assert KEY not in repr(resolve_credentials(HOST, KEY))


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("https://h", "https://h"),
        (" https://h/ ", "https://h"),
        ("https://h/a/b//", "https://h/a/b"),
        ("HTTP://H:8080/Path", "http://h:8080/Path"),
        ("http://h:80", "http://h"),
        ("https://h:443/x", "https://h/x"),
        ("http://h:443", "http://h:443"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://[fe80::1%25eth0]:5000/x", "http://[fe80::1%eth0]:5000/x"),
        ("http://127.0.0.1:1/t9k/experiment/server", "http://127.0.0.1:1/t9k/experiment/server"),
    ],
)
def test_a_host_has_one_normal_form(host: str, normal: str) -> None:
    assert normal_host(host) == normal
    assert normal_host(normal) == normal


@pytest.mark.parametrize(
    "host",
    [
        "",
        "   ",
        "one.example",
        "one.example:8080",
        "//one.example",
        "ftp://one.example",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://h:99999",
        "http://h:port",
        "http://[::1",
        "http://user@h",
        "http://user:password@h",
        "http://@h",
        "http://h?x=1",
        "http://h#x",
        "http://h h",
        "http://h/a b",
        "http://h\n.evil",
        "http://evil\\.h",
        "http://h\x00",
        "http://h<script>",
        "http://h..example",
        "http://" + "\u00fc" * 60 + ".example",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(host: str) -> None:
    with pytest.raises(UsageError):
        normal_host(host)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("http://h", True),
        ("https://h", False),
        ("http://localhost:1", False),
        ("http://[::1]", False),
        ("http://127.0.0.1", False),
    ],
)
def test_a_key_crosses_a_network_in_the_clear_only_by_http_to_another_machine(host: str, plain: bool) -> None:
    assert is_plain_remote(host) is plain


def test_white_space_around_a_key_is_taken_off() -> None:
    assert normal_key(f" {KEY}\n") == KEY


@pytest.mark.parametrize("key", ["", "sentinel-key", f'"{KEY}"', KEY.upper(), KEY + "0", KEY[:-1], "x" * 10_000])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        normal_key(key)
    error: AimdError = caught.value
    assert not key or key not in f"{error} {error.advice}"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://host.:8080", "http://host:8080"),
        ("HTTPS://HOST.Example:443/Path/", "https://host.example/Path"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("https://MÜNCHEN.example.", "https://xn--mnchen-3ya.example"),
        ("https://straße.de", "https://xn--strae-oqa.de"),  # not strasse.de, which is somebody else's
        ("http://１２７.0.0.1", "http://127.0.0.1"),
        ("http://host。example", "http://host.example"),
        ("http://127.1", "http://127.0.0.1"),
        ("http://2130706433:2463", "http://127.0.0.1:2463"),
        ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
        ("http://[FE80::0:1%25eth0]", "http://[fe80::1%eth0]"),
    ],
)
def test_all_spellings_of_a_server_are_one_and_its_key_is_found(config_file: Path, written: str, normal: str) -> None:
    assert normal_host(written) == normal_host(normal_host(written)) == normal
    for stored, named in ((written, normal), (normal, written)):
        config = {"aimd_host": "http://other", "aimd_hosts": {stored: {"api_key": KEY}}}
        assert key_for(config, find_host(config, named)) == KEY
        assert forget(config, find_host(config, named)) == {"aimd_host": "http://other"}


def test_a_part_of_an_address_is_found_in_any_spelling() -> None:
    config: dict[str, object] = {"aimd_hosts": {"https://MÜNCHEN.example.:8080/t9k": {}, "http://beta.example": {}}}
    for part in ("münchen.example:8080", "MÜNCHEN.example", "xn--mnchen", "Beta", "beta.example."):
        assert find_host(config, part).endswith(("8080/t9k", "beta.example"))


@pytest.mark.parametrize(
    "address",
    [
        "http://me:SECRET@host",
        "http://me:SECRET@host:99999",
        "http://me:SECRET@[::1",
        "ftp://me:SECRET@host/x",
        "me:SECRET@host",
        "http://me:SEC@SECRET@host",
        "http://me:SECRET@ho st",
        "http://me:SECRET@\u202ehost",
    ],
)
def test_no_error_about_an_address_repeats_a_password(address: str) -> None:
    for config in ({}, {"aimd_host": "http://other"}):
        with pytest.raises((UsageError, NotFoundError)) as raised:
            find_host(config, address)
        assert "SECRET" not in str(raised.value)
        assert "me:" not in str(raised.value)
