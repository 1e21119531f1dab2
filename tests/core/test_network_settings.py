"""Proxies and certificates from the environment: used, or refused in one sentence that names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_core.client.connection import NO_RETRY, Connection
from aimd_core.client.network_settings import CERTIFICATES
from aimd_core.errors import NetworkSettingError, UnreachableError
from tests.support.strangers import unused_port

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize(
    "value", ["foo://me:secret@x:1", "http://h:port", "socks4://x:1", "ftp://x", "://", "http://x:99999999"]
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(NetworkSettingError) as caught:
        Connection("http://127.0.0.1:1", retry=NO_RETRY)
    assert caught.value.facts["variable"] == variable
    assert "secret" not in str(caught.value)


def test_a_socks_proxy_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://x:1")
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(NetworkSettingError, match="httpx\\[socks\\]"):
        Connection("http://127.0.0.1:1", retry=NO_RETRY)


@pytest.mark.parametrize("value", ["[::1]", "localhost,[::1]:80"])
def test_an_exception_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", value)
    with pytest.raises(NetworkSettingError, match="NO_PROXY"):
        Connection("http://127.0.0.1:1", retry=NO_RETRY)


def test_a_failing_proxy_is_named_as_the_proxy_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    port = unused_port()
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{port}")
    with (
        Connection("http://aimd.invalid", retry=NO_RETRY) as connection,
        pytest.raises(UnreachableError, match=f"through the proxy 127.0.0.1:{port}") as caught,
    ):
        connection.request("GET", "/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("variable", CERTIFICATES)
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(NetworkSettingError, match=variable) as caught:
        Connection("https://127.0.0.1:1", retry=NO_RETRY)
    assert str(path) in str(caught.value)
    Connection("http://127.0.0.1:1", retry=NO_RETRY)  # a plain connection reads none
