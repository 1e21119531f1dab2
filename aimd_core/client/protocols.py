"""Which protocol a server speaks: asked once per host, without a key, and cached.

A key goes into a URL only for a server that has proved to be version 1: it never spoke version 2, and it refuses a
request without a key as version 1 does. Any other answer is an error, not a guess.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

from aimd_core.caches import user_cache_directory
from aimd_core.client.connection import RetryPolicy
from aimd_core.client.signing_in import V1, V2, check_is_deployed, protocol_of
from aimd_core.format.files import replace_file

_KEPT_S = 24 * 3600.0  # then a version 1 host is asked again, since it may have been upgraded

_asking = threading.Lock()
_asked: dict[str, tuple[int, float]] = {}  # where no cache can be written


def cache_path() -> Path:
    """Return the file that caches the protocols of hosts."""
    return Path(user_cache_directory()) / "hosts.json"


def protocol_for(host: str, retry: RetryPolicy | None = None) -> int:
    """Return the protocol to speak with a host.

    Raises:
        UnreachableError: Its protocol is not cached, and it does not answer.
        NotAServerError: It speaks neither protocol, or no longer the one it spoke.
    """
    with _asking:  # the threads of one upload wait for one answer
        before = _remembered().get(host) or _asked.get(host)
        if before is not None and (before[0] == V2 or time.time() - before[1] < _KEPT_S):
            return before[0]
        protocol = protocol_of(host, retry=retry or RetryPolicy())
        if protocol == V1:
            check_is_deployed(host, retry or RetryPolicy())
        _remember(host, protocol)
        return protocol


def forget(host: str) -> None:
    """Forget the protocol of a host, so that it is asked again."""
    _asked.pop(host, None)
    hosts = _remembered()
    if hosts.pop(host, None) is not None:
        _write(hosts)


def _remembered() -> dict[str, tuple[int, float]]:
    try:
        remembered = json.loads(cache_path().read_bytes())
        return {str(host): (int(protocol), float(asked_s)) for host, (protocol, asked_s) in remembered.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(host: str, protocol: int) -> None:
    answer = protocol, time.time()
    if not _write({**_remembered(), host: answer}):
        _asked[host] = answer


def _write(hosts: dict[str, tuple[int, float]]) -> bool:
    """Cache the protocols, and return whether that was possible."""
    path = cache_path()
    try:
        os.makedirs(path.parent, exist_ok=True)
        replace_file(path, json.dumps(hosts).encode(), mode=0o600)
    except OSError:
        return False
    return True
