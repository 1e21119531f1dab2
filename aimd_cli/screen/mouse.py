"""The mouse of the live screen: off, so that the terminal selects text, until a key or a setting turns it on.

What Textual does not offer publicly, turning the mouse on and off while it runs, is here and nowhere else.
"""

from __future__ import annotations

from typing import Any


def turn_mouse(driver: Any, is_on: bool) -> bool:
    """Turn the mouse on or off, and return whether it is on now.

    Args:
        driver: The driver of the application; one that has no mouse is left alone.
        is_on: Whether the screen, and not the terminal, shall get what the mouse does.
    """
    turn = getattr(driver, "_enable_mouse_support" if is_on else "_disable_mouse_support", None)
    if turn is None:
        return False
    driver._mouse = True  # otherwise neither does anything
    turn()
    flush = getattr(driver, "flush", None)
    if flush is not None:
        flush()
    return is_on
