"""A walk over the pages in Chinese: nothing is English but names and code, whatever the server says of trials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.test_looks import COUNTED
from tests.console.world import curve, folder_id
from tests.server.api import User, new_id
from tests.server.test_server_languages import ENDINGS, record_ended

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Every text that is seen or read out, but code, what people typed, and what programs printed.
_TEXTS = """() => {
  const skipped = 'code, pre, kbd, noscript, script, style, textarea, .output-line, option[data-code], [lang=en]';
  const texts = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (!node.parentElement.closest(skipped)) texts.add(node.data);
  }
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest(skipped)) continue;
    for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'aria-description']) {
      texts.add(element.getAttribute(name) ?? '');
    }
  }
  texts.add(document.title);
  return [...texts];
}"""
# Names of products and of what is typed, which are the same in both languages.
_NAMES = re.compile(
    r"API Key|aimd [a-z ]+@?\w*|Shift\+N|Ctrl-C|bad shape|resnet val\.acc|English|query:, sort:.*show: best"
    r"|view (名称|#/…)|latest、best|reason = \".*\"|no colon"
)


def english_on(page: Page) -> list[str]:
    """Return the texts of a page that have two English words in a row."""
    texts: list[str] = page.evaluate(_TEXTS)
    return [text for text in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,}", _NAMES.sub("", text))]


def test_no_page_says_in_chinese_a_sentence_in_english(window: Window, person: User) -> None:
    ids = [record_ended(person, number) for number in range(len(ENDINGS))]
    assert person.patch(ids[0], 0, curve(20)).status_code == 204
    assert person.patch(ids[0], 0, b"one\nValueError: two\n", "stdout.log").status_code == 204
    place = folder_id(person, "/ends")
    views = (
        ["gone", "#/keys/"],
        ["no colon", "show: all", "limit: 0", "odd: 1", "columns: reason,age,ended", "query: a ="],
    )
    note = "\n\n".join(
        [*(f"```view {view}\n```" for view in views[0]), *(f"```view\n{line}\n```" for line in views[1])]
    )
    assert person.v2("PUT", f"/folders/{place}/note", json={"note": note}, headers={"If-Match": "*"}).status_code == 200
    gone = record_ended(person, 0)
    assert person.v2("DELETE", f"/trials/{gone}").status_code == 204
    console = Console(window(person, locale="zh-CN", viewport={"width": 1920, "height": 1080}))
    console.page.add_init_script(COUNTED)
    folder = f"#/folders/{place}/"
    tabs = ("metrics", "parameters", "platform", "output", "files", "media", "artifacts")
    addresses = [
        "#/",
        f"{folder}?show=list&columns=name,state,reason,duration,note",
        *(f"{folder}?show={show}" for show in ("both", "charts", "sweep")),
        f"{folder}?where=optimizer%20%3D%20adam",
        f"{folder}?where=(state%20%3D%20Failed",
        f"{folder}?where=state%20%3D%20Initializing",
        f"#/reports/{place}/",
        *(f"#/trials/{uid}/" for uid in ids),
        *(f"#/trials/{ids[number]}/?tab={tab}" for tab in tabs for number in (0, 1)),
        f"#/compare?trials={','.join(ids)}",
        f"#/compare?trials={','.join(ids)}&tab=parameters",
        f"#/compare?trials={new_id()}",
        f"#/trials/{new_id()}/",
        "#/shared/",
        "#/trash/",
        "#/keys/",
        "#/nowhere",
    ]
    found = {}
    for address in addresses:
        console.go(address)
        console.page.get_by_role("main").wait_for()
        console.page.wait_for_function("() => window.underway === 0 && !document.querySelector('.skeleton')")
        if english := english_on(console.page):
            found[address] = english
    assert found == {}


def test_what_the_server_refuses_and_tells_is_chinese(window: Window, person: User) -> None:
    for number in range(len(ENDINGS)):
        record_ended(person, number)
    console = Console(window(person, locale="zh-CN"))
    console.go(f"#/folders/{folder_id(person, '/ends')}/?show=list&columns=name,state,reason")
    expect(console.page.get_by_text("结束时未调用 finish()")).to_be_visible()
    expect(console.page.get_by_text("ended without finish()")).to_have_count(0)
    # What a cell is filtered by is what queries compare, whatever the page says.
    console.page.get_by_text("结束时未调用 finish()").click(button="right")
    console.page.get_by_role("menuitem", name=re.compile("^只看")).click()
    expect(console.page.locator("td.name a")).to_have_text(["t5"])
    assert english_on(console.page) == []
