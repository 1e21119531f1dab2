"""`aimd trial …`: see, compare, mark, keep and upload trials."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup, CommandPath

GROUP = CommandGroup(
    __name__,
    "List, compare, label, export and upload trials.",
    {
        "ls": "ls:ls",
        "describe": "describe:describe",
        "plot": "plot:plot",
        "compare": "compare:compare",
        "top": "top:top",
        "logs": "logs:logs",
        "files": "files:files",
        "media": "media:media",
        "views": CommandGroup(
            __name__,
            "Save lists under a name, here or on a server; list, copy and remove them.",
            {
                "ls": "views:ls",
                "save": "views:save",
                "rm": "views:rm",
                "push": "views:push",
                "pull": "views:pull",
            },
        ),
        "tag": "label:tag",
        "note": "label:note",
        "rename": "label:rename",
        "baseline": "views:baseline",
        "mv": "label:mv",
        "rm": "trash:rm",
        "restore": "trash:restore",
        "trash": CommandGroup(
            __name__,
            "List and empty the trash.",
            {
                "ls": "trash:ls",
                "empty": "trash:empty",
            },
        ),
        "upload": "upload:upload",
        "download": "download:download",
        "export": "export:export",
        "import": "importing:import_runs",
        "check": "gate:check",
        "wait": "gate:wait",
        "verify": "verify:verify",
        "show": CommandPath("describe:describe", "The same as describe."),
    },
    {
        "Look": ("ls", "describe", "show", "plot", "compare", "top", "logs", "files", "media", "views"),
        "Change": ("tag", "note", "baseline", "rename", "mv", "rm", "restore", "trash"),
        "Upload and exchange": ("upload", "download", "export", "import"),
        "Check": ("check", "wait", "verify"),
    },
)
