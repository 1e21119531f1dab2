"""Measurements relative to a floor in the same run, so that they mean the same on every machine. Run: make bench.

Each module except `measurement` has `run() -> list[Measurement]` and can be run alone: python -m benchmarks.NAME.
Nothing here is a gate: a busy machine gives numbers, not failures.
"""
