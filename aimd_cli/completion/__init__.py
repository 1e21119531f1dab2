"""Answers the shell's completion requests, with only the standard library, no network, and no errors at the prompt.

The entry point loads it before Typer, so a completion costs little more than starting the interpreter. For the same
reason these modules do without `typing` and `from __future__`, and load each other only where necessary.
"""
