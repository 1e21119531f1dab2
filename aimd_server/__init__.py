"""The AIMD server: what a team runs. One process, SQLite inside.

The entries are `aimd_server.launch.start`, `aimd_server.accounts` and, for an ASGI server of one's own,
`aimd_server.app.create_app`. Who may import whom: app > routes > services > stores. See docs/guides/server.md.
"""

from aimd_core.language import add_catalogue

add_catalogue("aimd_server.languages.zh")
