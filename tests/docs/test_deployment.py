"""The systemd unit and the nginx and Caddy configurations in docs/guides/server.md work as printed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api import User, line
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer, clean_environment
from tests.support.strangers import unused_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "aimd.example.org"
_SETTINGS = """
from aimd_server.settings import SETTINGS
SETTINGS["trusted_proxies"].default = ("127.0.0.1",)
SETTINGS["allowed_hosts"].default = ("aimd.example.org",)
"""
_AROUND_NGINX = """
worker_processes 1;
daemon off;
error_log {place}/main.log;
pid {place}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
{block}
}}
"""


def block(language: str) -> str:
    """Return the one block of that language on the page."""
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / "docs/guides/server.md").read_text(), re.DOTALL | re.MULTILINE
    )
    return str(found)


def _replaced(text: str, *changes: tuple[str, str]) -> str:
    """Put the place of a test where the page names one of a machine; each has to be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(place: Path, port: int, target: int) -> list[str]:
    """Write the page's nginx with a certificate of its own; return the command."""
    names = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem"), "-subj", f"/CN={HOST}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names]
    subprocess.run(made, check=True, capture_output=True)
    text = _replaced(
        block("nginx"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/aimd.pem", f"{place}/cert.pem"),
        ("/etc/ssl/aimd.key", f"{place}/key.pem"),
        ("/var/log/nginx/", f"{place}/"),
        ("127.0.0.1:2463", f"127.0.0.1:{target}"),
        ("X-Forwarded-Host $host", "X-Forwarded-Host $http_host"),  # as the page says for another port
    )
    (place / "nginx.conf").write_text(_AROUND_NGINX.format(place=place, block=text))
    return ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")]


def caddy(place: Path, port: int, target: int) -> list[str]:
    """Write the page's Caddy with a certificate of its own; return the command."""
    own = "{\n    admin off\n    skip_install_trust\n    auto_https disable_redirects\n"
    own += f"    storage file_system {place}\n"
    text = _replaced(
        block("caddy"),
        ("{\n    log default", f"{own}    log default"),
        (f"{HOST} {{", f"https://{HOST}:{port} {{\n    bind 127.0.0.1\n    tls internal"),
        ("127.0.0.1:2463", f"127.0.0.1:{target}"),
    )
    (place / "Caddyfile").write_text(text)
    return ["caddy", "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"]


PROXIES = {"nginx": nginx, "caddy": caddy}


class Proxied:
    """A server behind a proxy, a user, and a browser that goes through the proxy."""

    def __init__(self, server: RunningServer, user: User, place: Path, port: int) -> None:
        self.server, self.user, self.place = server, user, place
        self.origin = f"https://{HOST}:{port}"
        self.api = f"https://127.0.0.1:{port}/t9k/experiment/server/apis"
        headers = {"Host": f"{HOST}:{port}", "Origin": self.origin}
        self.http = httpx.Client(verify=False, trust_env=False, headers=headers, timeout=PATIENCE_S)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request through the proxy, which wants the name in the greeting of TLS."""
        return self.http.request(method, f"{self.api}{path}", extensions={"sni_hostname": HOST}, **more)

    @property
    def log(self) -> str:
        """All that the proxy wrote."""
        return "".join(path.read_text() for path in sorted(self.place.glob("*.log")))


@contextmanager
def proxied(name: str, place: Path, edit: Callable[[str], str] = str) -> Iterator[Proxied]:
    """Run the page's proxy before a server; `edit` plants a fault in the configuration."""
    require_part(name, shutil.which(name) is not None and shutil.which("openssl") is not None)
    own = place / name
    own.mkdir()
    with RunningServer(place / "data", before=_SETTINGS) as server, User(server) as user:
        port = unused_port()
        command = PROXIES[name](own, port, server.port)
        file = Path(command[command.index("-c" if name == "nginx" else "--config") + 1])
        file.write_text(edit(file.read_text()))
        with (own / "said.log").open("w") as log:
            environment = {**clean_environment(), "HOME": str(own)}
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        made = Proxied(server, user, own, port)
        try:
            with made.http:
                _wait(port, process, made)
                yield made
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(port: int, process: subprocess.Popen[bytes], made: Proxied) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            made.ask("GET", "/v2/info")
        except (OSError, httpx.TransportError):
            assert process.poll() is None, made.log
            assert time.monotonic() < deadline_s, made.log
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_as_on_the_page_serves_the_console_an_upload_and_events(name: str, tmp_path: Path) -> None:
    with proxied(name, tmp_path) as proxy:
        forged = {"X-Forwarded-Prefix": "/evil"}
        answer = proxy.ask("POST", "/v2/session", json={"key": proxy.user.key}, headers=forged)
        assert answer.status_code == 200, answer.text
        assert "Secure" in answer.headers["set-cookie"]
        assert "/evil" not in answer.headers["set-cookie"]
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        assert proxy.ask("POST", "/v2/folders", json={"path": "x"}, headers=cookie).status_code == 201
        foreign = {**cookie, "Origin": "https://evil.example"}
        assert proxy.ask("POST", "/v2/folders", json={"path": "y"}, headers=foreign).status_code == 403
        trial_id = proxy.user.new_trial()
        assert _is_told(proxy, trial_id, b"".join(line(step) for step in range(20_000)))


def _is_told(proxy: Proxied, trial_id: str, part: bytes) -> bool:
    """Append through the proxy and tell whether a listener behind it hears of that, in time."""
    opened, seen = threading.Event(), threading.Event()
    address = f"{proxy.api}/v2/events?trials={trial_id}"

    def listen() -> None:
        own = {"headers": proxy.user.headers, "extensions": {"sni_hostname": HOST}}
        with proxy.http.stream("GET", address, **own) as events:  # type: ignore[arg-type]
            opened.set()
            for text in events.iter_lines():
                if text.startswith("data:"):
                    seen.set()
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert opened.wait(PATIENCE_S)
    headers = {**proxy.user.headers, "Upload-Offset": "0"}
    answer = proxy.ask("PATCH", f"/v2/trials/{trial_id}/files/metrics", content=part, headers=headers)
    assert answer.status_code == 204, answer.text
    listener.join(PATIENCE_S)
    return seen.is_set()


def _asks_of_a_server_that_is_gone(proxy: Proxied) -> str:
    """Use version 1, which has the key in its address, before and after the server has gone; return the key."""
    query = {"apikey": proxy.user.key}
    assert proxy.ask("GET", "/v1/folders", params=query).status_code == 200
    proxy.server.kill()
    assert proxy.ask("GET", "/v1/folders", params=query).status_code == 502
    time.sleep(0.2)
    return proxy.user.key


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_as_on_the_page_writes_no_key_even_when_the_server_is_gone(name: str, tmp_path: Path) -> None:
    with proxied(name, tmp_path) as proxy:
        assert _asks_of_a_server_that_is_gone(proxy) not in proxy.log


@pytest.mark.parametrize(("name", "guard", "planted"), [("nginx", " crit;", " error;"), ("caddy", "apikey", "other")])
def test_a_proxy_that_writes_queries_is_caught(name: str, guard: str, planted: str, tmp_path: Path) -> None:
    with proxied(name, tmp_path, lambda text: _replaced(text, (guard, planted))) as proxy:
        assert _asks_of_a_server_that_is_gone(proxy) in proxy.log


def _unit_faults(place: Path, text: str) -> str:
    """Return what systemd says about a unit whose program is there."""
    unit = place / "aimd.service"
    unit.write_text(_replaced(text, ("/opt/aimd/bin/aimd", str(Path(sys.executable).with_name("aimd")))))
    words = ["systemd-analyze", "verify", "--man=no", str(unit)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    require_part("systemd-analyze", shutil.which("systemd-analyze") is not None)
    assert "aimd.service" not in _unit_faults(tmp_path, block("ini"))
    assert "aimd.service" in _unit_faults(tmp_path, block("ini").replace("ProtectHome=yes", "ProtectHouse=yes"))


EXPOSURE = 1.2  # on systemd's scale from 0 to 10, as the page says


def _exposure(place: Path, text: str) -> float:
    """Return how exposed systemd takes a service of this unit to be."""
    unit = place / "aimd.service"
    unit.write_text(text)
    words = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (value,) = re.findall(r"Overall exposure level for aimd\.service: ([0-9.]+)", done.stdout)
    return float(value)


def test_the_unit_is_as_little_exposed_as_the_page_says(tmp_path: Path) -> None:
    require_part("systemd-analyze", shutil.which("systemd-analyze") is not None)
    assert _exposure(tmp_path, block("ini")) <= EXPOSURE
    for line_ in ("CapabilityBoundingSet=\n", "SystemCallFilter=@system-service\n", "PrivateUsers=yes\n"):
        assert _exposure(tmp_path, _replaced(block("ini"), (line_, ""))) > EXPOSURE, line_


def test_the_unit_bounds_memory_and_the_time_to_stop() -> None:
    for setting in ("MemoryMax=", "TasksMax=", "TimeoutStopSec="):
        assert f"\n{setting}" in block("ini")


def test_the_health_check_of_the_container_tells_a_ready_server_from_none(tmp_path: Path) -> None:
    (program,) = re.findall(r'CMD \["python", "-c", "(.*)"\]', block("dockerfile"))
    with RunningServer(tmp_path / "data") as server:
        for port, status in ((server.port, 0), (unused_port(), 1)):
            words = [sys.executable, "-c", _replaced(program, ("127.0.0.1:2463", f"127.0.0.1:{port}"))]
            assert subprocess.run(words, capture_output=True, check=False).returncode == status


def test_the_container_runs_as_nobody_much_with_packages_by_hash() -> None:
    text = block("dockerfile")
    assert "--require-hashes" in text
    page = (ROOT / "docs/guides/server.md").read_text()
    (wheel,) = re.findall(r"^echo './(\S+\.whl)\[server\]' \| uv pip compile ", page, re.MULTILINE)
    assert f"\nCOPY requirements.txt {wheel} /tmp/\nRUN cd /tmp && pip install " in text  # its path is relative
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert not re.search(r"^FROM (?!\$\{BASE\}$)", text, re.MULTILINE)  # which is a digest


def test_the_server_takes_the_options_of_the_unit() -> None:
    (words,) = re.findall(r"^ExecStart=/opt/aimd/bin/aimd (.*)$", block("ini"), re.MULTILINE)
    known = subprocess.run(
        [sys.executable, "-m", "aimd_cli", *words.split(), "--help"], capture_output=True, text=True, check=False
    )
    assert known.returncode == 0, known.stderr
    for option in re.findall(r"--[a-z-]+", words):
        assert option in known.stdout
