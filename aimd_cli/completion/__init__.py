"""Answers the shell's TAB. Standard library only, no network, and nothing that can fail the prompt.

Loaded by the entry point before Typer, so a TAB costs hardly more than starting the interpreter. That is also
why these modules do without `typing` and `from __future__`, and load each other only where they must.
"""
