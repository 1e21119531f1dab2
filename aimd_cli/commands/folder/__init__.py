"""`aimd folder …`: the folders of the server, and who may see them."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup

GROUP = CommandGroup(
    __name__,
    "List, create, move and share folders on the server.",
    {
        "ls": "listing:ls",
        "tree": "listing:tree",
        "id": "listing:id_of",
        "mk": "editing:mk",
        "mv": "editing:mv",
        "rm": "editing:rm",
        "restore": "editing:restore",
        "share": "sharing:share",
        "unshare": "sharing:unshare",
        "ls-shares": "sharing:ls_shares",
    },
)
