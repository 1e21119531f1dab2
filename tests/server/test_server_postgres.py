"""What is PostgreSQL's own: opening it, its password, its failures, several replicas deciding at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import Connection, text

from aimd_core.errors import DamagedError, UsageError
from aimd_server import operations
from aimd_server.accounts import add_user, create_key
from aimd_server.errors import DatabaseUnreachableError, NewerDatabaseError, StoreUnavailableError
from aimd_server.services import folder_tree, indexing, trial_changes, trial_lists, trials
from aimd_server.services.folders import FolderWish
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import folding
from aimd_server.services.trial_changes import TrialChange
from aimd_server.services.trial_lists import ListRequest
from aimd_server.services.trials import TrialWish
from aimd_server.settings import resolve
from aimd_server.stores import accounts, health, list_plans, migration, postgres
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.location import check_without_password, parsed, shown
from aimd_server.stores.schema import HEAD, NUL_AS
from tests.server.api import User, line, new_id, wish
from tests.support.appending import append
from tests.support.home import Home
from tests.support.list_queries import make_user
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.postgres import Postgres, execute
from tests.support.server import RunningServer, run_python
from tests.support.stores import own_postgres as own_postgres

SECRET = "open-sesame"
NOT_BUSY = """
from aimd_server.routes import v2
v2._STATUS["busy"] = 500
"""


def on(url: str, place: Path) -> Path:
    """Return a data directory whose database is that of a URL."""
    place.mkdir(mode=0o700, exist_ok=True)
    (place / "server.yaml").write_text(json.dumps({"database": url}))
    return place


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


def test_eight_processes_may_make_the_first_schema_at_once(url: str, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from aimd_server.accounts import add_user; "
    program += "add_user(Path(sys.argv[1]), sys.argv[2])"
    data_dir = on(url, tmp_path / "d")
    with ThreadPoolExecutor(8) as threads:
        for ran in threads.map(lambda number: run_python(program, str(data_dir), f"u{number}"), range(8)):
            assert ran.returncode == 0, ran.stderr
    assert execute(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert execute(url, "SELECT count(*) FROM account") == [(8,)]


def test_a_migration_may_take_longer_than_any_request(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    upgrade = migration._upgrade

    def looking(connection: Any, *given: Any) -> None:
        seen.extend(
            str(connection.execute(text(f"SHOW {name}")).scalar()) for name in ("statement_timeout", "lock_timeout")
        )
        upgrade(connection, *given)

    monkeypatch.setattr(migration, "_upgrade", looking)
    with Database(on(url, tmp_path / "d")) as database:
        after = database.read(lambda connection: connection.execute(text("SHOW statement_timeout")).scalar())
    assert (seen, after) == (["0", "0"], "1min")


def test_lists_are_planned_for_their_values(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    plan_of = list_plans.plan_of

    def looking(connection: Any, *given: Any) -> Any:
        seen.append(str(connection.execute(text("SHOW plan_cache_mode")).scalar()))
        return plan_of(connection, *given)

    monkeypatch.setattr(list_plans, "plan_of", looking)
    with Database(on(url, tmp_path / "d")) as database:
        trial_lists.page_of_trials(database, make_user(database), ListRequest())
        after = database.read(lambda connection: connection.execute(text("SHOW plan_cache_mode")).scalar())
    assert (seen, after) == (["force_custom_plan"], "auto")


def test_a_kill_inside_a_migration_leaves_the_old_schema(url: str, tmp_path: Path) -> None:
    program = "import sys, os; from pathlib import Path; from aimd_server.stores import migration, database\n"
    program += "inner = migration._upgrade\n"
    program += "def upgrade(*given):\n    inner(*given)\n    os.kill(os.getpid(), 9)\n"
    program += "migration._upgrade = upgrade\ndatabase.Database(Path(sys.argv[1]))\n"
    data_dir = on(url, tmp_path / "d")
    assert run_python(program, str(data_dir)).returncode == -9
    assert execute(url, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'trial'") == [(0,)]
    Database(data_dir).close()
    assert execute(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_database_of_a_newer_version_is_left_alone_and_named_without_its_password(url: str, tmp_path: Path) -> None:
    Database(tmp_path, url).close()
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError, match="9999") as caught:
        Database(tmp_path, url.replace("postgres@", f"postgres:{SECRET}@"))
    assert SECRET not in str(caught.value)
    assert execute(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_database_whose_tables_are_not_those_of_its_version_is_named_and_left_alone(url: str, tmp_path: Path) -> None:
    Database(tmp_path, url).close()
    set_version = "UPDATE alembic_version SET version_num = "
    rename = "ALTER TABLE folder_note RENAME COLUMN editor TO other"
    for changes in ([f"{set_version}'0002'"], [f"{set_version}'{HEAD}'", rename]):
        for change in changes:
            execute(url, change)
        with pytest.raises(DamagedError, match="is not what its version says"):
            Database(tmp_path, url)


def test_a_database_that_is_not_there_is_a_clear_error_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachableError) as caught:
        Database(tmp_path, f"postgresql://lin:{SECRET}@127.0.0.1:9/aimd?sslmode=disable")
    assert str(caught.value).startswith("cannot use the database postgresql://lin@127.0.0.1:9/aimd:")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "aimd", "mysql://a/b", "postgresql://", "postgresql://host", f"postgresql:/{SECRET}"]
)
def test_what_is_no_address_of_a_database_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="does not look like postgresql://") as caught:
        parsed(text)
    assert SECRET not in str(caught.value)


def test_a_password_is_taken_from_everywhere_but_the_command_line(home: Home, url: str) -> None:
    secret = url.replace("postgres@", f"postgres:{SECRET}@")
    for one in (secret, f"{url}?password={SECRET}"):
        with pytest.raises(UsageError, match="list of processes") as caught:
            check_without_password(one)
        assert SECRET not in f"{caught.value} {caught.value.advice}"
        ran = home.aimd("server", "start", "--database", one)
        assert (ran.code, SECRET in ran.err) == (2, False)
    check_without_password(url)
    assert shown(secret) == url
    assert resolve({}, None, {"AIMD_SERVER_DATABASE": secret}).database == secret


def test_the_password_is_in_no_log_no_answer_and_no_command_line(url: str, tmp_path: Path) -> None:
    data_dir = on(url.replace("postgres@", f"postgres:{SECRET}@"), tmp_path / "d")
    own = ("env",)  # a program of its own, which has a command line
    with RunningServer(data_dir, log_level="debug", wrapped=own) as server, User(server, "lin") as user:
        assert f"Database: {url}" in server.log
        trial = user.new_trial()
        execute(url, "ALTER TABLE journal_tail RENAME TO away")
        answer = user.patch(trial, 0, line(1))
        assert answer.status_code == 503
        assert server.process is not None
        command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert str(data_dir).encode() in command
        assert SECRET.encode() not in command
        assert SECRET not in server.log + answer.text + json.dumps(operations.status(data_dir))


def test_nul_in_a_text_is_kept_as_the_same_sign_on_both_engines(url: str, tmp_path: Path) -> None:
    for place in (tmp_path / "file", on(url, tmp_path / "url")):
        with RunningServer(place) as server, User(server, "lin") as user:
            trial = user.new_trial(parameters={"a\0": "b\0"})
            assert user.patch(trial, 0, line(1, metrics_type="tra\0in")).status_code == 204
            found = user.trial(trial)
            assert found["parameters"] == {"a\0": "b\0"}
            assert list(found["metrics"]) == [f"tra{NUL_AS}in.loss"]
            assert user.bytes_of(trial) == line(1, metrics_type="tra\0in")
            assert user.v2("GET", "/trials", params={"folder": "a\0"}).status_code in (404, 422)


def test_check_and_status_work_and_backup_says_which_tool_is_for_that(home: Home, url: str, tmp_path: Path) -> None:
    data = ("--data-dir", on(url, tmp_path / "d"))
    for words in (("status",), ("check",), ("user", "ls")):
        assert home.aimd("server", *words, *data).code == 3  # no schema yet, and none is made
    assert home.aimd("server", "user", "add", "lin", *data).code == 0
    assert home.aimd("server", "check", *data).code == 0
    assert home.aimd("server", "status", "--json", *data).json["users"] == 1
    (tmp_path / "b.db").write_bytes(b"x")
    for words, tool in ((("backup", tmp_path / "new.db"), "pg_dump"), (("restore", tmp_path / "b.db"), "pg_restore")):
        ran = home.aimd("server", *words, *data)
        assert (ran.code, tool in ran.err) == (2, True), ran.err


class Both:
    """Two replicas in this process, at work on one account's folders."""

    def __init__(self, url: str, place: Path) -> None:
        self.databases = [Database(place, url), Database(place, url)]
        add_user(on(url, place), "lin")
        found = self.databases[0].read(lambda connection: accounts.by_name(connection, "lin"))
        assert found is not None
        self.lin = Account(found.id, "lin", writing=True)
        for database in self.databases:
            database.start_writer()

    def make(self, path: str) -> str:
        return str(self.make_in(self.databases[0], path)[0]["id"])

    def make_in(self, database: Database, path: str) -> tuple[dict[str, object], bool]:
        return folder_tree.make(database, self.lin, folder_tree.NewFolder(path=path))

    def change(self, database: Database, uid: str, **wish: str) -> object:
        return folder_tree.change(database, self.lin, uid, folder_tree.FolderChange(**wish))

    def at_once(self, *jobs: Callable[[Database], object]) -> list[object]:
        """Run a job in each replica at the same time and return their results, or the codes of refusals."""
        together = threading.Barrier(len(jobs))

        def run(job: Callable[[Database], object], database: Database) -> object:
            together.wait(PATIENCE_S)
            try:
                return job(database)
            except RefusalError as error:
                return error.code

        with ThreadPoolExecutor(len(jobs)) as pool:
            return [
                job.result() for job in [pool.submit(run, *pair) for pair in zip(jobs, self.databases, strict=True)]
            ]


@pytest.fixture
def both(url: str, tmp_path: Path) -> Iterator[Both]:
    made = Both(url, tmp_path / "both")
    yield made
    for database in made.databases:
        database.close()


def test_folders_moved_into_each_other_at_once_stay_a_tree(both: Both) -> None:
    for turn in range(12):
        first, second = both.make(f"a{turn}"), both.make(f"b{turn}")
        both.make(f"a{turn}/deep")
        both.make(f"a{turn}/deep/er")
        both.at_once(
            lambda database, one=first, other=second: both.change(database, one, parent=other),
            lambda database, one=first, other=second: both.change(database, other, parent=one),
        )
        assert both.databases[0].read(health.misplaced_folders) == []


def test_a_folder_made_in_one_that_is_renamed_at_once_has_its_path(both: Both) -> None:
    for turn in range(12):
        top = both.make(f"c{turn}")
        both.at_once(
            lambda database, one=top, n=turn: both.change(database, one, name=f"renamed{n}"),
            lambda database, n=turn: both.make_in(database, f"c{n}/x"),
        )
        assert both.databases[0].read(health.misplaced_folders) == []


def test_a_trial_that_is_moved_while_another_replica_folds_it_is_listed_where_it_is(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = both.databases
    uid, target = new_id(), both.make("other")
    trials.put(first, both.lin, uid, TrialWish(name="t", state="Running"))
    append(first, both.lin, uid, "metrics", 0, line(1))
    real, moves = indexing.put_totals, list[threading.Thread]()

    def move() -> None:
        trial_changes.apply(second, both.lin, uid, TrialChange(folder=FolderWish(id=target)))

    def slow(*facts: Any) -> None:
        moves.append(threading.Thread(target=move))
        moves[0].start()
        while moves[0].is_alive() and not second.read(has_waiting):
            time.sleep(0.01)
        real(*facts)

    monkeypatch.setattr(indexing, "put_totals", slow)
    folding.fold(first, [1])
    moves[0].join(PATIENCE_S)
    request = ListRequest(folder_id=target, sort="train.loss")
    (shown,) = cast(list[Any], trial_lists.page_of_trials(first, both.lin, request)["trials"])
    assert (shown["id"], shown["metrics"]["train.loss"]["last"]) == (uid, 0.5)
    assert first.read(lambda connection: list(indexing.faults(connection))) == []


def has_waiting(connection: Connection) -> bool:
    """Tell whether somebody waits for a lock in this database."""
    query = """SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()"""
    return bool(connection.execute(text(query)).scalar_one())


def test_a_deadlock_is_run_again_and_nobody_hears_of_it(both: Both) -> None:
    ids = [both.make(f"d{number}") for number in range(2)]

    def touch(database: Database, order: list[str]) -> object:
        def operation(connection: object) -> str:
            for uid in order:
                execute_on(connection, "UPDATE folder SET updated_us = updated_us + 1 WHERE uid = :uid", uid)
                time.sleep(0.3)
            return "done"

        return database.write(operation)

    assert both.at_once(lambda d: touch(d, ids), lambda d: touch(d, ids[::-1])) == ["done", "done"]


def execute_on(connection: object, statement: str, uid: str) -> None:
    from sqlalchemy import Connection, text

    assert isinstance(connection, Connection)
    connection.execute(text(statement), {"uid": uid})


def test_a_lost_commit_is_unavailable_and_never_done_twice(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    database = both.databases[0]
    ran = []

    def operation(connection: object) -> None:
        ran.append(1)
        execute_on(connection, "UPDATE account SET created_us = created_us + 1 WHERE name = :uid", "lin")

    real = type(database._writing.dialect).do_commit

    def lose(self: object, connection: object) -> None:
        connection.pgconn.finish()  # type: ignore[attr-defined]
        real(self, connection)  # type: ignore[arg-type]

    monkeypatch.setattr(type(database._writing.dialect), "do_commit", lose)
    with pytest.raises(StoreUnavailableError, match="while committing"):
        database.write(operation)
    monkeypatch.undo()
    assert len(ran) == 1


class Appending:
    """Somebody who appends, whatever the answers are, and notes what is wrong with them."""

    def __init__(self, user: User) -> None:
        self.user, self.trial = user, user.new_trial()
        self.answers: list[tuple[int, str | None]] = []
        self.faults: list[str] = []
        self._end = self._step = 0

    def until(self, holds: Callable[[list[int]], bool]) -> None:
        """Append until something holds for the statuses of the answers since now."""
        begin = len(self.answers)

        def is_enough() -> bool:
            for _ in range(20):  # without a pause, as under load
                self._append()
            return holds([status for status, _ in self.answers[begin:]])

        wait_until(is_enough, lambda: str(self.answers[begin:]))

    def _append(self) -> None:
        answer = self.user.patch(self.trial, self._end, line(self._step))
        self.answers.append((answer.status_code, answer.headers.get("retry-after")))
        if answer.status_code == 204:
            self._end, self._step = int(answer.headers["upload-offset"]), self._step + 1
        elif answer.status_code == 409:
            self._end = int(answer.json()["error"]["offset"])
            self._step += 1
        elif httpx.get(f"{self.user.server.origin}/readyz", verify=False).status_code not in (200, 503):
            self.faults.append("it does not say whether it is ready")

    def keeps_all(self) -> bool:
        """Tell whether the server has what it acknowledged, and no more."""
        return self.user.bytes_of(self.trial).count(b"\n") == self._step


def faults_of_a_kill_under_load(own_postgres: Postgres, data_dir: Path, before: str = "") -> list[str]:
    """Kill the database below a server that takes appends, start it again, and return what went wrong."""
    with RunningServer(data_dir, before) as server, User(server, "lin") as user:
        appending = Appending(user)
        appending.until(lambda statuses: statuses.count(204) > 20)
        kill = threading.Thread(target=own_postgres.kill)
        kill.start()
        appending.until(lambda statuses: sum(status >= 500 for status in statuses) > 5)
        kill.join()
        start = threading.Thread(target=own_postgres.start)
        start.start()
        appending.until(lambda statuses: statuses.count(204) > 20)
        start.join()
        found, seen = appending.faults, set(appending.answers)
        if not {(204, None), (503, "2")} <= seen <= {(204, None), (503, "2"), (409, None)}:
            found.append(f"it answered {seen}")
        if not appending.keeps_all():
            found.append("what it acknowledged is not what it has")
        if "Traceback" in server.log or httpx.get(f"{server.origin}/readyz", verify=False).text != "ready":
            found.append(f"it has not come back: {server.log}")
    return found


def test_a_database_that_is_killed_under_load_is_503_and_comes_back_by_itself(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    assert faults_of_a_kill_under_load(own_postgres, on(own_postgres.new_database(), tmp_path / "d")) == []


def test_a_server_that_fails_when_its_database_is_killed_is_caught(own_postgres: Postgres, tmp_path: Path) -> None:
    found = faults_of_a_kill_under_load(own_postgres, on(own_postgres.new_database(), tmp_path / "d"), NOT_BUSY)
    assert [fault for fault in found if "(500, " in fault]


def test_a_new_key_holds_at_every_replica_from_the_next_request_on(url: str, tmp_path: Path) -> None:
    places = [on(url, tmp_path / name) for name in ("one", "two")]
    with RunningServer(places[0]) as one, RunningServer(places[1]) as two, User(one, "lin") as user:
        other = user.at(two)
        assert other.v2("PUT", f"/trials/{user.new_trial()}", json=wish()).json()["outcome"] == "unchanged"
        key = create_key(places[0], "lin")
        assert (
            httpx.get(f"{two.url}/apis/v2/info", headers={"Authorization": f"Bearer {key}"}, verify=False).status_code
            == 200
        )
        other.http.close()


def test_only_what_met_another_replica_is_run_again() -> None:
    assert not postgres.is_worth_another_try(ValueError())
