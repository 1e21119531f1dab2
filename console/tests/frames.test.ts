import { describe, expect, it } from "vitest";
import { Undrawable } from "../frames/src/channel";
import { type Figure, layoutOf, planOf, readFigure } from "../frames/src/figure_data";
import { checkObject, verticesOfObj } from "../frames/src/object_data";
import { frameOf, type Look, sayFacts, sayReason, toldBy } from "../src/model/framed";

const bytesOf = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;
const figureOf = (...data: object[]) => readFigure(bytesOf(JSON.stringify({ data })));
const LIGHT: Look = { dark: false, back: "#fff", ink: "#000", line: "#eee", accent: "#00f", language: "en" };

function whyOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Undrawable ? `${error.why} ${error.detail}`.trim() : String(error);
  }
  return "drawn";
}

describe("a figure", () => {
  it("is refused when it is none, too large, or of kinds that no library here draws", () => {
    expect(whyOf(() => readFigure(bytesOf('{"data": [')))).toBe("damaged");
    expect(whyOf(() => readFigure(bytesOf("[]")))).toBe("damaged");
    expect(whyOf(() => readFigure(bytesOf('{"data": {}}')))).toBe("damaged");
    expect(whyOf(() => figureOf(...Array.from({ length: 1001 }, () => ({}))))).toBe("large");
    expect(whyOf(() => planOf(figureOf({ type: "scattergeo" }, { type: "made up" })))).toBe("kind scattergeo, made up");
    expect(whyOf(() => planOf(figureOf({ type: "bar", y: Array(60_000).fill(1) })))).toBe("large");
    expect(whyOf(() => planOf(figureOf({ type: "heatmap", z: Array(2100).fill(Array(1000).fill(0)) })))).toBe("large");
  });
  it("is drawn by the smaller library unless it needs the larger one, without what neither draws", () => {
    const flat = planOf(figureOf({ y: [1] }, { type: "scattergl", y: [1, 2] }, { type: "choropleth" }));
    expect([flat.isLarge, flat.figure.data.map(({ type }) => type), flat.facts.left]).toEqual([
      false,
      ["scatter", "scatter"],
      ["choropleth"],
    ]);
    const space = planOf(figureOf({ type: "surface", z: [[1, 2]] }, { type: "bar", y: [1] }));
    expect([space.isLarge, space.figure.data.length, space.facts.left]).toEqual([true, 2, []]);
    const all = [
      { type: "sankey", node: {}, link: { source: [0, 0], target: [1, 2], value: [3, 4] } },
      { type: "parcoords", dimensions: [{ values: [1, 2] }, { values: [3, 4] }] },
      { type: "scatterpolargl", r: [1, 2, 3], theta: [0, 90, 180] },
      { type: "treemap", labels: ["a", "b"], parents: ["", "a"] },
      {
        type: "table",
        cells: {
          values: [
            ["x", "y", "z"],
            [1, 2, 3],
          ],
        },
      },
    ];
    for (const trace of all) expect(planOf(figureOf(trace)).isLarge).toBe(true);
    expect(planOf(figureOf(...all)).facts.parts.map(({ count }) => count)).toEqual([2, 4, 3, 2, 6]);
    const links = { value: Array(60_000).fill(1) };
    expect(whyOf(() => planOf(figureOf({ type: "sankey", link: links })))).toBe("large");
    const dimensions = Array(30).fill({ values: Array(100_000).fill(1) });
    expect(whyOf(() => planOf(figureOf({ type: "parcoords", dimensions })))).toBe("large");
    for (const odd of [7, [1], { values: 3 }, null])
      expect(planOf(figureOf({ type: "sankey", link: odd, dimensions: odd, cells: odd })).facts.points).toBe(0);
  });
  it("counts the points of lists, grids and packed numbers, and draws fewer where there are too many", () => {
    const numbers = Float64Array.from({ length: 100_001 }, (_, at) => at);
    const packed = {
      dtype: "f8",
      bdata: btoa(Array.from(new Uint8Array(numbers.buffer), (byte) => String.fromCharCode(byte)).join("")),
    };
    const sizes = Array.from({ length: 100_001 }, (_, at) => at);
    const { facts, figure } = planOf(figureOf({ x: packed, y: packed, marker: { size: sizes, color: ["a", "b"] } }));
    expect([facts.points, facts.drawn]).toEqual([100_001, 33_334]);
    const [trace] = figure.data as { y: number[]; marker: { size: number[]; color: string[] } }[];
    expect([trace?.y.length, trace?.y[1], trace?.marker.size[1], trace?.marker.color]).toEqual([
      33_334,
      3,
      3,
      ["a", "b"],
    ]);
    const grid = planOf(figureOf({ type: "heatmap", z: [[1, 2], [3]] }, { type: "pie", values: [1, 2] }));
    expect(grid.facts.points).toBe(5);
  });
  it("has the colours of a dark page only where it did not choose its own", () => {
    const dark = { ...LIGHT, dark: true, back: "#123" };
    const paper = (layout: object, look = dark) => {
      const figure = { data: [], layout, frames: [] } as Figure;
      const made = layoutOf(figure, look) as {
        paper_bgcolor?: string;
        template?: { layout: { paper_bgcolor?: string } };
      };
      return made.paper_bgcolor ?? made.template?.layout.paper_bgcolor;
    };
    expect(paper({ template: { layout: { paper_bgcolor: "white" } } })).toBe("#123");
    expect(paper({})).toBe("#123");
    expect(paper({ paper_bgcolor: "red" })).toBe("red");
    expect(paper({ template: { layout: { paper_bgcolor: "rgb(17,17,17)" } } })).toBe("rgb(17,17,17)");
    expect(paper({ template: { layout: { paper_bgcolor: "white" } } }, LIGHT)).toBe("white");
    expect(layoutOf({ data: [], layout: { width: 9000, height: 1 }, frames: [] }, LIGHT)).not.toHaveProperty("width");
  });
});

function glbOf(document: object | string): ArrayBuffer {
  const json = new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
  const bytes = new Uint8Array(20 + json.length);
  new Uint32Array(bytes.buffer, 0, 5).set([0x46546c67, 2, bytes.length, json.length, 0x4e4f534a]);
  bytes.set(json, 20);
  return bytes.buffer;
}

describe("an object", () => {
  const asset = { version: "2.0" };
  it("is not read when what it says of itself is false or too large", () => {
    const glb = (document: object | string) => whyOf(() => checkObject(glbOf(document), "model/gltf-binary"));
    expect(glb({ asset })).toBe("drawn");
    expect(glb({ asset: { version: "1.0" } })).toBe("damaged");
    expect(glb("null")).toBe("damaged");
    expect(glb({ asset, accessors: [{ count: 4e9 }] })).toBe("large");
    expect(glb({ asset, accessors: 7 })).toBe("damaged");
    expect(glb({ asset, images: [{ uri: "../secret.png" }] })).toBe("refers ../secret.png");
    expect(glb({ asset, buffers: [{ uri: "data:,x" }] })).toBe("drawn");
    expect(glb({ asset, extensionsRequired: ["KHR_draco_mesh_compression"] })).toBe(
      "packed KHR_draco_mesh_compression",
    );
    expect(
      whyOf(() => checkObject(new Uint32Array([0x46546c67, 2, 99, 4e9, 0x4e4f534a]).buffer, "model/gltf-binary")),
    ).toBe("damaged");
    expect(whyOf(() => checkObject(new ArrayBuffer(0), "model/obj"))).toBe("damaged");
    const ply = (count: number) => bytesOf(`ply\nformat ascii 1.0\nelement vertex ${count}\nend_header\n`);
    expect(whyOf(() => checkObject(ply(4e9), "model/ply"))).toBe("damaged");
    expect(whyOf(() => checkObject(ply(3), "model/ply"))).toBe("drawn");
    const stl = new ArrayBuffer(84 + 50);
    const faces = (n: number) => {
      new DataView(stl).setUint32(80, n, true);
      return whyOf(() => checkObject(stl, "model/stl"));
    };
    expect([faces(1), faces(4e9)]).toEqual(["drawn", "damaged"]);
    expect(whyOf(() => checkObject(bytesOf("solid x\nendsolid"), "model/stl"))).toBe("drawn");
  });
  it("of vertices alone is made of points", () => {
    expect([...verticesOfObj("# a\nv 1 2 3\nvn 0 0 1\nv\t-1 0.5 2e1 9 9 9\n")]).toEqual([1, 2, 3, -1, 0.5, 20]);
  });
});

describe("what a frame says", () => {
  it("is checked and cut, whatever it is", () => {
    expect([toldBy(null), toldBy("ready"), toldBy([]), toldBy({ what: "shown", facts: 1 })]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    const facts = {
      title: "a\u202e<b>c</b>".repeat(999),
      parts: Array(99).fill({ kind: 1, name: "n", count: -4 }),
      faces: "x",
    };
    const told = toldBy({ what: "shown", id: "7", facts: { ...facts, all: 99 } });
    if (told?.what !== "shown") throw new Error("not shown");
    expect([told.id, told.facts.parts.length, told.facts.faces, told.facts.points]).toEqual([0, 12, 0, 0]);
    expect(told.facts.title.length).toBeLessThanOrEqual(80);
    expect(told.facts.title).not.toMatch(/[<>\u202e]/);
    expect(toldBy({ what: "failed", id: 3, why: "constructor", detail: {} })).toEqual({
      what: "failed",
      id: 3,
      why: "damaged",
      detail: "",
    });
  });
  it("is said in a sentence", () => {
    const none = { title: "", parts: [], all: 0, points: 0, drawn: 0, left: [] };
    expect(sayFacts({ ...none, points: 1200, drawn: 1200, faces: 7 })).toBe("1,200 vertices, 7 faces");
    const parts = [
      { kind: "bar", name: "", count: 3 },
      { kind: "scatter", name: "loss", count: 9 },
    ];
    expect(sayFacts({ ...none, title: "T", parts, all: 3, points: 12, drawn: 6, faces: null, left: ["pie"] })).toBe(
      "T · 3 traces, 12 points: bar (3), loss (scatter, 9), … · 6 of 12 points are drawn · Not drawn here: pie",
    );
    expect(sayReason("large", "", 1 << 30)).toContain("1.0 GiB");
  });
  it("comes from the page for the kind and the type of media", () => {
    expect([
      frameOf("figure", "application/vnd.plotly.v1+json"),
      frameOf("object3d", "model/stl"),
      frameOf("object3d", "application/octet-stream"),
      frameOf("image", "image/png"),
    ]).toEqual(["figure", "object", null, null]);
  });
});
