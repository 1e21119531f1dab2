"""Lists with the query language: the same trials in the same order as `aimd_core.query` says of what is shown."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aimd_core.errors import QueryError
from aimd_core.format.model import flatten
from aimd_core.query import matches, parse, parse_sort, sort_rows
from aimd_core.reading.facts import Facts, State, WholeFacts, seconds_of
from aimd_server import operations
from aimd_server.services import indexing, trash, trial_changes, trial_lists, trials
from aimd_server.services.folders import FolderWish
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.trash import Restoring
from aimd_server.services.trial_changes import TrialChange
from aimd_server.services.trial_lists import LIMITS, Limits, ListRequest
from aimd_server.services.trials import TrialWish
from aimd_server.stores import indexes, list_conditions
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from tests.server.api import User, line, new_id, wish
from tests.support.appending import append
from tests.support.list_queries import lines, make_trials, make_user, orders, queries

COUNT = 150


class World:
    """A store with trials, and what a list shows of them."""

    def __init__(self, database: Database, user: Account) -> None:
        self.database = database
        self.user = user
        self.documents: dict[str, dict[str, Any]] = {}
        self.limits = LIMITS

    def page(self, limits: Limits | None = None, **request: Any) -> Any:
        """Return one page of a list."""
        return trial_lists.page_of_trials(self.database, self.user, ListRequest(**request), limits or self.limits)

    def pages(self, limit: int = 500, limits: Limits | None = None, **request: Any) -> list[dict[str, Any]]:
        """Return the trials of all pages of a list."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(1000):
            page = self.page(limits, limit=limit, cursor=cursor, **request)
            assert len(page["trials"]) <= limit
            rows += page["trials"]
            cursor = page["next"]
            if cursor is None:
                return rows
        raise AssertionError("the list has no end")

    def expected(self, where: str, sort: str, **wanted: Any) -> list[str]:
        """Return the ids that must come, by what a plain list shows."""
        rows = self.pages(**wanted)
        query, now_s = parse(where), time.time()
        chosen = [row for row in rows if matches(query, self.facts(row), now_s)]
        ordered = sort_rows(chosen, parse_sort(sort) if sort else (), self.facts, now_s)
        return [row["id"] for row in ordered]

    def facts(self, row: dict[str, Any]) -> Facts:
        document = self.document(row["id"])
        return WholeFacts(
            name=row["name"],
            alternative_name=row["alternative_name"] or "",
            id=row["id"],
            state=State(row["state"] or row["status"] or "", None, row["reason"] or ""),
            folder=row["folder"]["path"],
            started=row["started"],
            ended=row["ended"],
            ending=row["ending"],
            last_write_s=seconds_of(row["last_write"]),
            tags=tuple(row["tags"]),
            note=row["note"],
            params=flatten(_plain(row["parameters"])),
            metrics=row["metrics"],
            git=document.get("_git") or {},
            platform=flatten(document.get("platform") or {}),
        )

    def document(self, uid: str) -> dict[str, Any]:
        import json

        from sqlalchemy import text

        if uid not in self.documents:
            query = text("SELECT document FROM trial WHERE uid = :uid")
            found = self.database.read(lambda connection: connection.execute(query, {"uid": uid}).scalar())
            self.documents[uid] = json.loads(str(found))
        return self.documents[uid]


def _plain(value: Any) -> dict[str, Any]:
    import json

    made: dict[str, Any] = json.loads(bytes(value)) if not isinstance(value, dict) else value
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Database(tmp_path_factory.mktemp("lists")) as database:
        made = World(database, make_user(database))
        make_trials(database, made.user, random.Random(7), COUNT)
        yield made


def _readable(where: str, sort: str) -> bool:
    try:
        parse(where)
        parse_sort(sort) if sort else ()
    except QueryError:
        return False
    return True


PLANS = {
    "walk": LIMITS._replace(few=-1),
    "stretches": LIMITS._replace(few=-1, set=-1, stretches=(2, 5, 5), long_stretches=(2, 7, 23)),
    "set": LIMITS._replace(few=-1, stretches=(2, 5, 5), long_stretches=(2, 7, 23)),
    "few": LIMITS,
    "python": LIMITS._replace(folders=-1),
}  # limits that make the server read lists one way only: walk an index, start from one, or sort by itself


def _check(world: World, where: str, sort: str, limit: int, folder: str, limits: Limits | None = None) -> None:
    """Compare a list, page by page, with what the query language says of a plain list."""
    request: dict[str, Any] = {"folder_path": folder.rstrip("=") or None, "below": not folder.endswith("=")}
    expected = world.expected(where, sort, **request)
    if limit == 1 and len(expected) > 12:
        limit = 19
    assert [row["id"] for row in world.pages(limit, limits, where=where, sort=sort, **request)] == expected
    page = world.page(limits, where=where, count=True, **request)
    assert page["count"] == {"value": len(expected), "capped": False}


any_list = given(
    where=queries(),
    sort=orders(),
    limit=st.sampled_from((1, 17, 50)),
    folder=st.sampled_from(("", "a", "/", "a=")),
    plan=st.sampled_from(list(PLANS)),
)


@settings(max_examples=25, deadline=None)
@any_list
def test_a_list_is_what_the_query_language_says_of_what_it_shows(
    world: World, where: str, sort: str, limit: int, folder: str, plan: str
) -> None:
    assume(_readable(where, sort))
    _check(world, where, sort, limit, folder, PLANS[plan])


@pytest.mark.soak
@settings(max_examples=500, deadline=None)
@any_list
def test_hundreds_of_lists_are_what_the_query_language_says(
    world: World, where: str, sort: str, limit: int, folder: str, plan: str
) -> None:
    assume(_readable(where, sort))
    _check(world, where, sort, limit, folder, PLANS[plan])


SORTS = ("-val.acc", "params.mixed", "-params.lr,-val.loss,name", "-name", "state", "tags", "-ended")
MORE_SORTS = ("val.acc.min", "-params.mixed", "name", "-state,name", "age", "-started", "note,-alternative_name")


CONDITIONS = (
    "",
    "params.lr >= 0.01",
    "val.acc.max > 0.2 and not params.flag = true",
    "state = running",
    "state = lost",
)


READ = ("walk", "stretches", "set", "few")


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_every_way_to_read_a_list_is_right_over_several_folders(world: World, second: bool, sort: str) -> None:
    """Each order is read in two ways, and each way and condition has its turn; the long sweep has all with all."""
    number = SORTS.index(sort)
    turn = number + 2 * second
    _check(world, CONDITIONS[turn % len(CONDITIONS)], sort, (19, 50)[second], "/", PLANS[READ[turn % len(READ)]])


@pytest.mark.soak
@pytest.mark.parametrize("plan", ["walk", "stretches", "set", "few"])
@pytest.mark.parametrize("sort", [*SORTS, *MORE_SORTS])
def test_every_way_to_read_a_list_is_right_with_every_condition(world: World, plan: str, sort: str) -> None:
    for where in CONDITIONS:
        _check(world, where, sort, 7, "/", PLANS[plan])


def test_the_comparison_finds_a_condition_that_sql_says_wrongly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    true = list_conditions.metric_condition

    def planted(field: Any, operator: str, value: Any) -> Any:
        return true(field, {">=": ">"}.get(operator, operator), value)

    monkeypatch.setattr(list_conditions, "metric_condition", planted)
    with pytest.raises(AssertionError):
        _check(world, "val.acc.max >= 1.0", "", 50, "")


def test_what_a_list_shows_filters_and_sorts_by_agrees_however_far_it_is_behind(tmp_path: Path) -> None:
    rng = random.Random(3)
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        ids = make_trials(database, world.user, rng, 40)
        world.limits = LIMITS._replace(behind=0, fresh_s=3600.0)
        is_behind = False
        for round_ in range(6):
            for uid in rng.sample(ids, 20):
                content = lines(rng, 4)
                end = append(database, world.user, uid, "metrics", 0, b"").offset
                append(database, world.user, uid, "metrics", end, content)
            changed = rng.choice(ids)
            wish_ = TrialChange(folder=FolderWish(path=rng.choice(("a", "moved")), make=True))
            trial_changes.apply(database, world.user, changed, wish_)
            for sort, where in (
                ("-val.acc", "val.acc >= 0.25"),
                ("val.loss.mean,-val.acc", ""),
                ("", "val.acc.count > 2"),
            ):
                _check(world, where, sort, 7, "")
            live = {uid: trials.shown(database, world.user, uid)["metrics"] for uid in ids}
            is_behind = is_behind or any(row["metrics"] != live[row["id"]] for row in world.pages())
            if round_ == 4:
                world.limits = world.limits._replace(fresh_s=0.0)
        assert is_behind  # so the test can fail
        world.pages()
        assert all(row["metrics"] == live[row["id"]] for row in world.pages())


def test_a_trial_that_ends_is_up_to_date_at_once(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        uid = new_id()
        trials.put(database, world.user, uid, TrialWish(name="t", state="Running"))
        end = 0
        for loss in (1.0, 2.0, 3.0):
            end = append(database, world.user, uid, "metrics", end, line(1, loss=loss)).offset
        measured = database.read(lambda connection: indexes.metrics_of(connection, [1]))
        assert measured == {}  # a running trial costs nothing until somebody asks
        trials.put(database, world.user, uid, TrialWish(name="t", state="Succeeded"))
        measured = database.read(lambda connection: indexes.metrics_of(connection, [1]))
        assert measured[1]["train.loss"]["last"] == 3.0


def test_an_order_by_what_people_and_trainings_change_follows_every_change(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        ids = [new_id() for _ in range(4)]
        for number, uid in enumerate(ids):
            wanted = TrialWish(name=f"t{number}", state="Running", parameters={"lr": 0.1})
            trials.put(database, world.user, uid, wanted)

        def order(sort: str) -> list[int]:
            found = [row["id"] for row in world.pages(sort=sort)]
            assert found == world.expected("", sort)
            return [ids.index(uid) for uid in found]

        trial_changes.apply(database, world.user, ids[0], TrialChange(name="z", tags=["b"], note="second"))
        trial_changes.apply(database, world.user, ids[3], TrialChange(tags=["a"], note="first"))
        assert order("name") == [1, 2, 3, 0]
        assert order("tags")[:2] == order("note")[:2] == [3, 0]
        ended = {"startTime": "2026-11-23T12:00:00+00:00", "endTime": "2026-11-23T13:00:00+00:00"}
        wanted = TrialWish(name="t2", state="Failed", metadata=ended, parameters={"lr": 0.2}, alternative_name="alt")
        trials.put(database, world.user, ids[2], wanted)
        assert order("state")[0] == order("-ended")[0] == order("-alternative_name")[0] == 2
        trash.delete_trial(database, world.user, ids[1])
        trash.restore_trial(database, world.user, ids[1], Restoring(name="zz"))
        assert order("-name") == [1, 0, 3, 2]
        assert order("state,params.lr")[0] == 2
        trial_changes.apply(database, world.user, ids[0], TrialChange(tags=[]))
        assert order("-tags")[0] == 3


def test_a_number_too_large_for_a_row_sorts_rightly_as_a_name(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        for name in ("9007199254740993", "9007199254740992", "1e3", "nan", "x", "10"):
            trials.put(database, world.user, new_id(), TrialWish(name=name))
        for sort in ("name", "-name"):
            assert [row["id"] for row in world.pages(1, sort=sort)] == world.expected("", sort)


def test_a_seed_of_64_bits_is_found_by_what_it_is_and_by_nothing_near_it(tmp_path: Path) -> None:
    seeds = [6371562874136734421, 6371562874136734422, (1 << 63) - 1, -(1 << 63), 9007199254740993, 1 << 60]
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        for seed in seeds:
            trials.put(database, world.user, new_id(), TrialWish(name=str(seed), parameters={"seed": seed}))
        for seed in seeds:
            where = f"params.seed = {seed}"
            assert [row["name"] for row in world.pages(1, where=where)] == [str(seed)]
            assert len(world.expected(where, "")) == 1
            assert not list(world.pages(1, where=f"params.seed = {seed - 3 if seed > 0 else seed + 3}"))


def test_pages_go_on_rightly_when_trials_go_and_come_between_them(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        world = World(database, make_user(database))
        ids = make_trials(database, world.user, random.Random(8), 60)
        for sort in ("-val.acc", "name", "params.mixed", "-started", ""):
            left = world.expected("", sort)
            page = world.page(limit=20, sort=sort)
            gone = {left[5], left[19], left[20], left[33]}  # the last one shown, and the next, among them
            for uid in gone:
                trash.delete_trial(database, world.user, uid)
            rest = []
            while page["next"]:
                page = world.page(limit=7, sort=sort, cursor=page["next"])
                rest += [row["id"] for row in page["trials"]]
            assert rest == [uid for uid in left[20:] if uid not in gone]
            for uid in gone:
                trash.restore_trial(database, world.user, uid, Restoring())
        assert len(world.pages()) == len(ids)


@pytest.mark.parametrize("sort", ["-val.acc", "val.loss.min", "started", "name", ""])
def test_a_condition_that_is_true_of_none_costs_a_bounded_walk_and_not_the_folder(world: World, sort: str) -> None:
    request: dict[str, Any] = {"where": "params.lr < 0.01 and params.lr > 0.01", "sort": sort, "folder_path": "/a"}
    page = world.page(PLANS["stretches"], below=False, **request)
    assert page["trials"] == []
    assert page["next"] is not None
    assert world.pages(limits=PLANS["stretches"], below=False, **request) == []


PLANTED = {
    "a parameter": "UPDATE trial_param SET num = num + 1 WHERE key = 'lr'",
    "a label": "UPDATE trial_param SET text = 'other' WHERE key = '\x02name'",
    "a row less": "DELETE FROM trial_param WHERE trial_id = 3 AND key = '\x02state'",
    "a row more": "UPDATE trial_param SET key = 'more' WHERE trial_id = 3 AND key = '\x02name'",
    "another folder": "UPDATE trial_param SET folder_id = folder_id + 1 WHERE trial_id = 3",
    "a metric": "UPDATE trial_metric SET min = 7",
    "a metric less": "DELETE FROM trial_metric",
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_check_finds_rows_that_lists_would_go_wrong_by(tmp_path: Path, planted: str) -> None:
    from sqlalchemy import text

    with Database(tmp_path) as database:
        user = make_user(database)
        ids = make_trials(database, user, random.Random(5), 20)
        trash.delete_trial(database, user, ids[7])
        assert database.read(lambda connection: list(indexing.faults(connection))) == []
        database.write(lambda connection: connection.execute(text(planted)))
        assert database.read(lambda connection: list(indexing.faults(connection)))
    assert operations.check(tmp_path).faults


def test_a_folder_alone_or_with_those_below_it(world: World) -> None:
    alone, below = (world.pages(folder_path="/a", below=one) for one in (False, True))
    assert {row["folder"]["path"] for row in alone} == {"/a"}
    assert {row["folder"]["path"] for row in below} == {"/a", "/a/b", "/a/b/c"}


@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "WzFd", "é", "W10" * 20_000, "WzEsMS4wLFtdLDEsMV0"])
def test_a_cursor_that_is_none_is_refused(world: World, cursor: str) -> None:
    for sort in ("", "-val.acc"):
        with pytest.raises(RefusalError, match="cursor"):
            world.page(cursor=cursor, sort=sort)


def test_a_cursor_of_another_order_is_refused(world: World) -> None:
    page = world.page(limit=5, sort="-val.acc")
    for sort in ("val.acc", "-val.loss", "", "-val.acc,name"):
        with pytest.raises(RefusalError, match="cursor"):
            world.page(cursor=page["next"], sort=sort)


def test_a_fault_in_a_query_says_where_and_what(user: User) -> None:
    answer = user.v2("GET", "/trials", params={"where": "params.lr >> 3"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "invalid", "where")
    assert error["position"] == 11
    answer = user.v2("GET", "/trials", params={"sort": "-val.acc,"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "sort")
    for odd in ({"below": "2"}, {"count": "yes"}, {"sort": ",".join(["name"] * 9)}, {"columns": "params"}):
        assert user.v2("GET", "/trials", params=odd).status_code == 422, odd


def test_over_http_filter_order_columns_and_count_come_together(user: User) -> None:
    for number in range(5):
        trial_id = new_id()
        user.put(trial_id, wish(f"t{number}", parameters={"optim": {"lr": number}, "other": 1}))
        user.patch(trial_id, 0, line(1, loss=number / 10, metrics_type="val"))
    query = {"where": "params.optim.lr > 1", "sort": "-val.loss", "columns": "params.optim.lr,val.loss", "count": "1"}
    page = user.v2("GET", "/trials", params={**query, "limit": "2"}).json()
    assert [one["name"] for one in page["trials"]] == ["t4", "t3"]
    assert page["count"] == {"value": 3, "capped": False}
    assert page["trials"][0]["parameters"] == {"optim.lr": 4}
    assert page["trials"][0]["metrics"]["val.loss"]["last"] == 0.4
    rest = user.v2("GET", "/trials", params={**query, "limit": "2", "cursor": page["next"]}).json()
    assert ([one["name"] for one in rest["trials"]], rest["next"]) == (["t2"], None)
    assert "count" not in user.v2("GET", "/trials").json()
    columns = user.v2("GET", "/trials/columns").json()
    assert columns["metrics"] == [{"name": "val.loss", "count": 5}]
    assert columns["parameters"] == [
        {"name": "optim.lr", "count": 5, "varies": True},
        {"name": "other", "count": 5, "varies": False},
    ]


def test_the_server_says_that_it_knows_the_query_language_and_its_limits(user: User) -> None:
    info = user.v2("GET", "/info").json()
    assert {"query", "sessions"} <= set(info["features"])
    assert info["limits"]["sort_keys"] == trial_lists.MAX_KEYS
    error = user.v2("GET", "/trials", params={"sort": ",".join(["name"] * 9)}).json()["error"]
    assert (error["field"], error["limit"]) == ("sort", trial_lists.MAX_KEYS)


def test_work_is_bounded_and_a_page_says_where_to_go_on(world: World) -> None:
    limits = LIMITS._replace(examined=40, batch=20)
    where = "name ~ mnist-14*"
    assert world.page(limits, where=where)["next"] is not None
    assert [row["id"] for row in world.pages(limits=limits, where=where)] == world.expected(where, "")
