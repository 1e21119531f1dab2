"""The terminal application `aimd`: what a person types, and what they see."""

from aimd_core.language import add_catalogue

add_catalogue("aimd_cli.languages.zh")
