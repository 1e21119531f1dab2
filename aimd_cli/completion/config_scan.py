"""Reads the servers in the SDK config file line by line: a YAML parser would at least double the time of a completion.

It knows only the usual layout, one key per line. In any other layout, fewer names are offered; nothing else depends on
this.
"""

import os


def scan_hosts() -> list[str]:
    """Return the addresses of the known servers, the active one first."""
    named = os.environ.get("T9K_CONFIG")
    path = os.path.expanduser(named or os.path.join("~", ".t9k", "t9k-sdk-config.yaml"))
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read(1 << 20).splitlines()
    except (OSError, ValueError):
        return []
    active, waiting, inside = {}, [], False
    for line in lines:
        key, _, value = line.partition(": ") if ": " in line else line.rpartition(":")
        if line[:1] not in ("", " ", "#"):
            inside = _plain(line) == "aimd_hosts:"
            if key in ("aimd_host", "host"):
                active[key] = _plain(value)
        elif inside and "://" in line and line.strip()[:1] != "#":
            waiting.append(_plain(line).removesuffix(":").strip("'\""))
    first = active.get("aimd_host") or active.get("host")
    return list(dict.fromkeys(filter(None, [first, *waiting])))


def _plain(text: str) -> str:
    return text.partition(" #")[0].strip().strip("'\"")


def host_in_use(given: str | None) -> str:
    """Return the server that a command line would use, or an empty text."""
    wanted = given or os.environ.get("AIMD_HOST") or ""
    known = scan_hosts()
    if "://" in wanted:
        return wanted.rstrip("/")
    fitting = [host for host in known if wanted in host]
    return fitting[0] if fitting else ""
