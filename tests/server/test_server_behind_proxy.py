"""Behind a real nginx with TLS, set up as in docs/guides/server.md: origin, cookie, redirects, streams and uploads."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from aimd_core.errors import UsageError
from aimd_server.settings import resolve
from tests.server.api import User, line, new_id, wish
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

HOST = "aimd.example.org"
_CONFIG = """
worker_processes 1;
daemon off;
error_log {place}/error.log;
pid {place}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {place}/cert.pem;
        ssl_certificate_key {place}/key.pem;
        client_max_body_size 256m;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Prefix "{prefix}";
        proxy_request_buffering off;
        proxy_buffering off;
        location {location} {{ proxy_pass http://127.0.0.1:{target}; }}
    }}
}}
"""
_SETTINGS = """
from aimd_server.settings import SETTINGS
SETTINGS["trusted_proxies"].default = ("127.0.0.1",)
SETTINGS["allowed_hosts"].default = ("aimd.example.org",)
SETTINGS["base_path"].default = {base_path!r}
"""
# Where nginx looks, what it passes on to, what it says about that, and what the server takes off itself.
WAYS = {
    "at the top": ("/", "", "", ""),
    "the server takes the path off": ("/tools/aimd/", "", "", "/tools/aimd"),
    "the proxy takes the path off": ("/tools/aimd/", "/", "/tools/aimd", ""),
}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _nginx(place: Path, target: str, location: str, prefix: str) -> Iterator[int]:
    """Run nginx with a certificate of its own and return the port."""
    place.mkdir()
    names = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem"), "-subj", f"/CN={HOST}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names]
    subprocess.run(made, check=True, capture_output=True)
    port = _free_port()
    words = {"place": place, "port": port, "target": target, "location": location, "prefix": prefix}
    (place / "nginx.conf").write_text(_CONFIG.format(**words))
    process = subprocess.Popen(["nginx", "-p", str(place), "-c", str(place / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (place / "error.log").read_text()
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture(params=WAYS)
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[httpx.Client, User, str]]:
    """A browser before nginx before a server, a user, and the address that the browser sees."""
    require_part("nginx", shutil.which("nginx") is not None and shutil.which("openssl") is not None)
    location, passed_on, prefix, base_path = WAYS[request.param]
    server = RunningServer(tmp_path / "data", before=_SETTINGS.format(base_path=base_path))
    with (
        server,
        User(server) as user,
        _nginx(tmp_path / "nginx", f"{server.port}{passed_on}", location, prefix) as port,
    ):
        origin = f"https://{HOST}:{port}"
        headers = {"Host": f"{HOST}:{port}", "Origin": origin}
        with httpx.Client(verify=False, trust_env=False, headers=headers, timeout=PATIENCE_S) as http:
            yield http, user, f"https://127.0.0.1:{port}{location.rstrip('/')}"


def test_a_browser_signs_in_with_a_cookie_for_https_below_the_path(browser: tuple[httpx.Client, User, str]) -> None:
    http, user, address = browser
    path = address.split(":", 2)[2].partition("/")[2]
    api = f"{address}/t9k/experiment/server/apis/v2"
    answer = http.post(f"{api}/session", json={"key": user.key})
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie
    assert f"Path={'/' + path if path else ''}/t9k/experiment;" in cookie
    value = cookie.partition(";")[0]
    signed_in = {"Cookie": value}
    assert http.post(f"{api}/folders", json={"path": "x"}, headers=signed_in).status_code == 201
    foreign = http.get(f"{api}/folders", headers={**signed_in, "Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert http.get(f"{api}/info", headers={"Host": "evil.example"}).status_code == 421
    login = http.get(f"{address}/t9k/experiment/server/apis/v1/folders")
    assert (login.status_code, login.headers["location"]) == (302, f"{'/' + path if path else ''}/t9k/experiment/web/")
    assert http.get(f"{address}/healthz").text == "ok"


def test_uploads_and_events_go_through_without_waiting(browser: tuple[httpx.Client, User, str]) -> None:
    http, user, address = browser
    api, trial_id = f"{address}/t9k/experiment/server/apis/v2", new_id()
    assert http.put(f"{api}/trials/{trial_id}", json=wish(), headers=user.headers).status_code == 201
    part = b"".join(line(step) for step in range(20_000))
    headers = {**user.headers, "Upload-Offset": "0"}
    seen = threading.Event()

    def read() -> None:
        with http.stream("GET", f"{api}/events", params={"trials": trial_id}, headers=user.headers) as events:
            opened.set()
            for text in events.iter_lines():
                if text.startswith("data:"):
                    seen.set()
                    return

    opened = threading.Event()
    reader = threading.Thread(target=read)
    reader.start()
    assert opened.wait(PATIENCE_S)
    answer = http.patch(f"{api}/trials/{trial_id}/files/metrics", content=part, headers=headers)
    assert answer.status_code == 204, answer.text
    assert seen.wait(PATIENCE_S)
    reader.join(PATIENCE_S)
    assert http.get(f"{api}/trials/{trial_id}/files/metrics", headers=user.headers).content == part


def test_nobody_else_says_where_a_request_came_from(own_server: RunningServer) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil"}
    answer = httpx.get(f"{own_server.url}/apis/v1/folders", headers=forged, verify=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/t9k/experiment/web/")
    assert (
        httpx.get(f"{own_server.origin}/healthz", headers={"Host": "evil.example", **forged}, verify=False).status_code
        == 421
    )


@pytest.mark.parametrize("path", ["tools", "/tools/../x", "/to ols", "//x", "/x?y", "/."])
def test_a_base_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="base_path"):
        resolve({"base_path": path}, environment={})


def test_a_base_path_may_end_with_a_slash_and_come_from_the_environment() -> None:
    assert resolve({}, environment={"AIMD_SERVER_BASE_PATH": "/tools/aimd/"}).base_path == "/tools/aimd"
