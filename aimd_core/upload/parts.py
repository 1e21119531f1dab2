"""How much of a file goes in one request."""

from __future__ import annotations

FIRST_PART_BYTES = 1 << 20
MIN_PART_BYTES, MAX_PART_BYTES = 64 << 10, 8 << 20
PART_S = 1.0  # a part is sized to take about this long


class PartSize:
    """How many bytes to send at once, so that a part takes about a second. One per connection."""

    def __init__(self) -> None:
        self.size_bytes = FIRST_PART_BYTES

    def learn(self, sent_bytes: int, took_s: float) -> None:
        """Learn from how long a part took; a short last part says nothing."""
        if sent_bytes < self.size_bytes:
            return
        fitting = int(sent_bytes * PART_S / max(took_s, 1e-3))
        self.size_bytes = max(MIN_PART_BYTES, min(MAX_PART_BYTES, fitting, self.size_bytes * 4))
