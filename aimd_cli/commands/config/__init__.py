"""`aimd config …`: the SDK config file, its settings and the servers that it knows."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup

GROUP = CommandGroup(
    __name__,
    "Show and change settings and servers.",
    {
        "list": "settings:list_settings",
        "get": "settings:get",
        "set": "settings:set_setting",
        "unset": "settings:unset",
        "hosts": "hosts:hosts",
        "use": "hosts:use",
        "edit": "edit:edit",
        "path": "settings:path",
    },
)
