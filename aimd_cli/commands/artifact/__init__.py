"""`aimd artifact …`: models and data sets, here and on a server."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup

GROUP = CommandGroup(
    __name__,
    "List, compare, name, upload and download artifacts.",
    {
        "ls": "ls:ls",
        "describe": "describe:describe",
        "upload": "upload:upload",
        "download": "download:download",
        "verify": "verify:verify",
        "diff": "diff:diff",
        "alias": "alias:alias",
        "lineage": "lineage:lineage",
        "rm": "trash:rm",
        "restore": "trash:restore",
    },
)
