"""Accounts, keys and the upkeep of a server: `aimd server …`, readiness, meters, logs, settings."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from aimd_core.errors import ConfigError, UsageError
from aimd_server.accounts import create_key, set_user
from aimd_server.routes.proxies import Proxies
from aimd_server.settings import SETTINGS, resolve
from tests.server.api import User, line
from tests.support.database_file import connected
from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer


def status_of(server: RunningServer, key: str, path: str = "/apis/v2/info") -> int:
    return httpx.get(f"{server.url}{path}", headers={"Authorization": f"Bearer {key}"}, verify=False).status_code


def test_what_is_done_to_users_and_keys_holds_from_the_next_request_on(home: Home, own_server: RunningServer) -> None:
    data = ("--data-dir", own_server.data_dir)
    assert home.aimd("server", "user", "add", "lin", *data).code == 0
    key = home.aimd("server", "key", "create", "--user", "lin", "--name", "laptop", *data).out.strip()
    assert status_of(own_server, key) == 200
    for action, status in (("disable", 401), ("enable", 200)):
        assert home.aimd("server", "user", action, "lin", *data).code == 0
        assert status_of(own_server, key) == status
    (row,) = home.aimd("server", "key", "ls", *data).table
    assert (row["user"], row["name"], row["scope"], row["state"]) == ("lin", "laptop", "write", "valid")
    assert key not in home.aimd("server", "key", "ls", "--json", *data).out
    assert home.aimd("server", "key", "revoke", row["id"], *data).code == 0
    assert status_of(own_server, key) == 401
    assert home.aimd("server", "key", "revoke", row["id"], *data).code == 3
    short = home.aimd("server", "key", "create", "--user", "lin", "--expires", "12h", *data).out.strip()
    assert status_of(own_server, short) == 200
    assert home.aimd("server", "user", "promote", "lin", *data).code == 0
    assert status_of(own_server, short, "/apis/v2/audit") == 200
    assert home.aimd("server", "user", "rm", "lin", *data).code == 2
    assert home.aimd("server", "user", "rm", "lin", "--yes", *data).code == 0
    assert status_of(own_server, short) == 401
    assert home.aimd("server", "user", "ls", *data).table == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "disable", "nobody"), 3),
        (("user", "add", "a b"), 2),
        (("user", "add", "lin"), 2),
        (("key", "create", "--user", "nobody"), 3),
        (("key", "create", "--user", "lin", "--expires", "soon"), 2),
        (("key", "create", "--user", "lin", "--expires", "0d"), 2),
        (("key", "create", "--user", "lin", "--scope", "all"), 2),
        (("key", "ls", "--user", "nobody"), 3),
        (("group", "join", "nothing", "lin"), 3),
        (("group", "add", "a/b"), 2),
        (("restore", "/nothing"), 3),
    ],
)
def test_what_cannot_be_done_to_accounts_ends_with_its_code(home: Home, words: tuple[str, ...], code: int) -> None:
    data = ("--data-dir", home.path / "d")
    home.aimd("server", "user", "add", "lin", *data)
    ran = home.aimd("server", *words, *data)
    assert (ran.code, ran.out) == (code, "")


@pytest.mark.sqlite
def test_commands_on_data_that_are_not_there_make_none(home: Home) -> None:
    for words in (("status",), ("check",), ("backup", "x"), ("user", "ls"), ("key", "ls"), ("group", "ls")):
        assert home.aimd("server", *words, "--data-dir", home.path / "none").code == 3, words
    assert not (home.path / "none").exists()


def test_groups_are_made_joined_left_and_removed(home: Home) -> None:
    data = ("--data-dir", home.path / "d")
    home.aimd("server", "user", "add", "lin", *data)
    for words in (("add", "team"), ("join", "team", "lin"), ("join", "team", "lin")):
        assert home.aimd("server", "group", *words, *data).code == 0
    assert home.aimd("server", "group", "ls", "--json", *data).json["groups"] == [{"name": "team", "members": ["lin"]}]
    assert home.aimd("server", "group", "leave", "team", "lin", *data).code == 0
    assert home.aimd("server", "group", "ls", *data).out == "name\tmembers\nteam\t\n"
    assert home.aimd("server", "group", "rm", "team", *data).code == 0


def test_a_user_makes_lists_and_revokes_keys_over_http(user: User, stranger: User) -> None:
    answer = user.v2("POST", "/me/keys", json={"name": "ci", "scope": "upload", "expires_days": 7})
    made = answer.json()
    assert (answer.status_code, made["scope"], made["state"]) == (201, "upload", "valid")
    assert status_of(user.server, made["key"]) == 200
    assert status_of(user.server, made["key"], "/apis/v2/trials") == 403
    rows = user.v2("GET", "/me/keys").json()["keys"]
    assert made["key"] not in json.dumps(rows)
    assert stranger.v2("DELETE", f"/me/keys/{made['id']}").status_code == 404
    assert user.v2("DELETE", f"/me/keys/{made['id']}").status_code == 204
    assert status_of(user.server, made["key"]) == 401
    for wrong in ({"scope": "all"}, {"expires_days": 0}, {"expires_days": 1e9}, {"name": ""}, {"more": 1}):
        assert user.v2("POST", "/me/keys", json=wrong).status_code == 422, wrong


def test_an_upload_only_key_deletes_nothing_by_replacing(user: User) -> None:
    from tests.server.api import new_id, wish

    first = user.new_trial("cnn")
    key = create_key(user.server.data_dir, user.name, scope="upload")
    url, headers = f"{user.server.url}/apis/v2/trials/{new_id()}", {"Authorization": f"Bearer {key}"}
    assert httpx.put(url, headers=headers, json=wish("cnn", on_conflict="replace"), verify=False).status_code == 403
    assert httpx.put(url, headers=headers, json=wish("other"), verify=False).status_code == 201
    assert user.trial(first)["name"] == "cnn"


def test_the_audit_log_says_who_did_what_and_never_a_key(user: User) -> None:
    folder = user.v2("POST", "/folders", json={"path": "audited"}).json()["id"]
    key = user.v2("POST", "/me/keys", json={}).json()["key"]
    link = user.v2("POST", f"/folders/{folder}/shares", json={"link": True}).json()["key"]
    user.v2("DELETE", f"/folders/{folder}")
    assert user.v2("GET", "/audit").status_code == 403
    set_user(user.server.data_dir, user.name, "promote")
    page = user.v2("GET", "/audit", params={"limit": "500"}).json()
    mine = [entry["action"] for entry in page["entries"] if entry["actor"] == user.name]
    assert mine[::-1] == ["folder.make", "key.create", "folder.share", "folder.delete"]
    assert key not in json.dumps(page)
    assert link not in json.dumps(page)


def test_what_is_shared_with_a_user_is_listed_once_with_the_most_that_they_may(user: User, stranger: User) -> None:
    trial = user.new_trial("t", folder={"path": "a/b", "make": True})
    folder = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
    user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name})
    assert stranger.trial(trial)["owner"] == user.name
    assert stranger.v2("DELETE", f"/trials/{trial}").status_code == 403
    assert stranger.v2("GET", "/trials", params={"folder_id": folder}).json()["trials"][0]["id"] == trial
    (item,) = stranger.v2("GET", "/shared").json()["items"]
    assert (item["path"], item["owner"], item["role"]) == ("/a", user.name, "viewer")
    again = user.v2("POST", f"/folders/{folder}/shares", json={"user": stranger.name, "role": "editor"})
    assert len(user.v2("GET", f"/folders/{folder}/shares").json()["shares"]) == 1
    assert stranger.patch(trial, 0, line(1)).status_code == 204
    user.v2("DELETE", f"/folders/{folder}/shares/{again.json()['id']}")
    assert stranger.v2("GET", f"/trials/{trial}").status_code == 404
    for wrong in ({}, {"user": "a", "link": True}, {"link": True, "role": "editor"}, {"user": "nobody-known"}):
        assert user.v2("POST", f"/folders/{folder}/shares", json=wrong).status_code == 422, wrong


def test_what_is_moved_to_another_tree_takes_that_trees_rights(user: User, stranger: User) -> None:
    trial = user.new_trial("t", folder={"path": "gift/inner", "make": True})
    gift = user.v2("GET", "/folders/by-path", params={"path": "gift"}).json()["id"]
    theirs = stranger.v2("POST", "/folders", json={"path": "inbox"}).json()["id"]
    assert user.v2("PATCH", f"/folders/{gift}", json={"parent": theirs}).status_code == 404
    stranger.v2("POST", f"/folders/{theirs}/shares", json={"user": user.name, "role": "editor"})
    assert user.v2("PATCH", f"/folders/{gift}", json={"parent": theirs}).json()["owner"] == stranger.name
    assert stranger.trial(trial)["folder"]["path"] == "/inbox/gift/inner"
    back = user.v2("PATCH", f"/trials/{trial}", json={"folder": {"path": "gift", "make": True}})
    assert back.status_code == 403  # an editor takes nothing out of somebody's tree


def test_the_server_says_when_it_is_ready_and_counts_for_its_administrator_only(own_server: RunningServer) -> None:
    with User(own_server, "lin") as user:
        user.new_trial()
        assert httpx.get(f"{own_server.origin}/readyz", verify=False).text == "ready"
        assert httpx.get(f"{own_server.origin}/metrics", verify=False).status_code == 401
        assert user.http.get(f"{own_server.origin}/metrics", headers=user.headers).status_code == 403
        set_user(own_server.data_dir, "lin", "promote")
        text = user.http.get(f"{own_server.origin}/metrics", headers=user.headers).text
        assert re.search(r'aimd_requests_total\{method="PUT",route="[^"]*/trials/\{id\}",status="201"\} 1\n', text)
        assert "\naimd_trials 1\n" in text
        assert re.search(r'aimd_request_seconds_bucket\{le="\+Inf"\} \d+\n', text)
        for row in text.splitlines():
            assert re.fullmatch(r'# TYPE \w+ \w+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+', row), row


@pytest.mark.sqlite
@pytest.mark.sqlite
def test_a_server_is_not_ready_while_no_write_succeeds(tmp_path: Path) -> None:
    before = "from aimd_server.services import monitoring\nmonitoring.WRITTEN_S = 0.0\n"
    with RunningServer(tmp_path / "data", before) as server:
        address = f"{server.origin}/readyz"
        assert httpx.get(address, verify=False).text == "ready"
        assert server.process is not None
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (16, limits[1]))  # as on a full disk
        assert httpx.get(address, verify=False).status_code == 503
        assert httpx.get(f"{server.origin}/healthz", verify=False).status_code == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        assert httpx.get(address, verify=False).text == "ready"


@pytest.mark.sqlite
def test_a_backup_of_a_running_server_restores_all_and_check_finds_what_is_changed(
    home: Home, own_server: RunningServer
) -> None:
    data = ("--data-dir", own_server.data_dir)
    content = b"".join(line(step) for step in range(12_000))
    with User(own_server, "lin") as user:
        trial = user.new_trial()
        assert user.patch(trial, 0, content).status_code == 204
        status = home.aimd("server", "status", "--json", *data).json
        assert (status["trials"], status["ready"]) == (1, True)
        assert home.aimd("server", "check", *data).code == 0
        assert home.aimd("server", "backup", home.path / "b.db", *data).code == 0
        assert (home.path / "b.db").stat().st_mode & 0o777 == 0o600
        assert home.aimd("server", "backup", home.path / "b.db", *data).code == 2
        assert home.aimd("server", "restore", home.path / "b.db", *data).code == 2  # it runs
        user.v2("DELETE", f"/trials/{trial}")
        own_server.stop()
        assert home.aimd("server", "status", "--json", *data).json["ready"] is False
        restored = home.aimd("server", "restore", home.path / "b.db", *data)
        assert restored.code == 0, restored.err
        own_server.start()
        assert user.bytes_of(trial) == content
        own_server.stop()
    database = connected(own_server.data_dir / "aimd.db")
    database.execute("UPDATE journal_block SET digest = zeroblob(32)")
    database.execute("UPDATE trial SET owner_id = 999")
    database.commit()
    database.close()
    ran = home.aimd("server", "check", *data)
    assert ran.code == 6
    assert any("digest" in row["what"] for row in ran.table)
    assert any(row["where"] == "trial" for row in ran.table)


@pytest.mark.sqlite
@pytest.mark.parametrize("fault", ["cut", "text", "empty", "zeros"])
def test_what_is_no_sound_backup_is_not_restored(home: Home, fault: str) -> None:
    data = ("--data-dir", home.path / "d")
    home.aimd("server", "user", "add", "lin", *data)
    file = home.path / "b.db"
    home.aimd("server", "backup", file, *data)
    content = file.read_bytes()
    broken = {"cut": content[: len(content) // 2], "text": b"no database", "empty": b""}
    file.write_bytes(broken.get(fault, content[:20_000] + bytes(60_000) + content[80_000:]))
    before = (home.path / "d" / "aimd.db").read_bytes()
    ran = home.aimd("server", "restore", file, *data)
    assert (ran.code, "Traceback" in ran.err) == (6, False), ran.err
    assert (home.path / "d" / "aimd.db").read_bytes() == before


def test_logs_are_json_lines_without_a_key_or_a_query(home: Home) -> None:
    data = home.path / "d"
    environment = {**os.environ, "AIMD_SERVER_LOG_FORMAT": "json", "AIMD_SERVER_PORT": "0"}
    command = [sys.executable, "-m", "aimd_cli", "server", "start", "--data-dir", str(data), "--log-level", "debug"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home.work
    )
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix("Listening on ").strip()
    home.aimd("server", "user", "add", "lin", "--data-dir", data)
    key = home.aimd("server", "key", "create", "--user", "lin", "--data-dir", data).out.strip()
    headers = {"X-Forwarded-For": "10.9.9.9"}
    assert httpx.get(f"{url}/apis/v1/folders", params={"apikey": key}, headers=headers, verify=False).status_code == 200
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE_S)
    entries = [json.loads(row) for row in log.splitlines() if row.startswith("{")]
    (entry,) = [entry for entry in entries if entry["logger"] == "aimd_server.requests"]
    assert (entry["method"], entry["status"], entry["client"]) == ("GET", 200, "127.0.0.1")
    assert key not in log
    assert "apikey" not in log


def test_settings_come_from_flags_then_the_environment_then_a_file(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("port: 1\nhost: 0.0.0.0\nallowed_hosts: [a.example]\ntrash_days: 5\n")
    environment = {"AIMD_SERVER_PORT": "2", "AIMD_SERVER_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"}
    made = resolve({"port": 3, "host": None}, file, environment)
    assert (made.port, made.host, made.allowed_hosts, made.trash_days) == (3, "0.0.0.0", ("a.example",), 5)
    assert made.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert resolve({}, file, environment).port == 2
    for wrong in ("port: x", "port: 70000", "nothing: 1", "- a", "log_format: xml", "allowed_hosts: 3", "a: ["):
        file.write_text(wrong)
        with pytest.raises((UsageError, ConfigError)):
            resolve({}, file, {})


def test_the_documents_name_every_setting() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/server.md").read_text()
    for name, setting in SETTINGS.items():
        assert f"| `{name}` | `AIMD_SERVER_{name.upper()}` |" in text
        assert setting.meaning in text


def test_only_a_trusted_proxy_says_who_calls() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6, 1.2.3.4")]
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": headers}
    assert Proxies(()).client_of(scope) == "10.0.0.1"
    assert Proxies(("10.0.0.1",)).client_of(scope) == Proxies(["10.0.0.0/8"]).client_of(scope) == "1.2.3.4"
    assert Proxies(("10.0.0.1",)).client_of({**scope, "headers": []}) == "10.0.0.1"
