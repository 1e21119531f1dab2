"""What the server uses of uvicorn beyond its documented interface: named here, each thing there, and nothing else."""

from __future__ import annotations

import ast
import asyncio
import inspect

import pytest
import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from aimd_server import launch, stopping
from aimd_server.http_protocol import BoundedProtocol

OF_PROTOCOL = {
    "connections", "cycle", "flow", "headers", "loop", "pipeline", "transport", "url",
    "_start_asgi_task", "connection_lost", "connection_made", "data_received",
    "on_body", "on_header",
    "on_headers_complete", "on_message_begin", "on_message_complete", "on_response_complete", "pause_writing",
    "send_400_response",
}  # fmt: skip
OF_CYCLE = {"body", "disconnected", "message_event", "response_complete", "response_started", "scope"}
OF_SERVER = {"capture_signals", "handle_exit", "run", "shutdown", "started", "startup"}


class Nothing:
    """An application."""

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """Answer nothing."""


def _protocol() -> HttpToolsProtocol:
    async def made() -> HttpToolsProtocol:
        config = uvicorn.Config(
            Nothing(), loop="asyncio", http="httptools", ws="none", interface="asgi3", lifespan="off"
        )
        config.load()
        protocol = HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})
        protocol.on_message_begin()
        return protocol

    return asyncio.run(made())


def _missing() -> list[str]:
    protocol = _protocol()
    return [name for name in OF_PROTOCOL if not hasattr(protocol, name)]


def _used(kind: type, *objects: str) -> set[str]:
    """Return the attributes of some names, such as `self`, that a class reads, sets or calls."""
    tree = ast.parse(inspect.getsource(kind))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if ast.unparse(node.value) in objects}


def test_of_the_protocol_only_these_are_used_and_each_is_there() -> None:
    own = {name for name in vars(BoundedProtocol) if name not in dir(HttpToolsProtocol)}
    own |= set(BoundedProtocol.__annotations__) | {"__init__"}
    assigned = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(BoundedProtocol.__init__).replace("    def", "def", 1)))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    overridden = {
        name for name in vars(BoundedProtocol) if name in vars(HttpToolsProtocol) and not name.startswith("__")
    }
    used = _used(BoundedProtocol, "self", "super()") | overridden
    assert used - own - assigned == OF_PROTOCOL
    assert _missing() == []


def test_a_connection_knows_its_address() -> None:
    assert "client" in vars(_protocol())


def test_what_is_overridden_has_the_parameters_it_had() -> None:
    for name in OF_PROTOCOL & set(vars(BoundedProtocol)):
        theirs, ours = (
            list(inspect.signature(getattr(kind, name)).parameters) for kind in (HttpToolsProtocol, BoundedProtocol)
        )
        assert ours == theirs, name


def test_of_a_request_only_these_are_used_and_each_is_there() -> None:
    assert _used(BoundedProtocol, "self.cycle", "self._running", "cycle") == OF_CYCLE
    source = inspect.getsource(RequestResponseCycle.__init__)
    assert [name for name in OF_CYCLE if f"self.{name} = " not in source and f"self.{name}: " not in source] == []
    assert "self.cycle.body += body" in inspect.getsource(HttpToolsProtocol.on_body)  # bytes would do
    assert "bytes(self.body)" in inspect.getsource(RequestResponseCycle.receive)
    assert httptools_impl.STATUS_LINE[503].startswith(b"HTTP/1.1 503 ")
    assert "write_paused" in vars(httptools_impl.FlowControl(None))  # type: ignore[arg-type]


def test_of_the_server_only_these_are_used_and_each_is_there() -> None:
    source = inspect.getsource(launch._serve) + inspect.getsource(stopping)
    server = uvicorn.Server(uvicorn.Config(Nothing()))
    assert [name for name in OF_SERVER if not hasattr(server, name)] == []
    assert [name for name in OF_SERVER if name not in source] == []
    assert inspect.iscoroutinefunction(server.startup)
    assert inspect.iscoroutinefunction(server.shutdown)


def test_a_name_that_uvicorn_does_not_have_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HttpToolsProtocol, "_start_asgi_task")
    assert _missing() == ["_start_asgi_task"]
