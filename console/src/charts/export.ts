/** A chart as a file: PNG, SVG or CSV. Files are made here and leave by a download; nothing is rendered in the page. */

import { csv } from "../model/csv";
import type { Curve } from "./curves";
import { bandAlpha, LOOK, outline } from "./outline";
import type { Look, Plot } from "./plot";

const LEGEND_ROW = 18;
const TITLE = 26;

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function saveCsv(curves: Curve[], name: string, x: string): void {
  const rows: unknown[][] = [["series", x, "value", "min", "max"]];
  for (const curve of curves) {
    const values = curve.raw ?? curve.y;
    for (let at = 0; at < curve.x.length; at++)
      rows.push([curve.label, curve.x[at], values[at], curve.lo?.[at] ?? "", curve.hi?.[at] ?? ""]);
  }
  save(new Blob([csv(rows)], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

export async function savePng(plot: Plot, name: string, look: Look & { back: string }): Promise<void> {
  const { canvas } = plot;
  const scale = devicePixelRatio;
  const { curves } = plot.current;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height + (TITLE + legendRows(curves) * LEGEND_ROW + 6) * scale;
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
  legend(curves, canvas.width / scale, canvas.height / scale + TITLE).forEach(({ curve, x, y }) => {
    ctx.strokeStyle = curve.stroke.colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(curve.stroke.dash);
    ctx.beginPath();
    ctx.moveTo(x, y - 4);
    ctx.lineTo(x + 22, y - 4);
    ctx.stroke();
    ctx.fillText(curve.label, x + 28, y);
  });
  const blob = await new Promise<Blob | null>((done) => picture.toBlob(done, "image/png"));
  if (blob) save(blob, `${name}.png`);
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

function escaped(text: string): string {
  const signs: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text
    .replace(/[&<>"]/g, (sign) => signs[sign] as string)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
}

type Attributes = Record<string, string | number>;

function tag(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join("");
  return `<${name}${written}>${content}</${name}>`;
}

function curveMarkup(curve: Curve, plot: Plot): string {
  const paths = outline(curve, plot.frame());
  const { colour, dash } = curve.stroke;
  const line = { fill: "none", stroke: colour, "stroke-linejoin": "round", "stroke-linecap": "round" };
  return [
    paths.band && tag("path", { d: paths.band, fill: colour, "fill-opacity": bandAlpha(plot.current.curves.length) }),
    paths.raw && tag("path", { ...line, d: paths.raw, "stroke-width": LOOK.raw, "stroke-opacity": LOOK.rawAlpha }),
    tag("path", {
      ...line,
      d: paths.line,
      "stroke-width": LOOK.line,
      ...(dash.length ? { "stroke-dasharray": dash.join(" ") } : {}),
    }),
    paths.dots && tag("path", { d: paths.dots, fill: colour }),
    paths.gaps && tag("path", { ...line, d: paths.gaps }),
  ].join("");
}

function axesMarkup(plot: Plot, look: Look): string {
  const frame = plot.frame();
  const { x, y } = plot.ticks();
  const [right, bottom] = [frame.left + frame.width, frame.top + frame.height];
  const line = { stroke: look.grid, "stroke-width": 1 };
  const text = { fill: look.ink, "font-size": 11, "font-family": "system-ui, sans-serif" };
  const across = x.map(([value, label]) => {
    const place = Math.round(frame.toX(value) * 10) / 10;
    return (
      tag("path", { ...line, d: `M${place} ${frame.top}V${bottom}` }) +
      tag("text", { ...text, x: place, y: bottom + 17, "text-anchor": "middle" }, escaped(label))
    );
  });
  const down = y.map(([value, label]) => {
    const place = Math.round(frame.toY(value) * 10) / 10;
    return (
      tag("path", { ...line, d: `M${frame.left} ${place}H${right}` }) +
      tag("text", { ...text, x: frame.left - 6, y: place + 4, "text-anchor": "end" }, escaped(label))
    );
  });
  return across.join("") + down.join("");
}

export function saveSvg(plot: Plot, name: string, look: Look & { back: string }): void {
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
  const markup = tag(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height: total, viewBox: `0 0 ${width} ${total}` },
    body,
  );
  save(new Blob([markup], { type: "image/svg+xml" }), `${name}.svg`);
}
