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
from tests.support.trials import write_trial


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


def test_every_command_takes_a_folder_of_a_named_server(
    home: Home, signed_in: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.aimd("login", "--as", "team", "-k", signed_in.key).code == 0
    monkeypatch.setenv("AIMD_HOST", "http://127.0.0.1:9")  # nothing answers there: only the name leads to the server
    assert home.aimd("folder", "mk", "-p", "team:/named/mnist").code == 0
    named = home.aimd("folder", "id", "team:named").out.strip()
    number = str(home.aimd("folder", "share", "team:/named", "--link", "--json").json["share"]["id"])
    for words in (
        ("ls", "team:/named"),
        ("ls", "team:"),
        ("tree", "team:/"),
        ("ls-shares", "team:/named"),
        ("unshare", "team:/named", "--number", number),
        ("note", "team:/named", "better"),
        ("note", "team:/named"),
        ("report", "team:/named", "--html", str(tmp_path / "report.html")),
        ("mv", "team:/named/mnist", "named/digits"),
        ("mv", "team:/named/digits", "team:/named/mnist"),
        ("rm", "team:/named", "--yes"),
        ("restore", f"team:{named[:8]}"),
    ):
        ran = home.aimd("folder", *words)
        assert ran.code == 0, (words, ran.err)
    assert home.aimd("folder", "mv", "named", "team:/named").code == 2
    assert "both name a server" in home.aimd("folder", "ls", "team:/named", "--host", signed_in.url).err
    assert home.aimd("folder", "ls", "elsewhere:/named").code == 3


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
    for answer, code in (("n", 1), ("y", 0)):
        child = pexpect.spawn(
            sys.executable, ["-m", "aimd_cli", "folder", "rm", "a"], encoding="utf-8", timeout=PATIENCE_S
        )
        child.expect("Move /a, 1 folder in it and 0 trials to the trash")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
    assert home.aimd("folder", "ls").table == []


def test_a_folder_counts_what_is_below_and_a_tree_shows_the_trials(home: Home, signed_in: Account) -> None:
    for name, folder in (("one", "image/mnist"), ("two", "image/mnist"), ("three", "image")):
        write_trial(
            home.work / ".aimd" / "trials", f"{name}_261123_150327_f9by70", name=name, trial_id=str(uuid.uuid4())
        )
        assert home.aimd("trial", "upload", "-n", name, "-P", folder, "-m").code == 0
    rows = {row["path"]: (row["trials"], row["trials_below"]) for row in home.aimd("folder", "tree").table}
    assert rows == {"/image": ("1", "3"), "/image/mnist": ("2", "2")}
    shown = home.aimd_terminal("folder", "ls", NO_COLOR="1")
    assert "image       3" in shown
    tree = home.aimd_terminal("folder", "tree", "--trials", NO_COLOR="1")
    assert tree.index("image  3 trials") < tree.index("mnist  2 trials") < tree.index("two  ")
    trials = home.aimd("folder", "tree", "--trials", "-L", "1", "--json").json["trials"]
    assert [trial["name"] for trial in trials] == ["three"]
    moved = home.aimd("trial", "mv", "remote:/image/three", "/missing")
    assert (moved.code, "To create it: -m" in moved.err) == (3, True)


def test_a_tree_keeps_each_trial_on_its_line(home: Home, signed_in: Account) -> None:
    name = "resnet50-imagenet-pretrained-cosine-warmup-mixup-ls0.1-x_261123_150327_f9by70"
    write_trial(home.work / ".aimd" / "trials", name, name=name[:54], trial_id=str(uuid.uuid4()), status="Succeeded")
    assert home.aimd("trial", "upload", "-d", ".", "-P", "a/b", "-m").code == 0
    tree = home.aimd_terminal("folder", "tree", "--trials", columns=40, NO_COLOR="1").splitlines()
    (line,) = [line for line in tree if "resnet" in line]
    assert line.rstrip().endswith("✓ Succeeded")
    assert line.startswith("        └── resnet5")


def test_a_name_that_is_taken_is_said_without_an_option_that_the_command_lacks(home: Home, signed_in: Account) -> None:
    for name in ("one", "two"):
        write_trial(
            home.work / ".aimd" / "trials", f"{name}_261123_150327_f9by70", name=name, trial_id=str(uuid.uuid4())
        )
    assert home.aimd("trial", "upload", "-d", ".", "-P", "a", "-m").code == 0
    for words in (
        ("folder", "mk", "a"),
        ("trial", "rename", "remote:/a/one", "two"),
        ("folder", "mv", "a", "a/one"),
    ):
        ran = home.aimd(*words)
        assert (ran.code != 0, "conflict-strategy" in ran.err) == (True, False), ran.err
    assert "a trial or a folder named 'a' already exists in /" in home.aimd("folder", "mk", "a").err
    assert "Run: aimd folder ls --trash" in home.aimd("folder", "restore", "nope").err


def test_every_folder_command_answers_in_json_and_the_trash_is_listed(home: Home, signed_in: Account) -> None:
    home.aimd("folder", "mk", "a")
    assert home.aimd("folder", "mv", "a", "b", "--json").json["folder"]["path"] == "/b"
    assert home.aimd("folder", "share", "b", "--link", "--json").json["share"]["key"]
    assert home.aimd("folder", "unshare", "b", "--number", "1", "--json").code in (0, 3)
    assert home.aimd("folder", "rm", "b", "--yes", "--json").json["outcome"] == "deleted"
    assert [row["path"] for row in home.aimd("folder", "ls", "--trash").table] == ["/b"]
    assert "aimd folder restore PATH" in home.aimd_terminal("folder", "ls", "--trash")
    assert home.aimd("folder", "ls", "--trash", "/b").code == 2
    assert home.aimd("folder", "restore", "/b", "--json").json["folder"]["path"] == "/b"
    assert home.aimd("folder", "ls", "--trash").table == []


def test_a_hint_about_a_user_names_the_data_directory(home: Home) -> None:
    data = home.work / "data"
    assert home.aimd("server", "user", "add", "mei", "--data-dir", str(data)).code == 0
    ran = home.aimd("server", "key", "create", "--user", "lin", "--data-dir", str(data))
    assert (ran.code, f"aimd server user add lin --data-dir {data}" in ran.err) == (3, True)


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
    shared = home.aimd("folder", "share", "team", "--link", "--expires-days", "1")
    link = shared.out.strip()
    assert f"/t9k/experiment/web/#/s/{link}/" in " ".join(shared.err.split())
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
    for command in ("ls", "tree", "id", "mk", "mv", "rm", "restore", "note", "report", "share", "unshare", "ls-shares"):
        ran = home.aimd("folder", command, "-h")
        assert ran.code == 0
        assert "Examples:" in ran.out
    assert home.aimd("folder", "ls").code == 4


def test_the_note_of_a_folder_is_written_and_becomes_one_file(home: Home, signed_in: Account) -> None:
    home.aimd("folder", "mk", "vision")
    assert "has no note" in home.aimd("folder", "note", "vision").err
    assert home.aimd_process("folder", "note", "vision", "-", stdin="# Night\n\n```view\nshow: list\n```\n").code == 0
    assert home.aimd("folder", "note", "vision").out == "# Night\n\n```view\nshow: list\n```\n"
    assert home.aimd("folder", "note", "vision", "--json").json["etag"].startswith('"')
    written = home.aimd("folder", "report", "vision", "--html", home.work / "report.html")
    assert (written.code, written.out) == (0, "")
    page = (home.work / "report.html").read_text()
    assert "<h2>Night</h2>" in page
    assert "(no trials)" in page
    again = home.aimd("folder", "report", "vision", "--html", home.work / "report.html")
    assert (again.code, "--force" in again.err) == (1, True)
    assert home.aimd("folder", "report", "vision", "--html", "-").out.startswith("<!doctype html>")
    assert home.aimd("folder", "note", "nowhere").code == 3
    hostile = "a\tb\x1b]0;owned\x07\n\u202ec\n"
    assert home.aimd_process("folder", "note", "vision", "-", stdin=hostile).code == 0
    assert home.aimd("folder", "note", "vision").out == hostile
    seen = home.aimd_terminal("folder", "note", "vision")
    assert "\\x1b]0;owned\\x07" in seen
    assert "\\u202ec" in seen
    assert "\x1b]0;" not in seen
    assert home.aimd("folder", "note", "vision", "x" * 70_000).code == 1
    assert home.aimd("folder", "note", "vision", "").code == 0
    assert home.aimd("folder", "note", "vision").out == ""
