"""Sends an export with the real `wandb sync` to a server that only counts, and compares with what was recorded.

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

from aimd_cli.converting.target import export_trial
from aimd_core.format.journal import Damage
from tests.support.exported import made_trial

POINTS = 20_000
PROJECT = {"id": "p", "name": "vision", "entity": {"id": "e", "name": "team"}}
BUCKET = {"id": "b", "name": "r", "displayName": "r", "description": "", "config": "{}", "sweepName": None}
lines: Counter[str] = Counter()


class Counting(BaseHTTPRequestHandler):
    """Says yes to everything, and counts the lines of each file of a run."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        for file, part in (asked.get("files") or {}).items():
            lines[file] += len(part["content"])
        if asked.get("complete"):
            lines["complete"] += 1
        query = str(asked.get("query"))
        bucket = {**BUCKET, "historyLineCount": 0, "project": PROJECT}
        types = {key: {"fields": []} for key in ("QueryType", "MutationType", "ServerInfoType", "ServerSettingsType")}
        data: dict[str, object] = {"upsertBucket": {"inserted": True, "bucket": bucket}}
        self._answer({"data": types if "__type" in query else data if "upsertBucket" in query else {}})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
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


def main() -> None:
    """Export, send, and compare."""
    with tempfile.TemporaryDirectory() as directory, ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = Path(directory)
        run, _ = export_trial(made_trial(root, count=POINTS), "wandb", root / "out", False, Damage())
        settings = {
            "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}",
            "WANDB_API_KEY": "a" * 40,
            "HOME": directory,
        }
        subprocess.run([Path(sys.executable).parent / "wandb", "sync", run], env={**os.environ, **settings}, check=True)
        server.shutdown()
    print(f"wandb {version('wandb')} sync sent {dict(lines)}")


if __name__ == "__main__":
    main()
