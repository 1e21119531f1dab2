"""Figures of plotly and objects in space in the browser: drawn in a frame that reaches nothing, and said in words."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.console.conftest import Window
from tests.console.pages import Console
from tests.console.test_journeys import expect
from tests.console.test_media import give_media, of_kind
from tests.console.world import record_trial
from tests.server.api import User
from tests.server.test_server_media import line

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PLOTLY = "application/vnd.plotly.v1+json"
CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
FACES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]


def figure(*traces: dict[str, Any], **layout: Any) -> bytes:
    return json.dumps({"data": traces, "layout": layout}).encode()


def glb(document: dict[str, Any] | None = None) -> bytes:
    """Return a tetrahedron as a GLB file, or a GLB file with another document."""
    points = b"".join(struct.pack("<3f", *corner) for corner in CORNERS)
    faces = b"".join(struct.pack("<3H", *face) for face in FACES)
    document = document or {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": len(points) + len(faces)}],
        "bufferViews": [
            {"buffer": 0, "byteLength": len(points)},
            {"buffer": 0, "byteOffset": len(points), "byteLength": len(faces)},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
    }
    head = json.dumps(document).encode()
    head += b" " * (-len(head) % 4)
    chunks = struct.pack("<I4s", len(head), b"JSON") + head
    chunks += struct.pack("<I4s", len(points) + len(faces), b"BIN\0") + points + faces
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def stl() -> bytes:
    faces = [struct.pack("<12fH", 0, 0, 0, *(x for corner in face for x in CORNERS[corner]), 0) for face in FACES]
    return b"\0" * 80 + struct.pack("<I", len(faces)) + b"".join(faces)


def obj(with_faces: bool = True) -> bytes:
    lines = [f"v {x} {y} {z}" for x, y, z in CORNERS]
    if with_faces:
        lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in FACES]
    return "\n".join([*lines, ""]).encode()


def ply(vertices: int = 4) -> bytes:
    head = ["ply", "format ascii 1.0", f"element vertex {vertices}"]
    head += [f"property float {name}" for name in "xyz"]
    rows = [f"{x} {y} {z}" for x, y, z in CORNERS]
    return "\n".join([*head, "end_header", *rows, ""]).encode()


finished: list[str] = []  # addresses that answered, unlike those that a policy refused


def show(
    window: Window, person: User, name: str, records: list[tuple[str, int, str, str, bytes]], **settings: Any
) -> tuple[Console, Callable[[str], Locator]]:
    """Open the media of a trial with records, each a key, a step, a kind, a type and bytes; return its panels."""
    trial = record_trial(person, name).id
    lines = [of_kind(kind, line(key, step, content, kind_of)) for key, step, kind, kind_of, content in records]
    give_media(person, trial, lines, *{content for *_, content in records})
    opened = window(person, **settings)
    opened.context.on("requestfinished", lambda request: finished.append(request.url))
    console = Console(opened).go(f"#/trials/{trial}/?tab=media")
    return console, lambda key: console.page.get_by_role("region", name=key, exact=True)


def ignore_what_frames_are_refused(console: Console) -> None:
    """Forget what the policy of frames refused."""
    expected = ("CSP report", "Content Security Policy")
    console.window.faults[:] = [fault for fault in console.window.faults if not any(word in fault for word in expected)]


def test_a_figure_is_drawn_by_step_and_said_in_words(window: Window, person: User) -> None:
    loss = {"type": "scatter", "name": "loss", "x": [1, 2, 3], "y": [3, 1, 2]}
    bars = {"type": "bar", "name": "count", "x": ["a", "b"], "y": [1, 2]}
    first, second = figure(loss, title={"text": "First"}), figure(loss, bars, title="Second <b>one</b>")
    records = [("curve", step, "figure", PLOTLY, content) for step, content in ((1, first), (2, second))]
    console, panel = show(window, person, "figures", records)
    curve = panel("curve")
    expect(curve.get_by_text("Second one · 2 traces, 5 points: loss (scatter, 3), count (bar, 2)")).to_be_visible()
    frame = curve.frame_locator("iframe")
    expect(frame.locator(".scatterlayer .trace")).to_have_count(1)
    assert frame.locator("body").evaluate("self.origin") == "null"
    curve.get_by_role("button", name="curve: previous step").click()
    expect(curve.get_by_text("First · 1 trace, 3 points: loss (scatter, 3)")).to_be_visible()
    assert len([url for url in console.window.requests if url.endswith("frames/figure.html")]) == 1  # the frame stays
    drawing = frame.get_by_role("group", name="curve · 1")
    drawing.focus()
    ticks = frame.locator(".xaxislayer-above")
    expect(ticks).to_contain_text("1.5")
    for _ in range(6):
        console.page.keyboard.press("-")
    expect(ticks).not_to_contain_text("1.5")
    console.page.keyboard.press("0")
    expect(ticks).to_contain_text("1.5")
    curve.get_by_role("button", name="Enlarge curve").click()
    expect(console.dialog.frame_locator("iframe").locator(".scatterlayer .trace")).to_have_count(1)
    ignore_what_frames_are_refused(console)


LARGE = {
    "parallel": ({"type": "parcoords", "dimensions": [{"label": "lr", "values": [1, 2]}, {"values": [4, 3]}]}, "lr"),
    "flow": (
        {
            "type": "sankey",
            "node": {"label": ["raw", "train", "test"]},
            "link": {"source": [0, 0], "target": [1, 2], "value": [8, 2]},
        },
        "train",
    ),
    "radar": ({"type": "scatterpolar", "r": [1, 5, 2], "theta": ["speed", "size", "cost"], "fill": "toself"}, "speed"),
    "tree": ({"type": "treemap", "labels": ["all", "leaf"], "parents": ["", "all"], "values": [2, 1]}, "leaf"),
}


def test_figures_that_need_the_large_library_are_drawn(window: Window, person: User) -> None:
    records = [(key, 1, "figure", PLOTLY, figure(trace)) for key, (trace, _) in LARGE.items()]
    console, panel = show(window, person, "large", records)
    for key, (trace, words) in LARGE.items():
        panel(key).scroll_into_view_if_needed()
        expect(panel(key).get_by_role("status").get_by_text(f"{trace['type']} (")).to_be_visible()
        expect(panel(key).frame_locator("iframe").get_by_text(words).first).to_be_visible()
    console.window.faults[:] = [fault for fault in console.window.faults if "GPU stall" not in fault]
    ignore_what_frames_are_refused(console)


def test_what_is_not_drawn_is_said(window: Window, person: User) -> None:
    many = {"type": "scattergl", "mode": "markers", "y": list(range(100_000))}
    broken = b'{"data": [{"type": "scatter", "y": ['
    records = [
        ("broken", 1, "figure", PLOTLY, broken),
        ("other", 1, "figure", PLOTLY, figure({"type": "scattergeo"})),
        ("many", 1, "figure", PLOTLY, figure(many)),
        ("ply", 1, "object3d", "model/ply", ply(4_000_000_000)),
        ("draco", 1, "object3d", "model/gltf-binary", glb({"asset": {"version": "1.0"}})),
        (
            "apart",
            1,
            "object3d",
            "model/gltf+json",
            json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": "https://elsewhere/a.bin"}]}).encode(),
        ),
    ]
    console, panel = show(window, person, "broken", records)
    for key, words in [
        ("broken", "damaged"),
        ("other", "Traces of these kinds are not drawn here: scattergeo"),
        ("many", "33,334 of 100,000 points are drawn"),
        ("ply", "damaged"),
        ("draco", "damaged"),
        ("apart", "refers to another file, which is not read: https://elsewhere/a.bin"),
    ]:
        panel(key).scroll_into_view_if_needed()
        expect(panel(key).get_by_role("status").get_by_text(words)).to_be_visible()
        expect(panel(key).get_by_role("link", name="Download")).to_be_visible()
    ignore_what_frames_are_refused(console)


def test_objects_are_drawn_whatever_their_format(window: Window, person: User) -> None:
    records = [
        ("glb", 1, "object3d", "model/gltf-binary", glb()),
        ("stl", 1, "object3d", "model/stl", stl()),
        ("obj", 1, "object3d", "model/obj", obj()),
        ("points", 1, "object3d", "model/obj", obj(with_faces=False)),
        ("ply", 1, "object3d", "model/ply", ply()),
    ]
    console, panel = show(window, person, "objects", records)
    words = {"glb": "4 vertices, 4 faces", "points": "4 vertices, 0 faces", "ply": "4 vertices, 0 faces"}
    for key, *_ in records:
        panel(key).scroll_into_view_if_needed()
        said = panel(key).get_by_role("status")
        expect(said.get_by_text(words.get(key, "12 vertices, 4 faces"))).to_be_visible()
    panel("glb").scroll_into_view_if_needed()
    drawing = panel("glb").frame_locator("iframe").locator("#drawing")
    drawing.focus()
    before = console.page.screenshot()
    console.page.keyboard.press("ArrowRight")
    console.page.keyboard.press("ArrowRight")
    assert console.page.screenshot() != before
    ignore_what_frames_are_refused(console)


def test_what_is_in_a_figure_runs_nowhere_and_reaches_nothing(window: Window, person: User) -> None:
    elsewhere = f"{person.server.origin}/healthz"
    texts = [
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(2)'>press</a>",
        f"<a href='{elsewhere}' target='_self'>leave</a>",
        "<script>alert(3)</script>",
    ]
    hostile = figure(
        {"type": "scatter", "name": texts[0], "y": [1, 2], "text": texts[:2], "mode": "text+markers"},
        title={"text": texts[1]},
        annotations=[{"text": text, "x": 0.5, "y": number / 4} for number, text in enumerate(texts)],
        images=[{"source": f"{elsewhere}?pixel", "x": 0, "y": 1, "sizex": 1, "sizey": 1}],
    )
    console, panel = show(window, person, "hostile", [("plot", 1, "figure", PLOTLY, hostile)])
    plot = panel("plot")
    expect(plot.get_by_text("1 trace, 2 points")).to_be_visible()
    frame = plot.frame_locator("iframe")
    expect(frame.locator(".annotation-text").first).to_be_visible()
    assert frame.locator("a").count() >= 2
    frame.locator("body").evaluate("""(body) => { for (const link of body.querySelectorAll('a'))
        link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })) }""")
    assert frame.locator(".main-svg script, .main-svg img").count() == 0
    expect(frame.locator(".scatterlayer")).to_have_count(1)  # it went nowhere
    ignore_what_frames_are_refused(console)
    assert any(f"{elsewhere}?pixel" in url for url in console.window.requests)
    assert [url for url in finished if "healthz" in url] == []
    assert any("figure.html" in url for url in finished)
