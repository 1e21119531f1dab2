"""Speaks HTTP to an AIMD server. The only place that knows httpx, and the only one that retries."""
