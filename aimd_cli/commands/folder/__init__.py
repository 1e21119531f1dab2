"""`aimd folder …`: the folders of the server, and who may see them."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup

GROUP = CommandGroup(
    __name__,
    "List, create, move and share folders on the server.",
    {
        "ls": "folders:ls",
        "tree": "folders:tree",
        "id": "folders:id_of",
        "mk": "folders:mk",
        "mv": "folders:mv",
        "rm": "folders:rm",
        "restore": "folders:restore",
        "note": "reports:note",
        "report": "reports:report",
        "share": "sharing:share",
        "unshare": "sharing:unshare",
        "ls-shares": "sharing:ls_shares",
    },
)
