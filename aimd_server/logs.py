"""Logs on stderr: lines for people, or one JSON object per line. They never contain keys, queries or bodies."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone

from aimd_server.settings import Settings


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and the record's `facts`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up_logs(settings: Settings) -> None:
    """Send the logs to stderr in the form that the settings name."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonLines() if is_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # debug lines of libraries can contain anything
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of each malformed request
    logging.getLogger("aimd_server").setLevel(settings.log_level.upper())
