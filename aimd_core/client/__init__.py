"""Speaks HTTP to an AIMD server. Only this package knows httpx, and only it retries."""
