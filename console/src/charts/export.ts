/** A chart as a file: PNG, SVG or CSV. Files are made here and leave by a download; nothing is rendered in the page. */

import { csv } from "../model/csv";
import { escaped, svgFile, tag } from "../model/svg";
import { save, saveCanvas } from "../parts/save";
import { buildCurves, type Curve, loadSeries, type Request } from "./curves";
import { GUTTER_TOP, type HeatFrame, namesOn, type Painted, rowColours } from "./heat_paint";
import {
  bandAlpha,
  dotsOf,
  drawArrows,
  drawBand,
  drawGaps,
  drawLine,
  hasRaw,
  LOOK,
  lineLook,
  SvgPen,
  toX,
  toY,
} from "./outline";
import { rampColour } from "./palette";
import type { Look, Plot } from "./plot";
import { hasBands } from "./ranges";

const LEGEND_ROW = 18;
const TITLE = 26;
/** The width of the colours below a heat map. */
const RAMP = 120;

/** The most points that the server tells of a series. */
const MOST_POINTS = 10_000;

/** Curves with every point, as far as the server tells them, instead of about one a pixel. */
async function wholeCurves(curves: Curve[], { wishes, view, starts }: Omit<Request, "points">): Promise<Curve[]> {
  if (curves.every(({ exact }) => exact)) return curves;
  return buildCurves(wishes, await loadSeries({ wishes, view, points: MOST_POINTS, starts }), view.smooth);
}

/** Save points as they were measured; `n` is how many, or how many trials, a value is the mean of. */
export async function saveCsv(drawn: Curve[], name: string, request: Omit<Request, "points">): Promise<void> {
  const curves = await wholeCurves(drawn, request);
  const rows: unknown[][] = [["series", request.view.x, "value", "min", "max", "n"]];
  for (const curve of curves) {
    const values = curve.measured;
    for (let at = 0; at < curve.x.length; at++)
      rows.push([
        curve.label,
        curve.x[at],
        values[at],
        curve.lo?.[at] ?? "",
        curve.hi?.[at] ?? "",
        curve.n?.[at] ?? (curve.exact ? 1 : ""),
      ]);
  }
  save(new Blob([csv(rows)], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

type Colours = Look & { back: string };

/** What is drawn below a picture, in CSS pixels. */
interface Foot {
  height: number;
  draw: (ctx: CanvasRenderingContext2D, top: number, width: number) => void;
}

/** What a canvas shows, with a name above it. */
async function savePicture(canvas: HTMLCanvasElement, name: string, look: Colours, foot: Foot): Promise<void> {
  const scale = devicePixelRatio;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height + (TITLE + foot.height) * scale;
  const ctx = picture.getContext("2d");
  if (!ctx) return;
  ctx.fillStyle = look.back;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.drawImage(canvas, 0, TITLE * scale);
  ctx.scale(scale, scale);
  ctx.fillStyle = look.ink;
  ctx.font = "600 13px system-ui, sans-serif";
  ctx.fillText(name, 12, 18);
  ctx.font = "12px system-ui, sans-serif";
  foot.draw(ctx, canvas.height / scale + TITLE, canvas.width / scale);
  await saveCanvas(picture, name);
}

export function savePng(plot: Plot, name: string, look: Colours): Promise<void> {
  const { curves } = plot.current;
  const draw: Foot["draw"] = (ctx, top, width) =>
    legend(curves, width, top).forEach(({ curve, x, y }) => {
      ctx.strokeStyle = curve.stroke.colour;
      ctx.lineWidth = 2;
      ctx.setLineDash(curve.stroke.dash);
      ctx.beginPath();
      ctx.moveTo(x, y - 4);
      ctx.lineTo(x + 22, y - 4);
      ctx.stroke();
      ctx.fillText(curve.label, x + 28, y);
    });
  return savePicture(plot.picture(), name, look, { height: legendRows(curves) * LEGEND_ROW + 6, draw });
}

/** A heat map with what its colours mean, from the least to the greatest. */
export function saveHeatPng(
  canvas: HTMLCanvasElement,
  name: string,
  look: Colours,
  ends: [string, string],
  isDark: boolean,
): Promise<void> {
  const draw: Foot["draw"] = (ctx, top, width) => {
    const left = width - RAMP - ctx.measureText(ends[1]).width - 24;
    for (let at = 0; at < RAMP; at++) {
      ctx.fillStyle = rampColour(at / (RAMP - 1), isDark);
      ctx.fillRect(left + at, top + 6, 1.5, 10);
    }
    ctx.fillStyle = look.ink;
    ctx.fillText(ends[1], left + RAMP + 8, top + 15);
    ctx.textAlign = "right";
    ctx.fillText(ends[0], left - 8, top + 15);
  };
  return savePicture(canvas, name, look, { height: 24, draw });
}

function legendRows(curves: Curve[]): number {
  return Math.ceil(curves.length / 2);
}

function legend(curves: Curve[], width: number, top: number): { curve: Curve; x: number; y: number }[] {
  return curves.map((curve, at) => ({
    curve,
    x: 12 + (at % 2) * (width / 2),
    y: top + (Math.floor(at / 2) + 1) * LEGEND_ROW - 4,
  }));
}

function pathOf(draw: (pen: SvgPen) => void): string {
  const pen = new SvgPen();
  draw(pen);
  return pen.data;
}

function curveMarkup(curve: Curve, plot: Plot): string {
  const frame = plot.frame();
  const { curves } = plot.current;
  const { colour, dash } = curve.stroke;
  const look = lineLook(curves.length);
  const line = { fill: "none", stroke: colour, "stroke-linejoin": "round" };
  const band = hasBands(curves) ? pathOf((pen) => drawBand(pen, curve, frame)) : "";
  const gaps = pathOf((pen) => drawGaps(pen, curve, frame));
  const arrows = pathOf((pen) => drawArrows(pen, curve, frame));
  const raw = hasRaw(curve, curves.length) ? pathOf((pen) => drawLine(pen, curve.x, curve.measured, frame)) : "";
  return [
    band && tag("path", { d: band, fill: colour, "fill-opacity": bandAlpha(curves.length) }),
    raw && tag("path", { ...line, d: raw, "stroke-width": LOOK.raw, "stroke-opacity": LOOK.rawAlpha }),
    tag("path", {
      ...line,
      d: pathOf((pen) => drawLine(pen, curve.x, curve.y, frame)),
      "stroke-width": curve.stroke.width ?? look.width,
      ...(look.alpha < 1 ? { "stroke-opacity": look.alpha } : {}),
      ...(dash.length ? { "stroke-dasharray": dash.join(" ") } : {}),
    }),
    ...dotsOf(curve, frame).map(([cx, cy]) => tag("circle", { cx, cy, r: 2.2, fill: colour })),
    gaps && tag("path", { ...line, d: gaps }),
    arrows && tag("path", { d: arrows, fill: colour }),
  ].join("");
}

function axesMarkup(plot: Plot, look: Look): string {
  const frame = plot.frame();
  const { x, y } = plot.ticks();
  const [toLeft, toTop] = [toX(frame), toY(frame)];
  const [right, bottom] = [frame.left + frame.width, frame.top + frame.height];
  const line = { stroke: look.grid, "stroke-width": 1 };
  const text = { fill: look.ink, "font-size": 11, "font-family": "system-ui, sans-serif" };
  const across = x.map(([value, label]) => {
    const place = Math.round(toLeft(value) * 10) / 10;
    return (
      tag("path", { ...line, d: `M${place} ${frame.top}V${bottom}` }) +
      tag("text", { ...text, x: place, y: bottom + 17, "text-anchor": "middle" }, escaped(label))
    );
  });
  const down = y.map(([value, label]) => {
    const place = Math.round(toTop(value) * 10) / 10;
    return (
      tag("path", { ...line, d: `M${frame.left} ${place}H${right}` }) +
      tag("text", { ...text, x: frame.left - 6, y: place + 4, "text-anchor": "end" }, escaped(label))
    );
  });
  return across.join("") + down.join("");
}

export function saveSvg(plot: Plot, name: string, look: Colours): void {
  const { curves } = plot.current;
  const [width, height] = plot.size;
  const total = height + TITLE + legendRows(curves) * LEGEND_ROW + 6;
  const frame = plot.frame();
  const words = { fill: look.ink, "font-family": "system-ui, sans-serif" };
  const clip = tag(
    "clipPath",
    { id: "frame" },
    tag("rect", { x: frame.left, y: frame.top, width: frame.width, height: frame.height }),
  );
  const drawn = tag("g", { "clip-path": "url(#frame)" }, curves.map((curve) => curveMarkup(curve, plot)).join(""));
  const names = legend(curves, width, height + TITLE).map(({ curve, x, y }) => {
    const dash = curve.stroke.dash.length ? { "stroke-dasharray": curve.stroke.dash.join(" ") } : {};
    return (
      tag("path", { d: `M${x} ${y - 4}h22`, stroke: curve.stroke.colour, "stroke-width": 2, ...dash }) +
      tag("text", { ...words, "font-size": 12, x: x + 28, y }, escaped(curve.label))
    );
  });
  const body = [
    tag("rect", { width, height: total, fill: look.back }),
    tag("text", { ...words, "font-size": 13, "font-weight": 600, x: 12, y: 18 }, escaped(name)),
    tag("g", { transform: `translate(0 ${TITLE})` }, clip + axesMarkup(plot, look) + drawn),
    ...names,
  ].join("\n");
  save(svgFile(width, total, body), `${name}.svg`);
}

interface Heat {
  frame: HeatFrame;
  curves: Curve[];
  painted: Painted;
  /** The least and the greatest value, written. */
  ends: [string, string];
}

/** A heat map: a path for each colour, with a stroke as high as a row for each run of cells of that colour. */
export function saveHeatSvg(canvas: HTMLCanvasElement, name: string, look: Colours, heat: Heat): void {
  const { frame, curves, painted, ends } = heat;
  const { width, height, left } = frame;
  const total = height + TITLE + 24;
  const text = { fill: look.ink, "font-size": 11, "font-family": "system-ui, sans-serif" };
  const runs = [...runsOf(frame, painted)].map(([stroke, d]) => tag("path", { d, stroke }));
  const foot = GUTTER_TOP + frame.rowHeight * frame.rows + 15;
  const names = namesOn(canvas, frame, curves).map(({ text: label, y }) =>
    tag("text", { ...text, x: 2, y: y + 4 }, escaped(label)),
  );
  const cells = { fill: "none", "stroke-width": frame.rowHeight, "shape-rendering": "crispEdges" };
  const axis = [
    tag("text", { ...text, x: left, y: foot }, escaped(frame.ends[0])),
    tag("text", { ...text, x: width - 2, y: foot, "text-anchor": "end" }, escaped(frame.ends[1])),
  ];
  const body = [
    tag("rect", { width, height: total, fill: look.back }),
    tag("text", { ...text, "font-size": 13, "font-weight": 600, x: 12, y: 18 }, escaped(name)),
    tag("g", { transform: `translate(0 ${TITLE})` }, [tag("g", cells, runs.join("")), ...names, ...axis].join("\n")),
    tag(
      "g",
      { transform: `translate(${width - RAMP - 80} ${height + TITLE + 6})` },
      rampMarkup(ends, text, painted.isDark),
    ),
  ].join("\n");
  save(svgFile(width, total, body), `${name}.svg`);
}

/** For each colour the runs of cells that have it. */
function runsOf(frame: HeatFrame, painted: Painted): Map<string, string> {
  const wide = (frame.width - frame.left) / frame.columns;
  const short = (value: number) => Math.round(value * 100) / 100;
  const paths = new Map<string, string>();
  for (let row = 0; row < frame.rows; row++) {
    const middle = short(GUTTER_TOP + (row + 0.5) * frame.rowHeight);
    const colours = rowColours(painted, row);
    for (let from = 0, to = 1; from < colours.length; from = to++) {
      const colour = colours[from];
      while (to < colours.length && colours[to] === colour) to++;
      if (!colour) continue;
      const run = `M${short(frame.left + from * wide)} ${middle}h${short((to - from) * wide)}`;
      paths.set(colour, (paths.get(colour) ?? "") + run);
    }
  }
  return paths;
}

function rampMarkup(ends: [string, string], text: Record<string, string | number>, isDark: boolean): string {
  const steps = Array.from({ length: RAMP }, (_, at) =>
    tag("rect", { x: at, width: 1.5, height: 10, fill: rampColour(at / (RAMP - 1), isDark) }),
  );
  return [
    ...steps,
    tag("text", { ...text, x: RAMP + 8, y: 9 }, escaped(ends[1])),
    tag("text", { ...text, x: -8, y: 9, "text-anchor": "end" }, escaped(ends[0])),
  ].join("");
}
