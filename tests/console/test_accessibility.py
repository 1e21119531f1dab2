"""axe-core finds no serious or critical fault on any page, light and dark. It comes in past the policy, which stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.world import folder_id, record_trial
from tests.server.api import User
from tests.support.parts import require_part

AXE = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
BAD = ("serious", "critical")


def faults(console: Console) -> list[str]:
    """Return what axe-core says against a page, one line each."""
    require_part("axe-core (npm ci in console/)", AXE.is_file())
    # Evaluated by the debugger, not by the page: no policy is loosened for it.
    console.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = console.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['impact']} {fault['id']}: {node['html'][:120]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for fault in found["violations"]
        if fault["impact"] in BAD
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(window: Window, person: User, scheme: str) -> None:
    trials = [record_trial(person, name, lr=rate) for name, rate in (("one", 0.1), ("two", 0.2))]
    place = folder_id(person, "/vision/mnist")
    person.v2("PATCH", f"/trials/{trials[0].id}", json={"tags": ["baseline"], "note": "a note"})
    gone = record_trial(person, "gone")
    person.v2("DELETE", f"/trials/{gone.id}")
    person.v2("POST", "/me/keys", json={"name": "laptop"})
    signed_out = Console(window(color_scheme=scheme)).go()
    signed_out.button("Sign in").wait_for()
    found = {"sign in": faults(signed_out)}
    console = Console(window(person, color_scheme=scheme))
    pages = {
        "folder": (f"#/folders/{place}/", console.link("one")),
        "selected": (f"#/folders/{place}/?selected={trials[0].id},{trials[1].id}", console.button("Compare 2")),
        "empty filter": (f"#/folders/{place}/?where=name%20%3D%20none", console.heading("No trial fits this filter")),
        "trial": (f"#/trials/{trials[0].id}/", console.page.locator(".chart-place canvas")),
        "compare": (f"#/compare?trials={trials[0].id},{trials[1].id}", console.page.locator(".chart-place canvas")),
        "shared": ("#/shared", console.heading("Shared with me")),
        "trash": ("#/trash", console.heading("Trash")),
        "keys": ("#/keys", console.heading("API keys")),
        "nothing": ("#/nowhere", console.page.get_by_text("There is no such page.")),
    }
    for name, (address, there) in pages.items():
        console.go(address)
        there.first.wait_for()
        found[name] = faults(console)
    console.trial(trials[0].id)
    for tab in ("Parameters", "Platform & git", "Output", "Files"):
        console.tab(tab).click()
        found[tab] = faults(console)
    console.go()
    console.button("New folder").click()
    console.dialog.wait_for()
    found["dialog"] = faults(console)
    assert {name: lines for name, lines in found.items() if lines} == {}
