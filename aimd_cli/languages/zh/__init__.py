"""The Chinese of everything that the program says: by the English text, or by its template with the same places.

The words are those of TensorStack's own tutorial. Commands, options, names of states, columns of piped output and the
placeholders of a value (`TRIAL`, `PATH`) are no words, and stay.
"""

from __future__ import annotations

from aimd_cli.languages.zh.commands import COMMANDS
from aimd_cli.languages.zh.errors import ERRORS
from aimd_cli.languages.zh.messages import MESSAGES as SPOKEN
from aimd_cli.languages.zh.screens import SCREENS
from aimd_cli.languages.zh.topics import TOPICS

MESSAGES: dict[str, str] = {**COMMANDS, **ERRORS, **SPOKEN, **SCREENS, **TOPICS}
