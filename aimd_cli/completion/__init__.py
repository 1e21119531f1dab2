"""Answers the shell's TAB. Standard library only, no network, and nothing that can fail the prompt.

Loaded by the entry point before Typer, so a TAB costs hardly more than starting the interpreter.
"""
