"""The console as its tests speak of it: by roles and labels, as a person with or without eyes finds things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.console.browser import Watched

WEB = "/t9k/experiment/web/"
_PAINTED = """() => {
  const canvas = document.querySelector('.chart-place canvas.chart-curves');
  if (!canvas || !canvas.width) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 100) painted += 1;
  return painted > 300;
}"""


class Console:
    """One window of the console."""

    def __init__(self, window: Watched) -> None:
        self.window = window
        self.page: Page = window.page

    def go(self, address: str = "#/") -> Console:
        """Open an address of the console, from `#` on."""
        self.page.goto(f"{self.window.origin}{WEB}{address}")
        return self

    def folder(self, folder_id: str, **query: str) -> Console:
        text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        return self.go(f"#/folders/{folder_id}/{'?' + text if text else ''}")

    def trial(self, trial_id: str) -> Console:
        return self.go(f"#/trials/{trial_id}/")

    def compare(self, *trial_ids: str) -> Console:
        return self.go(f"#/compare?trials={','.join(trial_ids)}")

    @property
    def hash(self) -> str:
        return self.page.url.partition("#")[2]

    def button(self, name: str | re.Pattern[str], exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    def choose(self, menu: str, item: str) -> None:
        """Open a menu and take one of its items, or turn it on or off."""
        self.button(menu, exact=False).first.click()
        items = self.page.get_by_role("menuitem", name=item, exact=True)
        for role in ("menuitemcheckbox", "menuitemradio"):
            items = items.or_(self.page.get_by_role(role, name=item, exact=True))
        items.click()

    # The list of a folder

    @property
    def table(self) -> Locator:
        return self.page.get_by_role("table", name="Trials")

    def row(self, name: str) -> Locator:
        return self.table.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def names(self) -> list[str]:
        """Return the names of the trials that the list shows."""
        return self.table.locator("td.name a").all_inner_texts()

    def filter(self, query: str) -> None:
        field = self.page.get_by_role("combobox", name="Filter in the query language")
        field.fill(query)
        field.press("Enter")

    def select(self, *names: str) -> None:
        for name in names:
            self.page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()

    # Charts

    def chart(self, metric: str) -> Locator:
        """Return the drawn chart of a metric; metrics of one name and several types share it."""
        name = re.escape(metric).replace("/", r"\/")  # in JavaScript a slash ends an expression
        self.page.get_by_role("region", name=re.compile(rf"^(\w+\.)?{name}$")).first.scroll_into_view_if_needed()
        found = self.page.get_by_role("group", name=re.compile(rf"^Chart of (\w+\.)?{name} by ")).first
        found.locator("canvas").first.wait_for()
        return found

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name)


def wait_until_painted(console: Console) -> None:
    """Wait until the first chart has curves, by its pixels; axes alone are none."""
    console.page.wait_for_function(_PAINTED)
