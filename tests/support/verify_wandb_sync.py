"""Sends exports with the real `wandb sync` to a server that only counts, and compares with what was recorded.

One trial has many points, the other has media of every kind and files, whose bytes must arrive.

    PYTHONPATH=. python tests/support/verify_wandb_sync.py

It runs in an environment with wandb. The server answers as little as the client needs.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, unquote

from aimd_cli.converting.target import export_trial
from aimd_core.format.journal import Damage
from tests.support.exported import made_trial, shown_trial

POINTS = 20_000
PROJECT = {"id": "p", "name": "vision", "entity": {"id": "e", "name": "team"}}
BUCKET = {"id": "b", "name": "r", "displayName": "r", "description": "", "config": "{}", "sweepName": None}
lines: Counter[str] = Counter()
uploaded: dict[str, bytes] = {}


class Counting(BaseHTTPRequestHandler):
    """Says yes to everything, and counts the lines of each file of a run."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not body.lstrip().startswith((b"{", b"\x1f")):  # what the client says of itself
            self._answer({})
            return
        asked = json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        for file, part in (asked.get("files") or {}).items():
            lines[file] += len(part["content"])
        if asked.get("complete"):
            lines["complete"] += 1
        query = str(asked.get("query"))
        bucket = {**BUCKET, "historyLineCount": 0, "project": PROJECT}
        types = {key: {"fields": []} for key in ("QueryType", "MutationType", "ServerInfoType", "ServerSettingsType")}
        data: dict[str, object] = {"upsertBucket": {"inserted": True, "bucket": bucket}}
        if "createRunFiles" in query:
            names = asked["variables"]["files"]
            host = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            files = [{"name": name, "uploadUrl": f"{host}/{quote(name)}"} for name in names]
            data = {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
            self._answer({"data": data})
            return
        self._answer({"data": types if "__type" in query else data if "upsertBucket" in query else {}})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        uploaded[unquote(self.path.removeprefix("/"))] = body
        self._answer({})

    def _answer(self, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def send(run: Path, server: ThreadingHTTPServer, home: str) -> None:
    """Send a run as a person would."""
    settings = {"WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "a" * 40, "HOME": home}
    subprocess.run([Path(sys.executable).parent / "wandb", "sync", run], env={**os.environ, **settings}, check=True)


def main() -> None:
    """Export, send, and compare."""
    with tempfile.TemporaryDirectory() as directory, ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = Path(directory)
        run, _ = export_trial(made_trial(root / "many", count=POINTS), "wandb", root / "out", False, Damage())
        send(run, server, directory)
        print(f"wandb {version('wandb')} sync sent {dict(lines)}")
        (root / "shown").mkdir()
        run, _ = export_trial(shown_trial(root / "shown"), "wandb", root / "out", False, Damage())
        send(run, server, directory)
        server.shutdown()
        files = {path.relative_to(run / "files").as_posix(): path for path in (run / "files").rglob("*")}
        sent = [name for name, path in files.items() if path.is_file() and uploaded.get(name) == path.read_bytes()]
        missing = sorted(name for name, path in files.items() if path.is_file() and name not in sent)
        print(f"and {len(sent)} files of the other run as they are; not: {missing}")


if __name__ == "__main__":
    main()
