"""`aimd server …`: run a server, maintain its data, and manage its users."""

from __future__ import annotations

from aimd_cli.tree import CommandGroup

GROUP = CommandGroup(
    __name__,
    "Run your own AIMD server and manage its accounts.",
    {
        "start": "running:start",
        "status": "upkeep:status",
        "check": "upkeep:check",
        "backup": "upkeep:backup",
        "restore": "upkeep:restore",
        "migrate": "upkeep:migrate",
        "user": CommandGroup(
            __name__,
            "Manage the users of the server.",
            {
                "add": "people:user_add",
                "ls": "people:user_ls",
                "disable": "people:user_disable",
                "enable": "people:user_enable",
                "promote": "people:user_promote",
                "demote": "people:user_demote",
                "rm": "people:user_rm",
            },
        ),
        "quota": CommandGroup(
            __name__,
            "Bound how many bytes of files and artifacts users and folders may hold.",
            {
                "set": "quotas:quota_set",
                "ls": "quotas:quota_ls",
                "rm": "quotas:quota_rm",
            },
        ),
        "key": CommandGroup(
            __name__,
            "Manage the API keys of users.",
            {
                "create": "people:key_create",
                "ls": "people:key_ls",
                "revoke": "people:key_revoke",
            },
        ),
        "group": CommandGroup(
            __name__,
            "Manage groups, to share with many users at once.",
            {
                "add": "people:group_add",
                "ls": "people:group_ls",
                "join": "people:group_join",
                "leave": "people:group_leave",
                "rm": "people:group_rm",
            },
        ),
    },
)
