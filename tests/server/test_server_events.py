"""Events: what changes in a folder and in trials, as it happens, to those who may see it and no longer."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from aimd_server.routes import v2_events
from aimd_server.routes.access import Backend
from aimd_server.routes.v2_events import MAX_STREAMS, Hub, Pace, Stream
from aimd_server.services import watching
from aimd_server.services.watching import Look, TrialStatus, Watched
from aimd_server.storage import Storage
from tests.server.api import User, code_of, line, new_id
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import RunningServer


class Events:
    """Reads a stream in a thread and keeps what came."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        event = ""
        try:
            for text in self.answer.iter_lines():
                if text.startswith("event: "):
                    event = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    self.found.append((event, json.loads(text.removeprefix("data: "))))
        except httpx.HTTPError:
            pass
        self.has_ended.set()

    def wait_for(self, event: str, **facts: Any) -> dict[str, Any]:
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            for name, data in list(self.found):
                if name == event and facts.items() <= data.items():
                    return data
            time.sleep(0.02)
        raise AssertionError(f"no {event} with {facts} among {self.found}")


@contextmanager
def watching_of(user: User, **query: str) -> Iterator[Events]:
    url = f"{user.server.url}/apis/v2/events"
    with httpx.stream(
        "GET", url, params=query, headers=user.headers, timeout=PATIENCE_S, trust_env=False, verify=False
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Events(answer)


def test_points_and_states_of_trials_in_a_folder_and_of_named_ones_come_as_events(user: User) -> None:
    inside, named = user.new_trial("inside"), user.new_trial("named", folder={"path": "else", "make": True})
    folder = user.trial(inside)["folder"]["id"]
    with watching_of(user, folder_id=folder, trials=named) as events:
        user.patch(inside, 0, line(1) + line(2))
        assert events.wait_for("trial", id=inside, records=2)["state"] == "Running"
        user.patch(named, 0, line(1))
        events.wait_for("trial", id=named, records=1)
        user.v2("PATCH", f"/trials/{named}", json={"note": "seen"})
        made = user.new_trial("later")
        events.wait_for("folder", id=folder)
        events.wait_for("trial", id=made)
        user.v2("POST", "/folders", json={"parent": folder, "name": "sub"})
        count = len([one for one in events.found if one[0] == "folder"])
        deadline_s = time.monotonic() + PATIENCE_S
        while len([one for one in events.found if one[0] == "folder"]) == count:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)


def test_a_stream_begins_with_what_changed_just_before_it_and_with_nothing_older() -> None:
    look = Look({7: TrialStatus("old", None, 99, 0), 8: TrialStatus("new", None, 100, 0)}, {}, {})
    stream = Stream((1, None), Watched(None, "", frozenset({7, 8})), 100)
    stream.take(look)
    stream.take(look)
    assert stream.waiting.qsize() == 1
    assert b'"id": "new"' in (stream.waiting.get_nowait() or b"")


def test_what_was_made_while_a_page_asked_is_told(user: User) -> None:
    made = user.new_trial("made")
    with watching_of(user, trials=made) as events:
        events.wait_for("trial", id=made, records=0)


def test_with_below_what_changes_in_folders_further_down_comes_too(user: User, stranger: User) -> None:
    top = user.v2("POST", "/folders", json={"path": "tops"}).json()["id"]
    known = user.new_trial("known", folder={"path": "tops/a/b", "make": True})
    beside = user.new_trial("beside", folder={"path": "topsy", "make": True})
    user.v2("POST", f"/folders/{top}/shares", json={"user": stranger.name})
    with watching_of(stranger, folder_id=top, below="1") as events, watching_of(user, folder_id=top) as shallow:
        user.patch(known, 0, line(1))
        user.patch(beside, 0, line(1))
        events.wait_for("trial", id=known, records=1)
        made = user.new_trial("made", folder={"path": "tops/new/deep", "make": True})
        events.wait_for("folder", id=top)
        events.wait_for("trial", id=made)
        count = len([one for one in events.found if one[0] == "folder"])
        user.v2("DELETE", f"/trials/{known}")
        deadline_s = time.monotonic() + PATIENCE_S
        while len([one for one in events.found if one[0] == "folder"]) == count:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        assert {data["id"] for name, data in events.found if name == "trial"} == {known, made}
        assert [one for one in shallow.found if one[0] == "trial"] == []


def test_a_named_trial_that_is_gone_is_told_of_once_more() -> None:
    """Deleted, and no longer to be seen: a page that shows it asks and learns so, instead of standing still."""
    statuses = {number: TrialStatus(f"t{number}", "Running", 9, 0) for number in range(4)}
    stream = Stream((1, None), Watched(5, "f", frozenset({1, 2})), 100)
    stream.take(Look(statuses, {5: [0, 3]}, {}))
    left = {number: status for number, status in statuses.items() if number not in (0, 1)}
    stream.take(Look(left, {5: [3]}, {}))  # 0 was not named: the listing tells of it
    stream.watched = Watched(5, "f", frozenset())
    stream.take(Look(left, {5: [3]}, {}))
    stream.take(Look(left, {5: [3]}, {}))
    told = [(stream.waiting.get_nowait() or b"").decode() for _ in range(stream.waiting.qsize())]
    assert [text.partition('"id": ')[2].partition(",")[0] for text in told if "trial" in text] == ['"t1"', '"t2"']


def test_what_may_not_be_seen_is_not_there(user: User, stranger: User) -> None:
    mine = user.new_trial()
    folder = user.trial(mine)["folder"]["id"]
    for query in ({"folder_id": folder}, {"folder_id": new_id()}, {"trials": mine}, {"trials": new_id()}):
        assert stranger.v2("GET", "/events", params=query).status_code == 404
    assert stranger.v2("GET", "/events").status_code == 422
    too_many = ",".join(new_id() for _ in range(watching.MAX_NAMED + 1))
    assert user.v2("GET", "/events", params={"trials": too_many}).status_code in (400, 414, 422)


# A stream whose reader has gone is noticed at its next heartbeat.
QUICK_HEART = "from aimd_server.routes import v2_events\nv2_events.PACE = v2_events.Pace(heartbeat_s=0.5)\n"


def test_a_user_has_a_limited_number_of_streams_and_one_that_ended_makes_room(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", QUICK_HEART) as server, User(server) as user:
        mine = user.new_trial()
        with ExitStack() as opened:
            for _ in range(MAX_STREAMS):
                opened.enter_context(watching_of(user, trials=mine))
            answer = user.v2("GET", "/events", params={"trials": mine})
            assert (answer.status_code, code_of(answer), answer.json()["error"]["limit"]) == (503, "busy", MAX_STREAMS)
        wait_until(lambda: _is_let_in(user, mine), "one that ended makes room")


def _is_let_in(user: User, trial_id: str) -> bool:
    try:
        with watching_of(user, trials=trial_id):
            return True
    except AssertionError:
        return False


def test_streams_that_come_together_are_counted_each(user: User) -> None:
    mine = user.new_trial()
    ready = threading.Barrier(3 * MAX_STREAMS)

    def open_one(_: int) -> int:
        with httpx.Client(timeout=PATIENCE_S, trust_env=False, verify=False) as http:  # plain HTTP
            ready.wait(PATIENCE_S)
            url = f"{user.server.url}/apis/v2/events"
            with http.stream("GET", url, params={"trials": mine}, headers=user.headers) as answer:
                ready.wait(PATIENCE_S)  # all are open
                return answer.status_code

    with ThreadPoolExecutor(3 * MAX_STREAMS) as threads:
        statuses = list(threads.map(open_one, range(3 * MAX_STREAMS)))
    assert sorted(statuses) == [200] * MAX_STREAMS + [503] * 2 * MAX_STREAMS


def test_a_stream_whose_answer_is_never_sent_takes_no_room() -> None:
    class Idle:
        is_stopping = False

    async def scenario() -> int:
        hub = Hub(Idle())  # type: ignore[arg-type]
        hub.add(Stream((1, None), Watched(None, "", frozenset()), 0))
        gc.collect()
        left = len(hub.streams)
        assert hub._task is not None
        hub._task.cancel()
        return left

    assert asyncio.run(scenario()) == 0


WAITS_FOR_ALL = """
import functools
from aimd_server import launch
launch.run = functools.partial(launch.run, stop_timeout_s=36_000)
"""


def test_streams_end_when_the_server_stops_and_do_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data", WAITS_FOR_ALL) as server,
        User(server) as user,
        watching_of(user, trials=user.new_trial()) as events,
    ):
        assert server.stop() == 0
        assert events.has_ended.wait(PATIENCE_S)


def test_a_stream_ends_when_the_key_is_revoked(user: User) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from aimd_core.format.protocol import SERVER_PATH
    from aimd_server.app import create_app
    from aimd_server.stores.database import Database

    async def statuses(database: Database, threads: ThreadPoolExecutor) -> int:
        app = create_app(database, threads)
        app.backend.hub = Hub(app.backend, Pace(look_s=0.02, heartbeat_s=0.05))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=user.headers) as client:
            reading = asyncio.create_task(client.get(f"{SERVER_PATH}/apis/v2/events", params={"trials": mine}))
            await asyncio.sleep(0.3)
            assert not reading.done()
            (key,) = (await client.get(f"{SERVER_PATH}/apis/v2/me/keys")).json()["keys"]
            await client.delete(f"{SERVER_PATH}/apis/v2/me/keys/{key['id']}")
            answer = await asyncio.wait_for(reading, 10)
            assert b": still here" in answer.content
            return answer.status_code

    mine = user.new_trial()
    with Database(user.server.data_dir) as database, ThreadPoolExecutor(2) as threads:
        assert asyncio.run(statuses(database, threads)) == 200


def test_a_reader_who_does_not_keep_up_is_let_go_and_looks_are_shared() -> None:
    async def run() -> None:
        stream = Stream((1, None), Watched(None, "", frozenset({7})), 0)
        for records in range(v2_events._MAX_WAITING + 2):
            stream.take(Look({7: TrialStatus("x", None, 0, records)}, {}, {}))
        assert [stream.waiting.get_nowait() for _ in range(stream.waiting.qsize())][-1] is None
        looks = 0

        class Counting(Backend):
            async def run(self, function: Any, *arguments: Any) -> Any:
                nonlocal looks
                looks += 1
                await asyncio.sleep(0)
                return Look({}, {}, {})

        hub = Hub(Counting(Storage(None, None), None))  # type: ignore[arg-type]
        streams = [Stream((number, None), Watched(None, "", frozenset()), 0) for number in range(20)]
        for one in streams:
            hub.add(one)
        await asyncio.sleep(2.5 * v2_events.PACE.look_s)
        assert looks == 2
        hub.streams.clear()

    asyncio.run(run())
