"""The Chinese of what the core says: by the English text, or by its template with the same places.

The words are those of TensorStack's own tutorial. Commands, options, names of states, columns of piped output and the
placeholders of a value (`TRIAL`, `PATH`) are no words, and stay.
"""

from __future__ import annotations

from aimd_core.languages.zh.errors import ERRORS
from aimd_core.languages.zh.objects import OBJECTS
from aimd_core.languages.zh.reports import REPORTS

MESSAGES: dict[str, str] = {**ERRORS, **OBJECTS, **REPORTS}
