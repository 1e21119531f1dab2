"""Folders of a server: as a table, as a tree, and with whom they are shared."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from aimd_cli import text
from aimd_cli.views.rows import local_time
from aimd_cli.views.shortening import shortened
from aimd_cli.views.states import state_cell
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note, shown
from aimd_core.language import said
from aimd_core.reading.facts import Facts

Row = dict[str, Any]
_INDENT, _LEAST_NAME = 4, 10  # cells of a level of a tree, and of a name
_FIELDS = ("path", "id", "trials", "owner", "role", "updated")
_TRASH_FIELDS = ("path", "id", "deleted")
_QUOTA_FIELDS = ("used", "limit")  # behind them, in bytes
_BELOW_FIELD = "trials_below"  # behind those


def _cell(value: object) -> str:
    return "" if value is None else text.clean(str(value))


def _line(row: Row, fields: tuple[str, ...]) -> list[str]:
    return ["" if row.get(name) is None else str(row[name]) for name in fields]


def trials_in(row: Row) -> int | None:
    """Return how many trials are in a folder and below, as far as the server says."""
    count = row.get(_BELOW_FIELD)
    return row.get("trials") if count is None else count


def _quota(row: Row) -> str:
    """Return how much of its quota a folder uses, or an empty string if it has none."""
    quota = row.get("quota")
    if not quota:
        return ""
    return shown(said("{used} of {limit}", used=text.size(quota["used"]), limit=text.size(quota["limit"])))


class FolderList:
    """The folders in a folder; `top` is that one, if it is at hand."""

    def __init__(self, rows: list[Row], location: str, top: Row | None = None) -> None:
        self.rows = rows
        self.location = location
        self.top = top or {}

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        columns = [Column("NAME"), Column("TRIALS", priority=1, right=True), Column("OWNER", priority=3)]
        has_quotas = any(row.get("quota") for row in self.rows)
        columns += [Column("QUOTA", priority=1, right=True)] if has_quotas else []
        table = Table([*columns, Column("ROLE", priority=4), Column("ID", priority=2, style="cyan")])
        for row in self.rows:
            first = [_cell(row.get("name")), _cell(trials_in(row)), _cell(row.get("owner"))]
            last = [_cell(row.get("role")), _cell(row.get("id"))]
            table.add(*first, *([_quota(row)] if has_quotas else []), *last)
        count = said(
            "{count} folder{s} in {place}",
            count=len(self.rows),
            s="" if len(self.rows) == 1 else "s",
            place=self.location,
        )
        used = _quota(self.top)
        count = said("{count}, which holds {used}", count=count, used=used) if used else count
        return Group(table.rich(width), note(count, style="dim")) if self.rows else note(count, style="dim")

    def lines(self) -> list[list[str]]:
        """Return the header and one row per folder."""
        quotas = [_line(row.get("quota") or {}, _QUOTA_FIELDS) for row in self.rows]
        below = [_line(row, (_BELOW_FIELD,)) for row in self.rows]
        lines = [_line(row, _FIELDS) + quota + more for row, quota, more in zip(self.rows, quotas, below, strict=True)]
        return [[*_FIELDS, *_QUOTA_FIELDS, _BELOW_FIELD], *lines]

    def document(self) -> dict[str, object]:
        """Return the folders as plain data."""
        return {"folders": self.rows, **({"quota": self.top["quota"]} if self.top.get("quota") else {})}


class FolderTree(FolderList):
    """The folders below a folder, drawn as a tree."""

    def __init__(self, top: Row, rows: list[Row], trials: list[Facts] | None = None) -> None:
        """Take the folders, and the trials in them if those are to be drawn, too."""
        super().__init__(rows, str(top["path"]), top)
        self.trials = trials

    def rich(self, width: int) -> RenderableType:
        """Return the tree; a path with missing parents is attached to its nearest one."""
        root = Text(text.clean(self.location), style="bold")
        drawn = Tree(root.append(f"  {_quota(self.top)}", style="dim") if self.top.get("quota") else root)
        nodes = {self.location.rstrip("/"): drawn}
        for row in self.rows:
            above = str(row["path"]).rpartition("/")[0]
            while above not in nodes and above:
                above = above.rpartition("/")[0]
            label = Text(text.clean(str(row["name"])))
            if trials_in(row):
                count = said("  {trials} trial{s}", trials=trials_in(row), s="" if trials_in(row) == 1 else "s")
                label.append(shown(count), style="dim")
            if row.get("quota"):
                label.append(f"  {_quota(row)}", style="dim")
            nodes[str(row["path"])] = nodes.get(above, drawn).add(label)
        for trial in self.trials or ():
            state, style = state_cell(trial.state)
            depth = trial.folder.rstrip("/").count("/") - self.location.rstrip("/").count("/") + 1
            room = max(_LEAST_NAME, width - depth * _INDENT - cell_len(shown(state)) - 2)
            (name,) = shortened([text.clean(trial.name)], room)
            label = Text.assemble(name, "  ", (shown(state), style), no_wrap=True)
            nodes[trial.folder.rstrip("/")].add(label)
        return drawn

    def lines(self) -> list[list[str]]:
        """Return the header and one row per folder, and if they were asked for, one row per trial after those."""
        lines = super().lines()
        if self.trials is None:
            return lines
        trials = [["trial", f"{trial.folder.rstrip('/')}/{trial.name}", trial.id, trial.state] for trial in self.trials]
        return [["kind", *lines[0][:2], "state"], *(["folder", *line[:2], ""] for line in lines[1:]), *trials]

    def document(self) -> dict[str, object]:
        """Return the folders, and if they were asked for, the trials."""
        more = {} if self.trials is None else {"trials": [trial.document() for trial in self.trials]}
        return {**super().document(), **more}


class FolderTrash:
    """The folders in the trash."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = [{**row, "path": f"{(row.get('folder') or '').rstrip('/')}/{row['name']}"} for row in rows]

    def rich(self, width: int) -> RenderableType:
        """Return the table, and how to bring one back."""
        if not self.rows:
            return note("No folder is in the trash.", style="dim")
        table = Table([Column("PATH"), Column("DELETED", priority=1), Column("ID", priority=2, style="cyan")])
        for row in self.rows:
            table.add(_cell(row["path"]), local_time(row["deleted"]), _cell(row["id"]))
        return Group(table.rich(width), note("To bring one back: aimd folder restore PATH", style="dim"))

    def lines(self) -> list[list[str]]:
        """Return the header and one row per folder."""
        return [list(_TRASH_FIELDS), *(_line(row, _TRASH_FIELDS) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"trash": self.rows}


class FolderOutcome:
    """What became of a folder: `moved`, `deleted`, `restored`, `shared` or `unshared`, with facts about it."""

    def __init__(self, outcome: str, facts: Row) -> None:
        self.facts = {"outcome": outcome, **facts}

    def rich(self, width: int) -> RenderableType:
        """Return one line per fact."""
        return Text("\n".join(f"{name}: {_cell(value)}" for name, value in self.facts.items()))

    def lines(self) -> list[list[str]]:
        """Return one row per fact."""
        return [[name, _cell(value)] for name, value in self.facts.items()]

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return self.facts


class QuotaList:
    """The quotas of a server; sizes in bytes."""

    fields = ("user", "folder", "used", "limit")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return the table."""
        if not self.rows:
            return note("no quotas", style="dim")
        sizes = [Column("USED", right=True), Column("LIMIT", right=True)]
        table = Table([Column("USER"), Column("FOLDER", priority=1), *sizes])
        for row in self.rows:
            table.add(_cell(row["user"]), _cell(row["folder"]), text.size(row["used"]), text.size(row["limit"]))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per quota."""
        return [list(self.fields), *(_line(row, self.fields) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"quotas": self.rows}


class SharedList:
    """What others share with the user."""

    fields = ("kind", "path", "name", "owner", "role", "id")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return the table."""
        if not self.rows:
            return note("nothing is shared with you", style="dim")
        first = [Column("KIND", priority=2), Column("PATH", priority=1), Column("NAME")]
        table = Table([*first, Column("OWNER"), Column("ROLE"), Column("ID", style="cyan")])
        for row in self.rows:
            table.add(*(_cell(row.get(name)) for name in self.fields))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per object."""
        return [list(self.fields), *(_line(row, self.fields) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"items": self.rows}


class ShareList:
    """The shares of a folder."""

    fields = ("id", "with", "kind", "role", "created", "expires")

    def __init__(self, shares: list[Row]) -> None:
        self.shares = shares
        self.rows = [
            {
                **row,
                "with": row["user"] or row["group"] or "anyone with the key",
                "kind": "user" if row["user"] else "group" if row["group"] else "link",
            }
            for row in shares
        ]

    def rich(self, width: int) -> RenderableType:
        """Return the table."""
        if not self.rows:
            return note("not shared with anyone", style="dim")
        last = [Column("ROLE"), Column("CREATED", priority=2), Column("EXPIRES", priority=1)]
        table = Table([Column("NUMBER", right=True), Column("WITH"), Column("KIND", priority=3), *last])
        for row in self.rows:
            table.add(*(_cell(row.get(name)) for name in self.fields))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per share."""
        return [list(self.fields), *(_line(row, self.fields) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"shares": self.shares}
