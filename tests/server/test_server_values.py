"""Odd values by every way in: taken or refused with a reason, never a fault, and no reader is poisoned afterwards.

The cases are those of `tests.support.odd_values`, made from `aimd_core.format.values`, the ways in are below.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from aimd_core.format.values import name_fault
from tests.server.api import User, line, new_id, wish
from tests.support.odd_values import ALL, FINE_NAMES, HIDDEN
from tests.support.server import RunningServer

MARK = '"@odd@"'
ASKED = "note ~ a or tags = a or params.a.b > 3 or ended > 2020"
RAISES_FOR_BIG_NUMBERS = """
from aimd_core.format import values
from aimd_server.services.series import totals
totals.float_of = float
"""


class Ways:
    """The ways in: each sends JSON with an odd value somewhere, as somebody else's client would."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.trial = user.new_trial("steady")
        self.old = new_id()
        assert user.v1("POST", "/trials", {"metadata": {"id": self.old, "name": "old"}}).status_code == 200
        self.offset = 0

    def v1(self, method: str, path: str, document: str, odd: str) -> httpx.Response:
        url = f"{self.user.server.url}/apis/v1{path}"
        body = document.replace(MARK, odd).encode()
        return self.user.http.request(method, url, params={"apikey": self.user.key}, content=body)

    def v2(self, method: str, path: str, document: str, odd: str) -> httpx.Response:
        return self.user.v2(method, path, content=document.replace(MARK, odd).encode())

    def put(self, odd: str, **more: object) -> httpx.Response:
        document = json.dumps({**wish("odd"), "on_conflict": "new", **more})
        return self.v2("PUT", f"/trials/{new_id()}", document, odd)

    def append(self, odd: str, **members: object) -> httpx.Response:
        """Append a line, as the journal of another client holds it, and one that is as usual."""
        value, sequence = members.get("value", 1.0), members.get("sequence", 1)
        times = members.get("timestamp", "2026-11-23T15:03:27Z")
        record = {
            members.get("type", "train"): {
                "value": value if isinstance(value, dict) else {"loss": value},
                "sequence": {"epoch": None, "step": sequence, "timestamp": times},
            }
        }
        content = (json.dumps(record).replace(MARK, odd) + "\n").encode() + line(2)
        answer = self.user.patch(self.trial, self.offset, content)
        if answer.status_code == 204:
            self.offset += len(content)
        return answer

    def query(self, path: str, name: str, odd: str) -> httpx.Response:
        """Send a text as it is, or what JSON says it is, with half characters as bytes that are no UTF-8."""
        text = json.loads(odd) if odd.startswith('"') else odd[:5000]
        url = f"{self.user.server.url}{path}?{name}={quote(text, errors='surrogatepass')}"
        return self.user.http.get(url, headers=self.user.headers)

    def table(self) -> dict[str, Callable[[str], httpx.Response]]:
        odd = json.loads(MARK)
        made: dict[str, Callable[[str], httpx.Response]] = {
            "v2 name": lambda value: self.put(value, name=odd),
            "v2 alternative name": lambda value: self.put(value, alternative_name=odd),
            "v2 folder": lambda value: self.put(value, folder={"path": odd, "make": True}),
            "v2 state": lambda value: self.put(value, state=odd),
            "v2 parameter": lambda value: self.put(value, parameters={"a": {"b": odd}}),
            "v2 parameters": lambda value: self.put(value, parameters=odd),
            "v2 metadata": lambda value: self.put(value, metadata={**wish()["metadata"], "startTime": odd, "x": [odd]}),
            "v2 ending": lambda value: self.put(
                value, metadata={**wish()["metadata"], "_exit": {"kind": odd, "status": odd, "message": odd, "at": odd}}
            ),
            "v2 labels": lambda value: self.put(value, labels={"tags": [odd, "x"], "note": odd}),
            "v2 rename": lambda value: self.v2("PATCH", f"/trials/{self.trial}", f'{{"name": {MARK}}}', value),
            "v2 tags": lambda value: self.v2("PATCH", f"/trials/{self.trial}", f'{{"tags": [{MARK}]}}', value),
            "v2 note": lambda value: self.v2("PATCH", f"/trials/{self.trial}", f'{{"note": {MARK}}}', value),
            "v2 new folder": lambda value: self.v2("POST", "/folders", f'{{"path": {MARK}}}', value),
            "v2 key": lambda value: self.v2("POST", "/me/keys", f'{{"name": {MARK}, "expires": {MARK}}}', value),
            "v2 share": lambda value: self.v2(
                "POST", f"/trials/{self.trial}/shares", f'{{"user": {MARK}, "role": "viewer"}}', value
            ),
            "v2 plot": lambda value: self.v2(
                "POST",
                "/metrics",
                f'{{"trials": ["{self.trial}"], "metrics": [{MARK}], "from": {MARK}}}',
                value,
            ),
            "v2 known": lambda value: self.v2("POST", "/trials/known", f'{{"ids": [{MARK}]}}', value),
            "v2 document": lambda value: self.v2("PUT", f"/trials/{self.trial}/files/process.json", MARK, value),
            "v1 name": lambda value: self.v1("POST", "/trials", f'{{"metadata": {{"name": {MARK}}}}}', value),
            "v1 document": lambda value: self.v1(
                "PUT",
                f"/trials/{self.old}",
                f'{{"metadata": {{"name": "old"}}, "startTime": {MARK}, "x": [{MARK}]}}',
                value,
            ),
            "v1 folder": lambda value: self.v1("POST", "/folders", f'{{"metadata": {{"name": {MARK}}}}}', value),
            "v1 status": lambda value: self.v1(
                "POST", f"/trials/{self.old}/status", f'{{"status": {MARK}, "endTime": {MARK}}}', value
            ),
            "v1 parameters": lambda value: self.v1("POST", f"/trials/{self.old}/parameters", f'{{"a": {MARK}}}', value),
            "v1 points": lambda value: self.v1(
                "POST",
                f"/trials/{self.old}/metrics/train",
                f'[{{"value": {{"a": {MARK}}}, "sequence": {{"step": {MARK}, "epoch": {MARK}, "timestamp": {MARK}}}}}]',
                value,
            ),
            "journal value": lambda value: self.append(value, value=odd),
            "journal step": lambda value: self.append(value, sequence=odd),
            "journal time": lambda value: self.append(value, timestamp=odd),
        }
        for name in ("where", "sort", "columns", "folder", "cursor", "limit", "folder_id"):
            made[f"query {name}"] = lambda value, name=name: self.query(  # type: ignore[misc]
                "/t9k/experiment/server/apis/v2/trials", name, value
            )
        made["query of values"] = lambda value: self._ask(value)
        return made

    def _ask(self, odd: str) -> httpx.Response:
        text = (json.loads(odd) if odd.startswith('"') else odd)[:3000].replace('"', '\\"')
        asked = f'params.a = "{text}" or train.loss > "{text}" or started > "{text}" or name ~ "*{text}*"'
        url = f"{self.user.server.url}/apis/v2/trials?where={quote(asked, errors='surrogatepass')}&sort=-params.a.b"
        return self.user.http.get(url, headers=self.user.headers)

    def readings(self, most: int) -> Iterator[tuple[str, httpx.Response]]:
        """Yield what every reader says of the lists, the trials that were changed, and so many of the others."""
        user = self.user
        yield "list", user.v2("GET", "/trials", params={"limit": "500", "count": "1"})
        yield "sorted", user.v2("GET", "/trials", params={"sort": "-params.a.b,-train.loss,duration", "limit": "500"})
        yield (
            "asked",
            user.v2("GET", "/trials", params={"where": ASKED}),
        )
        yield "columns", user.v2("GET", "/trials/columns")
        yield "values", user.v2("GET", "/trials/values", params={"fields": "name,tags"})
        yield "folders", user.v2("GET", "/folders", params={"limit": "500"})
        yield "old folders", user.v1("GET", "/folders")
        for axis in ("step", "epoch", "time"):
            for trial in (self.trial, self.old):
                yield f"plot by {axis}", user.v2("POST", "/metrics", json={"trials": [trial], "x": axis})
        ids = [row["id"] for row in user.v2("GET", "/trials", params={"limit": "500"}).json().get("trials", ())]
        for trial in (self.trial, self.old, *ids[:most]):
            yield "trial", user.v2("GET", f"/trials/{trial}")
            yield "old trial", user.v1("GET", f"/trials/{trial}")
            yield "old parameters", user.v1("GET", f"/trials/{trial}/parameters")
            yield "old points", user.v1("GET", f"/trials/{trial}/metrics")
        root = user.v2("GET", "/folders").json()["folders"]
        for folder in [row["id"] for row in root][:most]:
            yield "export", user.v2("GET", f"/folders/{folder}/export")
        yield "trash", user.v2("GET", "/trash")
        yield "keys", user.v2("GET", "/me/keys")


def faults_of(server: RunningServer, only: str = "") -> list[str]:
    faults: list[str] = []
    with User(server) as user:
        ways = Ways(user)
        table = {way: send for way, send in ways.table().items() if only in way}
        for way, send in table.items():
            for name, odd in ALL.items():
                answer = send(odd)
                if answer.status_code >= 500 and not (way.startswith("v1 ") and "not" in answer.text):
                    faults.append(f"{way}, {name}: {answer.status_code} {answer.text[:100]}")
            for reader, answer in ways.readings(20 if way == [*table][-1] else 2):
                if answer.status_code != 200:
                    faults.append(f"{reader} after {way}: {answer.status_code} {answer.text[:100]}")
                elif answer.headers["content-type"] == "application/json":
                    words: list[str] = []
                    json.loads(answer.content.decode("utf-8"), parse_constant=words.append)
                    faults += [f"{reader} after {way}: {word} is no JSON" for word in words]
    return faults


def test_no_odd_value_is_a_fault_or_poisons_a_reader(own_server: RunningServer) -> None:
    assert faults_of(own_server) == []
    assert "Traceback" not in own_server.log


def test_a_number_that_nobody_bounds_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", RAISES_FOR_BIG_NUMBERS) as server:
        assert faults_of(server, "journal value") != []


@pytest.mark.parametrize("case", HIDDEN)
def test_what_cannot_be_seen_is_no_name_by_any_way(user: User, case: str) -> None:
    name = HIDDEN[case]
    assert name_fault(name) is not None
    assert user.put(new_id(), wish(name)).status_code == 422
    assert user.v1("POST", "/trials", {"metadata": {"name": name}}).status_code == 400
    trial_id = user.new_trial()
    assert user.v2("PATCH", f"/trials/{trial_id}", json={"name": name}).status_code == 422
    if "/" not in name and name.strip():
        assert user.put(new_id(), wish(folder={"path": f"a/{name}/b", "make": True})).status_code == 422
        assert user.v1("POST", "/folders", {"metadata": {"name": name}}).status_code == 400


@pytest.mark.parametrize("case", FINE_NAMES)
def test_a_name_that_can_be_seen_stays_as_it_is(user: User, case: str) -> None:
    name = FINE_NAMES[case]
    assert name_fault(name) is None
    folder = {"path": name, "make": True}
    trial_id = user.new_trial(name, folder=folder, alternative_name=None)
    assert (user.trial(trial_id)["name"], user.trial(trial_id)["folder"]["path"]) == (name, f"/{name}")
