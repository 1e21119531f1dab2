/** Figures of plotly as data: what is in them, which of it is drawn, and in which colours. */

import type { Facts, Look, Part } from "../../src/model/framed";
import { Undrawable } from "./channel";

type Map = Record<string, unknown>;
export interface Figure {
  data: Map[];
  layout: Map;
  frames: Map[];
}

const setOf = (words: string) => new Set(words.split(" "));
/** What the small library draws. Points of WebGL are drawn as others, of which there may be fewer. */
const PLAIN = setOf(
  "scatter bar box violin heatmap histogram histogram2d histogram2dcontour contour scatterternary image pie",
);
const SAME: Record<string, string> = { scattergl: "scatter", heatmapgl: "heatmap", scatterpolargl: "scatterpolar" };
/** What only the large library draws: by WebGL, and as a shape for each value. Maps need tiles and borders from afar. */
const WEBGL = setOf("scatter3d surface mesh3d isosurface volume cone streamtube parcoords splom");
const DRAWN = setOf(
  "parcats sankey scatterpolar barpolar scattersmith sunburst treemap icicle funnel funnelarea waterfall candlestick " +
    "ohlc table indicator carpet scattercarpet contourcarpet",
);

const MOST_TRACES = 1000;
const MOST_POINTS = 2_000_000;
/** Of points and lines, beyond which every so many is drawn. */
const MOST_MARKS = { scatter: 40_000, scatter3d: 400_000 };
/** Of shapes for each value, which cannot be left out. */
const MOST_SHAPES = 50_000;
const SHAPES = new Set(["bar", "pie", ...DRAWN]);

/** Read a figure. */
export function readFigure(bytes: ArrayBuffer): Figure {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Undrawable("damaged");
  }
  if (!isMap(document) || !Array.isArray(document.data)) throw new Undrawable("damaged");
  const data = document.data.filter(isMap);
  const frames = Array.isArray(document.frames) ? document.frames.filter(isMap) : [];
  if (data.length > MOST_TRACES || frames.length > MOST_TRACES) throw new Undrawable("large");
  return { data, layout: isMap(document.layout) ? document.layout : {}, frames };
}

/** What of a figure is drawn, whether with the large library, and what it says. */
export interface Plan {
  figure: Figure;
  isLarge: boolean;
  facts: Facts;
}

export function planOf(figure: Figure): Plan {
  const kindOf = ({ type }: Map) => (typeof type === "string" ? (SAME[type] ?? type) : "scatter");
  const isShown = (trace: Map) => trace.visible !== false;
  const kinds = figure.data.map(kindOf);
  const needsLarge = (kind: string) => WEBGL.has(kind) || DRAWN.has(kind);
  const isLarge = kinds.some(needsLarge);
  const isDrawn = (kind: string) => PLAIN.has(kind) || needsLarge(kind);
  const left = [...new Set(kinds.filter((kind) => !isDrawn(kind)))];
  const counts = figure.data.map(countOf);
  const points = counts.reduce((sum, count) => sum + count, 0);
  const shapes = counts.reduce((sum, count, at) => sum + (SHAPES.has(kinds[at] as string) ? count : 0), 0);
  if (points > MOST_POINTS || shapes > MOST_SHAPES) throw new Undrawable("large");
  if (figure.data.length && left.length && kinds.every((kind) => !isDrawn(kind)))
    throw new Undrawable("kind", left.join(", "));
  const stride = { scatter: strideOf("scatter", kinds, counts), scatter3d: strideOf("scatter3d", kinds, counts) };
  let drawn = 0;
  const data = figure.data.flatMap((trace, at) => {
    const [kind, count] = [kinds[at] as string, counts[at] as number];
    if (!isDrawn(kind)) return [];
    const step = kind === "scatter" || kind === "scatter3d" ? stride[kind] : 1;
    drawn += Math.ceil(count / step);
    return [{ ...(step > 1 ? (thinned(trace, count, step, 0) as Map) : trace), type: kind }];
  });
  const parts = figure.data.filter(isShown).map((trace): Part => {
    const at = figure.data.indexOf(trace);
    return { kind: String(trace.type ?? "scatter"), name: wordsOf(trace.name), count: counts[at] as number };
  });
  const facts = { title: titleOf(figure), parts, all: parts.length, points, drawn, faces: null, left };
  return { figure: { ...figure, data }, isLarge, facts };
}

function strideOf(kind: "scatter" | "scatter3d", kinds: string[], counts: number[]): number {
  const all = counts.reduce((sum, count, at) => sum + (kinds[at] === kind ? count : 0), 0);
  return Math.max(1, Math.ceil(all / MOST_MARKS[kind]));
}

export function titleOf({ layout }: Figure): string {
  return wordsOf(isMap(layout.title) ? layout.title.text : layout.title);
}

function wordsOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const LISTS = "x y z values labels a b c value u r theta real imag open close".split(" ");

/** How many values a trace has: those of its longest list, of its rows, of its links, or of all dimensions. */
function countOf(trace: Map): number {
  const most = Math.max(...LISTS.map((name) => lengthOf(trace[name])));
  const links = lengthOf(mapOf(trace.link).value);
  const dimensions = Array.isArray(trace.dimensions) ? trace.dimensions : [];
  const values = dimensions.reduce((sum: number, one) => sum + lengthOf(mapOf(one).values), 0);
  return Math.max(most, links, values, lengthOf(mapOf(trace.cells).values));
}

const SIZES: Record<string, number> = { f8: 8, f4: 4, i4: 4, u4: 4, i2: 2, u2: 2, i1: 1, u1: 1, u1c: 1 };

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) {
    const isGrid = value.some(Array.isArray);
    return isGrid ? value.reduce((sum, row) => sum + (Array.isArray(row) ? row.length : 0), 0) : value.length;
  }
  if (!isMap(value) || typeof value.bdata !== "string") return 0;
  const padding = value.bdata.endsWith("==") ? 2 : value.bdata.endsWith("=") ? 1 : 0;
  return Math.floor(((value.bdata.length * 3) / 4 - padding) / (SIZES[String(value.dtype)] ?? 1));
}

const ARRAYS = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
};

/** Every so many of each list with as many values as a trace has points, such as their sizes and texts. */
function thinned(value: unknown, count: number, step: number, depth: number): unknown {
  if (Array.isArray(value)) return value.length === count ? value.filter((_, at) => at % step === 0) : value;
  if (!isMap(value) || depth > 3) return value;
  if (typeof value.bdata === "string" && !value.shape) return thinnedBytes(value, step);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, thinned(member, count, step, depth + 1)]),
  );
}

function thinnedBytes(value: Map, step: number): unknown {
  const kind = ARRAYS[value.dtype as keyof typeof ARRAYS];
  if (!kind) return value;
  try {
    const bytes = Uint8Array.from(atob(value.bdata as string), (letter) => letter.charCodeAt(0));
    const numbers = new kind(bytes.buffer, 0, Math.floor(bytes.length / kind.BYTES_PER_ELEMENT));
    return [...numbers].filter((_, at) => at % step === 0);
  } catch {
    throw new Undrawable("damaged");
  }
}

/** A layout for a frame of any size, in the colours of the page where the figure has those that plotly begins with. */
export function layoutOf({ layout }: Figure, look: Look): object {
  const template: Map = isMap(layout.template) && isMap(layout.template.layout) ? layout.template.layout : {};
  const { width, height, ...own } = layout;
  const isOwn = "paper_bgcolor" in layout || !["white", "#fff", "#ffffff", undefined].includes(wordOf(template));
  const fitted = { ...own, autosize: true, margin: isMap(layout.margin) ? layout.margin : marginOf(layout) };
  if (!look.dark || isOwn) return { ...fitted, paper_bgcolor: layout.paper_bgcolor ?? paperOf(template, look) };
  const axis = { gridcolor: look.line, linecolor: look.line, zerolinecolor: look.line };
  const colours: Map = {
    paper_bgcolor: look.back,
    plot_bgcolor: look.back,
    font: { ...mapOf(template.font), color: look.ink },
    legend: { bgcolor: "rgba(0,0,0,0)" },
    ternary: { bgcolor: look.back },
    polar: { bgcolor: look.back, angularaxis: axis, radialaxis: axis },
    smith: { bgcolor: look.back, imaginaryaxis: axis, realaxis: axis },
  };
  for (const name of ["xaxis", "yaxis"]) colours[name] = { ...mapOf(template[name]), ...axis };
  const scene = mapOf(template.scene);
  const side = { ...axis, backgroundcolor: look.back };
  colours.scene = {
    ...scene,
    ...Object.fromEntries(["xaxis", "yaxis", "zaxis"].map((name) => [name, { ...mapOf(scene[name]), ...side }])),
  };
  const base = mapOf(layout.template);
  return { ...fitted, template: { ...base, layout: { ...template, ...colours } } };
}

function wordOf(template: Map): string | undefined {
  return typeof template.paper_bgcolor === "string" ? template.paper_bgcolor.toLowerCase() : undefined;
}

function paperOf(template: Map, look: Look): unknown {
  return template.paper_bgcolor ?? (look.dark ? undefined : look.back);
}

function marginOf(layout: Map): object {
  return { l: 48, r: 16, t: layout.title ? 44 : 16, b: 40 };
}

function mapOf(value: unknown): Map {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is Map {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
