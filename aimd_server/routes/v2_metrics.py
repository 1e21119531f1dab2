"""Version 2: metrics of many trials, as JSON or as columns of numbers in one binary body."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from aimd_core.format.protocol import COLUMNS_MAGIC, COLUMNS_TYPE
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import JSON
from aimd_server.routes.v2_bodies import read_document
from aimd_server.services.series import plotting
from aimd_server.services.series.plotting import Answer, Drawn, PlotWish
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database

if TYPE_CHECKING:
    from aimd_server.columns.rollups import Floats

_ALIGNED_BYTES = 8


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("POST", "/metrics", post_metrics, access=Access.READER)


async def post_metrics(call: Call) -> Response:
    """Answer with series of many trials, reduced to a number of points."""
    asked = await read_document(call, PlotWish)
    is_binary = COLUMNS_TYPE in call.request.headers.get("accept", "")
    body = await call.run(_drawn, asked, is_binary)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if tag in call.request.headers.get("if-none-match", ""):
        return Response(b"", 304, headers)
    return Response(body, 200, headers, COLUMNS_TYPE if is_binary else JSON)


def _drawn(database: Database, user: Account, asked: PlotWish, is_binary: bool) -> bytes:
    answer = plotting.draw(database, user, asked)
    return binary_of(answer) if is_binary else json_of(answer)


def _columns(drawn: Drawn) -> dict[str, Floats]:
    plot = drawn.plot
    columns = {"x": plot.x, "lo": plot.lo}
    if plot.hi is not None and plot.mean is not None and plot.finite is not None:
        columns |= {"hi": plot.hi, "mean": plot.mean, "finite": plot.finite}
    return columns


def _facts(drawn: Drawn) -> dict[str, Any]:
    plot = drawn.plot
    return {"trial": drawn.trial, "metric": drawn.metric, "count": plot.points, "exact": plot.exact, "nan": plot.nan}


def json_of(answer: Answer) -> bytes:
    """Return an answer as JSON, with null for non-finite values; one series at a time, because they are large."""
    series = b",".join(_json_of(drawn) for drawn in answer.series)
    return b'{"series":[%b],"missing":%b}' % (series, msgspec.json.encode(answer.missing))


def _json_of(drawn: Drawn) -> bytes:
    columns = {name: column.tolist() for name, column in _columns(drawn).items()}
    return msgspec.json.encode({**_facts(drawn), **columns})  # NaN is written as null


def binary_of(answer: Answer) -> bytes:
    """Return an answer as a binary body: see docs/reference/http-api.md."""
    offset, series, data = 0, [], []
    for drawn in answer.series:
        facts = _facts(drawn)
        for name, column in _columns(drawn).items():
            facts[name] = {"offset": offset, "length": len(column)}
            data.append(column.astype("<f8").tobytes())
            offset += len(data[-1])
        series.append(facts)
    header = msgspec.json.encode({"series": series, "missing": answer.missing})
    begin = COLUMNS_MAGIC + len(header).to_bytes(4, "little") + bytes(4) + header
    return b"".join([begin, bytes(-len(begin) % _ALIGNED_BYTES), *data])
