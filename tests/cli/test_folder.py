"""`aimd folder …`: on a server of this project, and on one that speaks version 1 only."""

from __future__ import annotations

import http.server
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_cli.views.folder import FolderList, FolderTree, SharedList, ShareList
from tests.conftest import Account
from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer


def test_a_folder_is_made_found_listed_moved_and_deleted(home: Home, signed_in: Account) -> None:
    made = home.aimd("folder", "mk", "-p", "image/mnist")
    assert (made.code, made.err) == (0, "")
    assert str(uuid.UUID(made.out.strip())) == made.out.strip()
    assert home.aimd("folder", "id", "/image/mnist").out == made.out
    assert [row["path"] for row in home.aimd("folder", "ls").table] == ["/image"]
    assert [row["path"] for row in home.aimd("folder", "tree").table] == ["/image", "/image/mnist"]
    (row,) = home.aimd("folder", "ls", "image").table
    assert (row["path"], row["id"], row["trials"], row["role"]) == ("/image/mnist", made.out.strip(), "0", "owner")
    assert home.aimd("folder", "mv", "image/mnist", "digits").code == 0
    assert home.aimd("folder", "ls", "--json").json["folders"][0]["path"] == "/digits"
    gone = home.aimd("folder", "rm", "digits", "--yes")
    assert (gone.code, gone.out) == (0, "")
    assert home.aimd("folder", "id", "digits").code == 3
    assert home.aimd("folder", "restore", made.out.strip()).code == 0
    assert home.aimd("folder", "id", made.out.strip()).out == made.out
    path = home.aimd("folder", "id", made.out.strip(), "--json").json["folders"][0]["path"]
    for called in (path, path.lstrip("/"), path.rpartition("/")[2], made.out[:8]):
        assert home.aimd("folder", "rm", path, "--yes").code == 0
        assert home.aimd("folder", "restore", called).code == 0, called
    assert home.aimd("folder", "restore", "nothing").code == 3


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("ls", "nowhere"), 3, "error: folder /nowhere is not on the server"),
        (("mk", "a/b"), 3, "error: folder /a is not on the server"),
        (("mk", "a/b"), 3, "aimd folder mk -p PATH"),
        (("mk", "/"), 2, "always exists"),
        (("mk", "a/../b"), 1, "'..'"),
        (("mv", "there", "there/in"), 1, "lie in itself"),
        (("mk", "there"), 1, "already exists in"),
        (("rm", "there"), 2, "--yes"),
        (("rm", "/", "--yes"), 2, "root"),
        (("share", "there"), 2, "one of"),
        (("share", "there", "nobody-known", "viewer"), 1, "no user"),
        (("share", "there", "x", "boss"), 2, "boss"),
        (("unshare", "there", "nobody-known"), 3, "not shared"),
        (("ls", "--shared", "there"), 2, "--shared"),
        (("tree", "-L", "0"), 2, "0"),
    ],
)
def test_what_cannot_be_done_says_why_and_ends_with_its_code(
    home: Home, signed_in: Account, words: tuple[str, ...], code: int, text: str
) -> None:
    home.aimd("folder", "mk", "there")
    ran = home.aimd("folder", *words)
    assert (ran.code, ran.out) == (code, ""), ran
    assert text in ran.err
    assert "Traceback" not in ran.err


def test_a_tree_is_drawn_in_a_terminal_and_says_the_same_in_ascii(home: Home, signed_in: Account) -> None:
    for path in ("images/digits/图像", "speech"):
        home.aimd("folder", "mk", "-p", path)
    shown = home.aimd_terminal("folder", "tree", columns=80)
    assert "├── images" in shown
    assert "图像" in shown
    plain = home.aimd_terminal("folder", "tree", columns=80, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "+-- images" in plain
    assert "\x1b" not in home.aimd_terminal("folder", "ls", NO_COLOR="1", TERM="dumb")
    for columns in (40, 80, 120):
        table = home.aimd_terminal("folder", "ls", columns=columns, NO_COLOR="1")
        assert "images" in table
        assert max(map(len, table.splitlines())) <= columns


def test_rm_asks_at_a_terminal_and_no_is_no(home: Home, signed_in: Account) -> None:
    import pexpect

    home.aimd("folder", "mk", "-p", "a/b")
    for answer, code in (("n", 2), ("y", 0)):
        child = pexpect.spawn(
            sys.executable, ["-m", "aimd_cli", "folder", "rm", "a"], encoding="utf-8", timeout=PATIENCE_S
        )
        child.expect("Move /a, 1 folder in it and 0 trials to the trash")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
    assert home.aimd("folder", "ls").table == []


def test_a_folder_is_shared_seen_and_taken_back(home: Home, signed_in: Account, running_server: RunningServer) -> None:
    name = f"mei-{uuid.uuid4().hex[:8]}"
    mei = running_server.new_user(name)
    folder = home.aimd("folder", "mk", "team").out.strip()
    assert home.aimd("folder", "share", "team", name, "editor").code == 0
    (row,) = home.aimd("folder", "ls-shares", "team").table
    assert (row["with"], row["kind"], row["role"]) == (name, "user", "editor")
    seen = home.aimd_process("folder", "ls", "--shared", AIMD_API_KEY=mei, AIMD_HOST=signed_in.url)
    assert [(one["id"], one["role"]) for one in seen.table] == [(folder, "editor")]
    assert home.aimd_process("folder", "ls", folder, AIMD_API_KEY=mei, AIMD_HOST=signed_in.url).code == 0
    assert home.aimd("folder", "unshare", "team", name).code == 0
    assert home.aimd_process("folder", "ls", folder, AIMD_API_KEY=mei, AIMD_HOST=signed_in.url).code == 3
    link = home.aimd("folder", "share", "team", "--link", "--expires-days", "1").out.strip()
    assert home.aimd_process("folder", "id", folder, AIMD_API_KEY=link, AIMD_HOST=signed_in.url).code == 0
    assert home.aimd_process("folder", "rm", folder, "-y", AIMD_API_KEY=link, AIMD_HOST=signed_in.url).code == 4


@pytest.fixture
def old_server(running_server: RunningServer) -> Iterator[str]:
    """A server that speaks version 1 only: everything of version 2 is not there, the rest is handed on."""

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            """Hand redirects on: without a key version 1 answers by one to a login page."""

    hand_on = urllib.request.build_opener(NoRedirects)

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            if "/apis/v2" in self.path:
                status, body = 404, b""
            else:
                size = int(self.headers.get("Content-Length") or 0)
                call = urllib.request.Request(running_server.origin + self.path, method=self.command)
                call.data = self.rfile.read(size) if size else None
                try:
                    with hand_on.open(call, timeout=PATIENCE_S) as answer:
                        status, body = answer.status, answer.read()
                except urllib.error.HTTPError as refused:
                    status, body = refused.code, refused.read()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/t9k/experiment/server"
        server.shutdown()
        thread.join()


def test_a_server_of_version_1_lists_finds_and_makes_and_says_what_it_cannot(
    home: Home, account: Account, old_server: str
) -> None:
    home.write_config(f"aimd_host: {old_server}\napi_key: {account.key}\n")
    made = home.aimd("folder", "mk", "-p", "a/b")
    assert made.code == 0, made.err
    assert home.aimd("folder", "mk", "-p", "a/b").out == made.out
    assert home.aimd("folder", "mk", "a").code == 1
    assert home.aimd("folder", "mk", "x/y").code == 3
    assert home.aimd("folder", "id", "a/b").out == made.out
    assert [row["path"] for row in home.aimd("folder", "tree").table] == ["/a", "/a/b"]
    assert [row["path"] for row in home.aimd("folder", "ls").table] == ["/a"]
    assert home.aimd("folder", "ls", "zzz").code == 3
    for words in (("mv", "a", "c"), ("rm", "a", "-y"), ("ls-shares", "a"), ("share", "a", "x"), ("ls", "--shared")):
        ran = home.aimd("folder", *words)
        assert (ran.code, "version 1" in ran.err) == (1, True), ran


def test_names_from_people_do_nothing_to_a_terminal() -> None:
    row = {"name": "a\x1b[31m[link=x]", "path": "/a\x1b[31m[link=x]", "id": "i", "trials": 1, "owner": "o", "role": "r"}
    from rich.console import Console

    shares = [{"id": 1, "user": "u\x1b", "group": None, "role": "viewer", "created": "", "expires": None}]
    views = [FolderList([row], "/"), FolderTree({"path": "/"}, [row]), SharedList([row]), ShareList(shares)]
    for view in views:
        console = Console(width=80, color_system=None, highlight=False, markup=False)
        with console.capture() as capture:
            console.print(view.rich(80))
        assert "\x1b" not in capture.get()


def test_no_command_of_folders_needs_more_than_a_home_to_explain_itself(home: Home, tmp_path: Path) -> None:
    for command in ("ls", "tree", "id", "mk", "mv", "rm", "restore", "share", "unshare", "ls-shares"):
        ran = home.aimd("folder", command, "-h")
        assert ran.code == 0
        assert "Examples:" in ran.out
    assert home.aimd("folder", "ls").code == 4
