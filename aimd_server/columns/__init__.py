"""Metric series as columns of numbers: read from journal lines, compressed, rendered again, and reduced to plots.

Pure: neither SQL nor HTTP. Everything here needs NumPy, so the rest of the server imports it where it is used.
"""
