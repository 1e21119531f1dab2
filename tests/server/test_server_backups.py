"""`backup` and `restore`: every flipped bit is found, nothing is half done, and access stays taken away."""

from __future__ import annotations

import copy
import hashlib
import random
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aimd_core.client.connection import NO_RETRY
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import DamagedError
from aimd_core.reading.documents import Trial
from aimd_core.upload.contents import Destination, Result
from aimd_core.upload.following import Follower
from aimd_core.upload.mirror import Mirror
from aimd_core.upload.remote import CurrentRemote, upload_all
from aimd_server import accounts, backups, operations
from aimd_server.stores import epochs, row_sums
from aimd_server.stores.database import Database
from tests.server.api import User, line
from tests.support.database_file import connected
from tests.support.home import Home
from tests.support.server import RunningServer, run_python
from tests.support.trials import write_trial

pytestmark = pytest.mark.sqlite


class Filled:
    """A stopped server with something in every table, and a backup of it."""

    def __init__(self, place: Path) -> None:
        self.data_dir = place / "data"
        self.file = place / "b.db"
        server = RunningServer(self.data_dir)
        with server:
            user = User(server, "lin")
            server.new_user("mei")
            trial = user.new_trial("cnn", folder={"id": None, "path": "a/b", "make": True}, tags=["x"])
            user.patch(trial, 0, b"".join(line(step, loss=step / 7) for step in range(5000)))
            user.v2("POST", "/contents", content=b"[9]\nnine byte")
            digest = hashlib.sha256(b"nine byte").hexdigest()
            sent = user.v2("POST", f"/trials/{trial}/files", json={"files": [{"path": "a/b", "digest": digest}]})
            assert sent.status_code == 200
            headers = {"Upload-Offset": "0", "Upload-Length": "9"}
            user.v2("PATCH", f"/contents/{'0' * 64}", headers=headers, content=b"begun")
            user.put(user.new_trial("small", parameters={"a": 1, "text": "x" * 300}))
            self.folder = user.v2("GET", "/folders/by-path", params={"path": "a"}).json()["id"]
            self.share = user.v2(
                "POST", f"/folders/{self.folder}/shares", json={"user": "mei", "role": "editor"}
            ).json()
            self.link = user.v2("POST", f"/folders/{self.folder}/shares", json={"link": True}).json()
            self.key = user.v2("POST", "/me/keys", json={"name": "laptop"}).json()
            self.user, self.trial = user, trial
            accounts.set_group(self.data_dir, "vision", "add")
            accounts.set_group(self.data_dir, "vision", "join", "mei")
            user.v2("POST", f"/folders/{self.folder}/shares", json={"group": "vision"})
        self.server = server
        backups.backup(self.data_dir, self.file)

    def copied_to(self, place: Path) -> Filled:
        """Return the same, elsewhere."""
        made = copy.copy(self)
        made.data_dir, made.file = place / "data", place / "b.db"
        shutil.copytree(self.data_dir, made.data_dir)
        shutil.copyfile(self.file, made.file)
        made.server = RunningServer(made.data_dir)
        made.user = User(made.server, self.user.name, self.user.key)
        return made


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    made = Filled(tmp_path_factory.mktemp("backups"))
    yield made
    made.user.http.close()


@pytest.fixture
def filled(template: Filled, tmp_path: Path) -> Iterator[Filled]:
    made = template.copied_to(tmp_path)
    yield made
    made.user.http.close()


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def state_of(data_dir: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in data_dir.iterdir() if path.is_file() and path.name != "server.lock"
    }


def refuses_every_flip(template: Filled, place: Path, bits: list[int]) -> None:
    content = template.file.read_bytes()
    data_dir = place / "data"
    shutil.copytree(template.data_dir, data_dir)
    before = state_of(data_dir)
    file = place / "flipped.db"
    for bit in bits:
        file.write_bytes(flipped(content, bit))
        with pytest.raises(DamagedError) as refused:
            backups.restore(data_dir, file)
        assert str(file) in str(refused.value), bit
    assert state_of(data_dir) == before


def test_a_backup_with_a_flipped_bit_is_refused_and_nothing_changes(template: Filled, tmp_path: Path) -> None:
    size = template.file.stat().st_size * 8
    drawn = random.Random(13).sample(range(size), 60)
    refuses_every_flip(template, tmp_path, [*drawn, 0, 18 * 8, 28 * 8, size - 1, size - 8 * 84, size - 8 * 40])


@pytest.mark.soak
def test_a_backup_with_any_bit_of_any_byte_flipped_is_refused(template: Filled, tmp_path: Path) -> None:
    draw = random.Random(14)
    size = template.file.stat().st_size
    refuses_every_flip(template, tmp_path, [8 * byte + draw.randrange(8) for byte in range(0, size, 7)])


@pytest.mark.parametrize("change", ["cut", "without its last line", "longer", "a database", "sealed anew"])
def test_what_is_no_backup_is_refused(template: Filled, tmp_path: Path, change: str) -> None:
    content = template.file.read_bytes()
    file = tmp_path / "other.db"
    if change == "sealed anew":  # by somebody who changed a point, and knows the format
        file.write_bytes(content[: -backups._SEAL_BYTES])
        with closing(connected(file)) as database:
            database.execute("UPDATE journal SET next_offset = next_offset + 1")
            database.commit()
        backups._seal(file)
    elif change == "a database":
        shutil.copyfile(template.data_dir / "aimd.db", file)
    else:
        size = {"cut": len(content) // 2, "without its last line": len(content) - backups._SEAL_BYTES}
        file.write_bytes(content[: size.get(change, len(content))] + b"x" * (change == "longer"))
    with pytest.raises(DamagedError):
        backups.restore(tmp_path / "new", file)
    assert not (tmp_path / "new" / "aimd.db").exists()


def test_a_restore_that_compares_nothing_is_caught(
    template: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = template.file.read_bytes()
    where = content.index(b"laptop")
    file = tmp_path / "flipped.db"
    file.write_bytes(flipped(content, 8 * where))
    monkeypatch.setattr(backups, "_require_sealed", lambda path: path.stat().st_size - backups._SEAL_BYTES)
    with pytest.raises(DamagedError, match="row_sum_api_key"):
        backups.restore(tmp_path / "new", file)
    monkeypatch.setattr(row_sums, "faults", lambda _: [])
    backups.restore(tmp_path / "new", file)  # nothing else would find it
    assert "laptop" not in str(accounts.keys(tmp_path / "new"))


def epoch_of(data_dir: Path) -> str | None:
    with Database(data_dir) as database:
        return database.read(epochs.current)


def test_the_epoch_is_kept_over_restarts_and_backups_and_changes_when_restored(filled: Filled, home: Home) -> None:
    with filled.server:
        first = filled.user.v2("GET", "/info").json()["epoch"]
        filled.server.restart()
        assert filled.user.v2("GET", "/info").json()["epoch"] == first
    assert home.aimd("server", "migrate", "--to", home.path / "moved", "--data-dir", filled.data_dir).code == 0
    assert epoch_of(home.path / "moved") == first
    backups.restore(filled.data_dir, filled.file)
    again = epoch_of(filled.data_dir)
    assert again not in (None, first)
    with filled.server:
        assert filled.user.v2("GET", "/info").json()["epoch"] == again


def test_what_was_taken_away_since_the_backup_stays_away_and_is_named(filled: Filled, home: Home) -> None:
    data = ("--data-dir", filled.data_dir)
    accounts.add_user(filled.data_dir, "boss", admin=True)
    file = home.path / "later.db"
    backups.backup(filled.data_dir, file)
    with filled.server:
        filled.user.v2("DELETE", f"/me/keys/{filled.key['id']}")
        for share in (filled.share, filled.link):
            assert filled.user.v2("DELETE", f"/folders/{filled.folder}/shares/{share['id']}").status_code == 204
    accounts.set_user(filled.data_dir, "boss", "demote")
    accounts.set_group(filled.data_dir, "vision", "leave", "mei")
    accounts.set_user(filled.data_dir, "mei", "rm")
    ran = home.aimd("server", "restore", file, *data)
    assert ran.code == 0, ran.err
    for what in (
        f"key {filled.key['id']} (laptop) of lin",
        "user mei",
        "admin rights of boss",
        "mei in group vision",
        "/a shared with mei",
        "public link to /a",
    ):
        assert f"Taken away since the backup, and still: {what}\n" in ran.err, ran.err
    states = {row["name"]: (row["state"], row["admin"]) for row in accounts.users(filled.data_dir)}
    assert states == {"lin": ("enabled", False), "mei": ("disabled", False), "boss": ("enabled", False)}
    with filled.server:
        laptop = {"Authorization": f"Bearer {filled.key['key']}"}
        assert filled.user.v2("GET", "/info", headers=laptop).status_code == 401
        link = {"Authorization": f"Bearer {filled.link['key']}"}
        assert filled.user.v2("GET", f"/folders/{filled.folder}", headers=link).status_code == 401
        shares = filled.user.v2("GET", f"/folders/{filled.folder}/shares").json()["shares"]
        assert [share["group"] for share in shares] == ["vision"]
        assert filled.user.trial(filled.trial)["name"] == "cnn"


def test_restore_access_brings_it_all_back(filled: Filled, home: Home) -> None:
    accounts.revoke_key(filled.data_dir, filled.key["id"])
    accounts.set_user(filled.data_dir, "mei", "disable")
    ran = home.aimd("server", "restore", filled.file, "--restore-access", "--data-dir", filled.data_dir)
    assert "Back as in the backup: key" in ran.err
    assert "Back as in the backup: user mei" in ran.err
    assert accounts.users(filled.data_dir)[1]["state"] == "enabled"
    with filled.server:
        laptop = {"Authorization": f"Bearer {filled.key['key']}"}
        assert filled.user.v2("GET", "/info", headers=laptop).status_code == 200


def test_a_narrower_share_stays_narrow_and_a_wider_one_is_as_in_the_backup(filled: Filled) -> None:
    with filled.server:
        path = f"/folders/{filled.folder}/shares"
        filled.user.v2("POST", path, json={"user": "mei", "role": "viewer"})
        filled.user.v2("POST", path, json={"group": "vision", "role": "owner"})
    backups.restore(filled.data_dir, filled.file)
    with filled.server:
        shares = filled.user.v2("GET", path).json()["shares"]
        roles = {share["user"] or share["group"]: share["role"] for share in shares}
        assert (roles["mei"], roles["vision"]) == ("viewer", "viewer")


def test_without_data_to_compare_with_a_restore_warns(template: Filled, home: Home) -> None:
    ran = home.aimd("server", "restore", template.file, "--data-dir", home.path / "new")
    assert ran.code == 0
    assert "keys revoked since the backup are valid again" in ran.err


def test_a_log_that_is_left_is_not_read_into_what_is_restored(template: Filled, tmp_path: Path) -> None:
    data_dir = tmp_path / "d"
    with RunningServer(data_dir) as other, User(other, "sue") as user:
        user.new_trial("other")
        other.kill()
    (data_dir / "aimd.db").write_bytes(b"damaged")
    kept = backups.restore(data_dir, template.file).kept
    assert kept is not None
    assert kept.read_bytes() == b"damaged"
    assert kept.with_name(f"{kept.name}-wal").exists()
    assert [row["name"] for row in accounts.users(data_dir)] == ["lin", "mei"]
    assert operations.check(data_dir).faults == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from aimd_server import backups
calls, at, names = 0, int(sys.argv[4]), ("replace", "link", "fsync", "unlink", "truncate")
def counted(function):
    def call(*args, **more):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **more)
    return call
for name in names:
    setattr(os, name, counted(getattr(os, name)))
Path.unlink = counted(Path.unlink)
getattr(backups, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]))
"""


def killed_at(step: int, command: str, data_dir: Path, file: Path) -> bool:
    """Run a command that is killed before its nth change of the disk; tell whether there was one."""
    return run_python(_KILLED, command, str(data_dir), str(file), str(step)).returncode < 0


def contents_of(data_dir: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(data_dir / "aimd.db")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names = [name for name in names if name not in ("epoch", "session")]
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in names}


SOME = pytest.param(3, id="at some steps")
EACH = pytest.param(1, id="at each step", marks=pytest.mark.soak)


@pytest.mark.parametrize("stride", [SOME, EACH])
def test_a_restore_that_is_killed_leaves_old_or_new_data_whole(template: Filled, tmp_path: Path, stride: int) -> None:
    for step in range(2, 90, stride):
        data_dir = tmp_path / str(step)
        shutil.copytree(template.data_dir, data_dir)
        accounts.add_user(data_dir, "new")
        old = contents_of(data_dir)
        is_killed = killed_at(step, "restore", data_dir, template.file)
        contents = contents_of(data_dir)
        assert contents == old or [row[1] for row in contents["account"]] == ["lin", "mei"], step
        assert operations.check(data_dir).faults == []
        if not is_killed:
            assert step > 5
            assert not list(data_dir.glob(".*.part*"))
            break
        shutil.rmtree(data_dir)
    else:
        raise AssertionError("it was killed each time")


@pytest.mark.parametrize("stride", [SOME, EACH])
def test_a_backup_that_is_killed_leaves_no_file_or_a_whole_one(template: Filled, tmp_path: Path, stride: int) -> None:
    before = contents_of(template.data_dir)
    for step in range(2, 90, stride):
        file = tmp_path / "b.db"
        is_killed = killed_at(step, "backup", template.data_dir, file)
        if file.exists():
            backups.restore(tmp_path / f"new{step}", file)
            file.unlink()
        if not is_killed:
            assert step > 3
            break
    else:
        raise AssertionError("it was killed each time")
    assert not list(tmp_path.glob(".*.part*"))  # also those of the killed ones
    assert contents_of(template.data_dir) == before


_FULL = """
import sys
from pathlib import Path
from aimd_server import backups
from aimd_cli.errors import exit_code
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), limits[1]))
try:
    getattr(backups, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]))
except Exception as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    print(error)
    sys.exit(exit_code(error))
"""


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_leaves_everything_as_it_was(template: Filled, tmp_path: Path, command: str) -> None:
    """The limit is one on the size of a file, which SQLite and Python meet like a full disk, at each size in turn."""
    data_dir = tmp_path / "data"
    shutil.copytree(template.data_dir, data_dir)
    before = contents_of(data_dir)
    whole = template.file.stat().st_size
    file = template.file if command == "restore" else tmp_path / "b.db"
    for limit in (0, 4096, 50_000, whole // 2, whole - 4096, whole - 50):
        done = run_python(_FULL, command, str(data_dir), str(file), str(limit))
        assert done.returncode == 7, (limit, done.stdout, done.stderr)
        assert contents_of(data_dir) == before
        assert not list(data_dir.glob(".*.part*"))
        assert command == "restore" or not file.exists()


class Watched:
    """A server with a backup, and a watcher of trials that has sent one since."""

    def __init__(self, filled: Filled, work: Path) -> None:
        self.filled = filled
        self.path = write_trial(
            work / ".aimd/trials", "late", trial_id=str(uuid.uuid4()), status="Succeeded", name="late"
        )
        credentials = Credentials(filled.server.url, filled.user.key, {})
        self.remote = lambda: CurrentRemote(credentials, NO_RETRY)
        self.clock = 0.0
        self.follower = self.new_follower()

    def new_follower(self, ask_epoch: bool = True) -> Follower:
        def ask() -> str | None:
            with self.remote() as remote:
                return remote.epoch() if ask_epoch else None

        def upload(trials: Sequence[Trial]) -> Iterator[Result]:
            return upload_all(self.remote, trials, Destination(), 1)

        return Follower(lambda: [Trial(self.path)], upload, lambda: self.clock, ask)

    def round(self) -> list[str | None]:
        return [result.uploaded and result.uploaded.outcome for result in self.follower.round()]

    def lose(self) -> None:
        """Restore the backup, which does not have the trial, under the running watcher."""
        self.filled.server.stop()
        backups.restore(self.filled.data_dir, self.filled.file)
        self.filled.server.start()


def test_a_watcher_sends_again_what_a_restored_server_lost(filled: Filled, tmp_path: Path) -> None:
    with filled.server:
        watched = Watched(filled, tmp_path / "work")
        assert watched.round() == ["created"]
        watched.clock = 1.0
        assert watched.round() == []
        filled.server.restart()
        watched.clock = 100.0
        assert watched.round() == []  # the same data
        watched.lose()
        watched.clock = 200.0
        assert watched.round() == ["created"]
        watched.clock = 300.0
        assert watched.round() == []


def test_a_watcher_that_asks_for_no_epoch_loses_the_trial(filled: Filled, tmp_path: Path) -> None:
    """Also what happens with a server that has no epoch: nothing breaks."""
    with filled.server:
        watched = Watched(filled, tmp_path / "work")
        watched.follower = watched.new_follower(ask_epoch=False)
        assert watched.round() == ["created"]
        watched.lose()
        watched.clock = 100.0
        assert watched.round() == []


def test_a_mirror_compares_all_with_a_restored_server(filled: Filled, tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    work = tmp_path / "work"

    def rounds() -> int:
        credentials = Credentials(filled.server.url, key, {})

        def upload(trials: Sequence[Trial], destination: Destination) -> Iterator[Result]:
            return upload_all(lambda: CurrentRemote(credentials, NO_RETRY), trials, destination, 1)

        with Server(credentials, NO_RETRY) as server:
            mirror = Mirror(work, server, upload, tmp_path / "memory")
            changed = mirror.round()
            assert mirror.is_same_server()
            mirror.close()
            return changed

    accounts.add_user(filled.data_dir, "local")
    key = accounts.create_key(filled.data_dir, "local")
    path = write_trial(work / ".aimd/trials", trial_id=str(uuid.uuid4()), status="Succeeded")
    with filled.server:
        assert rounds() == 1
    file = tmp_path / "early.db"
    backups.backup(filled.data_dir, file)
    with filled.server:
        record_more = b'{"train": {"value": {"loss": 1.0}, "sequence": {"step": 1}}}\n'
        (path / "metrics").write_bytes(record_more)
        assert rounds() == 1
        assert rounds() == 0
    backups.restore(filled.data_dir, file)  # it has the trial, but not its points
    with filled.server:
        assert rounds() == 1
        answer = filled.user.http.get(
            f"{filled.server.url}/apis/v2/trials/{Trial(path).id}/files/metrics",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.content == record_more
