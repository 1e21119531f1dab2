"""Settings of property tests: no deadline, because the machine may be busy with other tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "aimd", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def load_profile() -> None:
    """Use these settings from now on."""
    settings.load_profile("aimd")
