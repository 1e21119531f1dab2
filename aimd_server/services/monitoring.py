"""The state of the server: whether it can serve now, and its numbers for Prometheus and `server status`."""

from __future__ import annotations

import threading
import time
import weakref

from aimd_server.stores import epochs, health
from aimd_server.stores.database import Database
from aimd_server.stores.writer import StoreUnavailableError

BUCKETS_S = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
WRITTEN_S = 5.0  # how long a write proves that writing works
_written_s: weakref.WeakKeyDictionary[Database, float] = weakref.WeakKeyDictionary()
_METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS")


class Meters:
    """Requests by method, route pattern and status, and how long they took. No name, id or key is a label."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started_s = time.time()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._buckets = [0] * (len(BUCKETS_S) + 1)
        self._total_s = 0.0

    def count(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count an answered request."""
        key = (method if method in _METHODS else "other", route, status)
        bucket = next((n for n, limit_s in enumerate(BUCKETS_S) if duration_s <= limit_s), len(BUCKETS_S))
        with self._lock:
            self._requests[key] = self._requests.get(key, 0) + 1
            self._buckets[bucket] += 1
            self._total_s += duration_s

    def text(self, gauges: dict[str, float]) -> str:
        """Return all meters in Prometheus text format; `gauges` are further values, by name."""
        with self._lock:
            requests, buckets, total_s = sorted(self._requests.items()), list(self._buckets), self._total_s
        lines = ["# TYPE aimd_requests_total counter"]
        for (method, route, status), number in requests:
            lines.append(f'aimd_requests_total{{method="{method}",route="{route}",status="{status}"}} {number}')
        lines.append("# TYPE aimd_request_seconds histogram")
        seen = 0
        for limit_s, number in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
            seen += number
            lines.append(f'aimd_request_seconds_bucket{{le="{limit_s}"}} {seen}')
        lines += [f"aimd_request_seconds_sum {total_s:.6f}", f"aimd_request_seconds_count {seen}"]
        for name, value in {"aimd_start_time_seconds": self._started_s, **gauges}.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}" if value < 1e6 else f"{name} {value:.0f}"]
        return "\n".join(lines) + "\n"


def epoch(database: Database) -> str | None:
    """Return the epoch of the data; see stores.epochs."""
    return database.glance(epochs.current)


def check_ready(database: Database) -> None:
    """Return once the database has answered a reader, and a write has succeeded within the last seconds.

    Anybody may ask, so a success counts for `WRITTEN_S` seconds; a failure is tried again each time.

    Raises:
        StoreUnavailableError: It does not answer, or takes no write, as on a full disk.
    """
    if database.read(health.is_answering) is not True or not database.is_writing():
        raise StoreUnavailableError("the database does not answer")
    if time.monotonic() - _written_s.get(database, -WRITTEN_S) >= WRITTEN_S:
        database.write(health.rewrite_revision)
        _written_s[database] = time.monotonic()


def gauges(database: Database) -> dict[str, float]:
    """Return numbers about what is stored, by metric name."""
    counts = database.read(health.counts)
    sizes = database.sizes_bytes()
    return {
        "aimd_database_bytes": sizes["database"],
        "aimd_wal_bytes": sizes["wal"],
        **{f"aimd_{name}": number for name, number in counts.items()},
    }
