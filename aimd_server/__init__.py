"""The AIMD server, which a team runs: one process with SQLite inside.

Its entry points are `aimd_server.launch.start`, `aimd_server.accounts` and, for another ASGI server,
`aimd_server.app.create_app`. Who may import whom: app > routes > services > stores. See docs/guides/server.md.
"""

from aimd_core.language import add_catalogue

add_catalogue("aimd_server.languages.zh")
