"""The Chinese of everything that the program says: by the English text, or by its template with the same places."""

from __future__ import annotations

MESSAGES: dict[str, str] = {}
