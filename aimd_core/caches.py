"""The user's cache directory: the one that platformdirs would return, without its cost.

Loading platformdirs takes a third as long as a bare interpreter, which every completion and list would pay.
"""

import os
import sys


def user_cache_directory() -> str:
    """Return this program's directory in the user's cache directory; it may not exist yet."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "aimd", "Cache")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/aimd")
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/.cache"), "aimd")
