"""Where this program keeps what it may forget. The same place as platformdirs' user cache, without its cost.

platformdirs takes as long to load as a third of a bare interpreter, which a TAB and a list would pay every time.
"""

import os
import sys


def user_cache_directory() -> str:
    """Return the directory of this program in the user's cache directory; it need not exist yet."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "aimd", "Cache")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/aimd")
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/.cache"), "aimd")
