"""All keys of the live screen: the one place that bindings, the help and the guide are made of.

A key means the same wherever the focus is, unless the group of a pane has it too: then the pane with the focus decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding

TABLE, SCREEN, CHARTS, OUTPUT, MEDIA_PANE, APP = "table", "screen", "charts", "output", "media", "app"

_VIEWS = ("chart", "charts", "system", "media")


class KeyLine(NamedTuple):
    """A line of the help.

    Attributes:
        label: The keys as a person reads them.
        does: What they do.
        actions: Keys, as Textual names them with commas between, and the action of each.
        owner: Which part of the screen takes them.
    """

    label: str
    does: str
    actions: tuple[tuple[str, str], ...]
    owner: str


class KeyGroup(NamedTuple):
    """Lines under a heading."""

    title: str
    lines: tuple[KeyLine, ...]


GROUPS = (
    KeyGroup(
        "Move",
        (
            KeyLine(
                "j k ↓ ↑",
                "one trial down, up",
                (("j,down,ctrl+n", "move(1)"), ("k,up,ctrl+p", "move(-1)")),
                TABLE,
            ),
            KeyLine("g G", "first, last", (("g,home", "jump(0)"), ("G,end", "jump(1)")), TABLE),
            KeyLine(
                "PgDn PgUp",
                "a page",
                (("pagedown,ctrl+f,ctrl+d", "page(1)"), ("pageup,ctrl+b,ctrl+u", "page(-1)")),
                TABLE,
            ),
            KeyLine("Tab", "next pane", (("tab", "focus_pane(1)"), ("shift+tab", "focus_pane(-1)")), SCREEN),
            KeyLine("z", "this pane on the whole screen, and back", (("z", "zoom"),), SCREEN),
        ),
    ),
    KeyGroup(
        "Choose",
        (
            KeyLine(
                "/",
                "filter: a query, or a word of the name; Esc clears it",
                (("slash", "filter"), ("escape", "clear_filter")),
                SCREEN,
            ),
            KeyLine("s", "sort by any field; a leading - puts the largest first", (("s", "sort"),), APP),
            KeyLine("r", "reverse the order", (("r", "reverse"),), SCREEN),
            KeyLine("space", "mark for the chart, several at once", (("space", "mark"),), TABLE),
            KeyLine("u", "remove all marks", (("u", "unmark"),), SCREEN),
        ),
    ),
    KeyGroup(
        "Look",
        (
            KeyLine("Enter", "details of the trial", (("enter", "details"),), TABLE),
            KeyLine(
                "1 2 3 4",
                "one chart, a chart of each metric, the machine (GPU, memory, CPU), pictures",
                (
                    ("1", "look_at('chart')"),
                    ("2", "look_at('charts')"),
                    ("3", "look_at('system')"),
                    ("4", "look_at('media')"),
                ),
                SCREEN,
            ),
            KeyLine("← →", "the cursor of the charts", (("left", "cursor(-1)"), ("right", "cursor(1)")), SCREEN),
            KeyLine("m", "metric of the chart", (("m", "metric"),), APP),
            KeyLine("x", "its x axis: step, epoch, time", (("x", "change('axis')"),), SCREEN),
            KeyLine("y", "its y axis: linear or logarithmic", (("y", "change('log_y')"),), SCREEN),
            KeyLine(
                "c l",
                "show or hide the chart, the output",
                (("c", "change('chart')"), ("l", "change('output')")),
                SCREEN,
            ),
        ),
    ),
    KeyGroup(
        "Act",
        (
            KeyLine("p", "pin the trial: it stays on top and in the charts", (("p", "pin"),), SCREEN),
            KeyLine("B", "make the trial the baseline, or clear it", (("B", "baseline"),), SCREEN),
            KeyLine("C", "compare the marked trials, or the trial with the baseline", (("C", "compare"),), SCREEN),
            KeyLine("t", "tag the marked trials", (("t", "tag"),), SCREEN),
            KeyLine("D", "move the marked trials to the trash; asks first", (("D", "remove"),), SCREEN),
            KeyLine("v V", "choose a saved view, save this one", (("v", "view"), ("V", "save_view")), SCREEN),
        ),
    ),
    KeyGroup(
        "In the charts",
        (
            KeyLine(
                "h l H L",
                "cursor one column, ten columns left, right; Esc removes it",
                (
                    ("h,left", "cursor(-1)"),
                    ("l,right", "cursor(1)"),
                    ("H,shift+left", "cursor(-10)"),
                    ("L,shift+right", "cursor(10)"),
                    ("escape", "no_cursor"),
                ),
                CHARTS,
            ),
            KeyLine(
                "j k ↓ ↑",
                "next, previous chart",
                (("j,down,ctrl+n", "select(1)"), ("k,up,ctrl+p", "select(-1)")),
                CHARTS,
            ),
            KeyLine(
                "PgDn PgUp",
                "a page of charts",
                (("pagedown,ctrl+f,ctrl+d", "page(1)"), ("pageup,ctrl+b,ctrl+u", "page(-1)")),
                CHARTS,
            ),
            KeyLine("g G", "first, last chart", (("g,home", "select_end(0)"), ("G,end", "select_end(1)")), CHARTS),
            KeyLine("/", "only metrics that match a regular expression", (("slash", "filter_metrics"),), CHARTS),
            KeyLine("space", "fold or unfold the section", (("space", "fold"),), CHARTS),
            KeyLine("p", "pin the metric: it comes first", (("p", "pin_metric"),), CHARTS),
            KeyLine("Enter", "this metric alone", (("enter", "take_metric"),), CHARTS),
        ),
    ),
    KeyGroup(
        "In the pictures",
        (
            KeyLine(
                "h l H L",
                "one step, ten steps back, on",
                (
                    ("h,left", "step(-1)"),
                    ("l,right", "step(1)"),
                    ("H,shift+left", "step(-10)"),
                    ("L,shift+right", "step(10)"),
                ),
                MEDIA_PANE,
            ),
            KeyLine("g G", "first step, follow the last", (("g,home", "last(0)"), ("G,end", "last(1)")), MEDIA_PANE),
            KeyLine("j k ↓ ↑", "next, previous key", (("j,down", "key(1)"), ("k,up", "key(-1)")), MEDIA_PANE),
            KeyLine("n N", "next, previous one of the step", (("n", "item(1)"), ("N", "item(-1)")), MEDIA_PANE),
        ),
    ),
    KeyGroup(
        "In the output",
        (
            KeyLine(
                "j k ↓ ↑",
                "one line down, up",
                (("j,down,ctrl+n", "scroll(1)"), ("k,up,ctrl+p", "scroll(-1)")),
                OUTPUT,
            ),
            KeyLine(
                "PgDn PgUp",
                "a page of lines",
                (("pagedown,ctrl+f,ctrl+d", "page(1)"), ("pageup,ctrl+b,ctrl+u", "page(-1)")),
                OUTPUT,
            ),
            KeyLine("g G", "first line, follow the end", (("g,home", "to_end(0)"), ("G,end", "to_end(1)")), OUTPUT),
            KeyLine("f", "follow the end", (("f", "to_end(1)"),), OUTPUT),
            KeyLine(
                "h l ← →", "left, right in long lines", (("h,left", "sideways(-1)"), ("l,right", "sideways(1)")), OUTPUT
            ),
            KeyLine(
                "/ n N",
                "search a regular expression, next match, previous one; Esc clears it",
                (("slash", "search"), ("n", "match(1)"), ("N", "match(-1)"), ("escape", "no_search")),
                OUTPUT,
            ),
            KeyLine("e E", "next, previous error", (("e", "error(1)"), ("E", "error(-1)")), OUTPUT),
        ),
    ),
    KeyGroup(
        "",
        (
            KeyLine("M", "mouse on or off; off, the terminal selects text", (("M", "mouse"),), APP),
            KeyLine("?", "this help", (("question_mark,f1", "help"),), APP),
            KeyLine("q", "quit", (("q,ctrl+c", "quit"),), APP),
        ),
    ),
)


def bindings_of(owner: str, groups: Iterable[KeyGroup] = GROUPS) -> list[Binding]:
    """Return the bindings of a part of the screen."""
    return [
        Binding(keys, action, show=False)
        for group in groups
        for line in group.lines
        if line.owner == owner
        for keys, action in line.actions
    ]


def all_keys() -> frozenset[str]:
    """Return all keys that are bound somewhere."""
    lines = (line for group in GROUPS for line in group.lines)
    return frozenset(key for line in lines for keys, _ in line.actions for key in keys.split(","))
