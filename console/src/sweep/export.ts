/** The pictures of a sweep as files: PNG, SVG, and their trials as CSV. Loaded when one is asked for. */

import { csv } from "../model/csv";
import type { Scale } from "../model/scale";
import { escaped, svgFile, tag } from "../model/svg";
import type { FieldData } from "../model/sweep";
import { save, saveCanvas } from "../parts/save";
import { AXIS, type AxisData } from "./axes";
import { DOT_ALPHA, type DotsPicture, dotRadius, faintColour, type LinesPicture, lineLook } from "./canvas";
import { scaleStops } from "./colour_scale";
import { ranked, type SweepData } from "./data";
import { fieldLabel } from "./fields";

type Place = [number, number];

type Shape =
  | { kind: "line"; points: Place[]; colour: string; width: number; alpha: number }
  | { kind: "dot"; at: Place; radius: number; colour: string; alpha: number }
  | { kind: "text"; at: Place; text: string; colour: string; anchor: "start" | "middle" | "end"; isTitle?: boolean };

/** What is drawn, from the back to the front, in CSS pixels; its name goes above it. */
export interface Scene {
  width: number;
  height: number;
  shapes: Shape[];
  /** What the colours mean. */
  tint: FieldData | null;
}

export interface SceneLook {
  ink: string;
  grid: string;
  back: string;
  isDark: boolean;
}

const TITLE = 28;
const FOOT = 26;
const LONGEST = 22;

function cut(text: string): string {
  const letters = Array.from(text);
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : text;
}

function line(points: Place[], colour: string, width = 1, alpha = 1): Shape {
  return { kind: "line", points, colour, width, alpha };
}

export interface LinesParts {
  axes: AxisData[];
  picture: LinesPicture;
  width: number;
  tint: FieldData | null;
}

export function linesScene({ axes, picture, width, tint }: LinesParts, look: SceneLook): Scene {
  const { xs, ys, within, order, colours } = picture;
  const of = (isInside: boolean): Shape[] => {
    const trials = order.filter((trial) => within[trial] === isInside);
    const { alpha, width: thick } = lineLook(trials.length, isInside);
    return trials.map((trial) => {
      const points = xs.map((x, axis): Place => [x, (ys[axis] as Float32Array)[trial] as number]);
      return line(points, isInside ? (colours[trial] as string) : faintColour(look.isDark), thick, alpha);
    });
  };
  const marks = axes.flatMap(({ id, field, scale, x, length }): Shape[] => [
    line(
      [
        [x, AXIS.top],
        [x, AXIS.top + length],
      ],
      look.ink,
    ),
    {
      kind: "text",
      at: [x, AXIS.top - 16],
      text: `${cut(fieldLabel(id))}${field.isLog ? " (log)" : ""}`,
      colour: look.ink,
      anchor: "middle",
    },
    ...scale.ticks.map(({ at, label }): Shape => {
      return {
        kind: "text",
        at: [x + 5, AXIS.top + (1 - at) * length + 4],
        text: cut(label),
        colour: look.ink,
        anchor: "start",
      };
    }),
  ]);
  return { width, height: AXIS.height, shapes: [...of(false), ...of(true), ...marks], tint };
}

export interface DotsParts {
  picture: DotsPicture;
  across: { field: FieldData; scale: Scale };
  up: { field: FieldData; scale: Scale };
  /** Where the points are: from left to right, from top to bottom. */
  area: { left: number; right: number; top: number; bottom: number };
  width: number;
  height: number;
  tint: FieldData | null;
}

export function dotsScene({ picture, across, up, area, width, height, tint }: DotsParts, look: SceneLook): Scene {
  const { left, right, top, bottom } = area;
  const grid = [
    ...up.scale.ticks.flatMap(({ at, label }): Shape[] => {
      const y = bottom - at * (bottom - top);
      return [
        line(
          [
            [left, y],
            [right, y],
          ],
          look.grid,
        ),
        { kind: "text", at: [left - 8, y + 4], text: cut(label), colour: look.ink, anchor: "end" },
      ];
    }),
    ...across.scale.ticks.flatMap(({ at, label }): Shape[] => {
      const x = left + at * (right - left);
      return [
        line(
          [
            [x, top],
            [x, bottom],
          ],
          look.grid,
        ),
        { kind: "text", at: [x, height - 10], text: cut(label), colour: look.ink, anchor: "middle" },
      ];
    }),
  ];
  const names: Shape[] = [
    { kind: "text", at: [left, top - 6], text: fieldLabel(up.field.id), colour: look.ink, anchor: "start" },
    { kind: "text", at: [width - 8, height + 6], text: fieldLabel(across.field.id), colour: look.ink, anchor: "end" },
  ];
  const radius = dotRadius(picture.xs.length);
  const dots = (isInside: boolean) =>
    [...picture.xs.keys()].flatMap((at): Shape[] => {
      const place: Place = [picture.xs[at] as number, picture.ys[at] as number];
      if (picture.within[at] !== isInside || !place.every(Number.isFinite)) return [];
      const colour = isInside ? (picture.colours[at] as string) : faintColour(look.isDark);
      return [{ kind: "dot", at: place, radius, colour, alpha: isInside ? DOT_ALPHA.inside : DOT_ALPHA.outside }];
    });
  return { width, height: height + 12, shapes: [...grid, ...dots(false), ...dots(true), ...names], tint };
}

/** A scene with its name above it and the meaning of its colours below. */
function framed({ width, height, shapes, tint }: Scene, name: string, look: SceneLook): Scene {
  const lower = ([x, y]: Place): Place => [x, y + TITLE];
  const moved = shapes.map(
    (shape): Shape =>
      shape.kind === "line" ? { ...shape, points: shape.points.map(lower) } : { ...shape, at: lower(shape.at) },
  );
  const title: Shape = { kind: "text", at: [12, 19], text: name, colour: look.ink, anchor: "start", isTitle: true };
  const stops = tint ? scaleStops(tint, look.isDark) : [];
  const foot = TITLE + height + 16;
  const step = (width - 24) / (stops.length + 1);
  const meaning = stops.flatMap(({ label, colour }, at): Shape[] => [
    { kind: "dot", at: [12 + (at + 1) * step, foot - 4], radius: 4, colour, alpha: 1 },
    { kind: "text", at: [22 + (at + 1) * step, foot], text: cut(label), colour: look.ink, anchor: "start" },
  ]);
  const of: Shape[] = tint
    ? [{ kind: "text", at: [12, foot], text: cut(fieldLabel(tint.id)), colour: look.ink, anchor: "start" }]
    : [];
  return { width, height: TITLE + height + FOOT, shapes: [title, ...moved, ...of, ...meaning], tint };
}

const FONT = "system-ui, sans-serif";

/** Words stand out from the lines under them by an edge in the colour of the page. */
const EDGE = 3;

function paint(ctx: CanvasRenderingContext2D, shape: Shape, back: string): void {
  if (shape.kind === "text") {
    ctx.globalAlpha = 1;
    ctx.fillStyle = shape.colour;
    ctx.font = shape.isTitle ? `600 13px ${FONT}` : `11px ${FONT}`;
    ctx.textAlign = shape.anchor === "middle" ? "center" : shape.anchor;
    [ctx.strokeStyle, ctx.lineWidth] = [back, EDGE];
    ctx.strokeText(shape.text, ...shape.at);
    ctx.fillText(shape.text, ...shape.at);
    return;
  }
  ctx.globalAlpha = shape.alpha;
  ctx.beginPath();
  if (shape.kind === "dot") {
    ctx.fillStyle = shape.colour;
    ctx.arc(...shape.at, shape.radius, 0, 2 * Math.PI);
    ctx.fill();
    return;
  }
  ctx.strokeStyle = shape.colour;
  ctx.lineWidth = shape.width;
  for (const [at, [x, y]] of shape.points.entries()) {
    if (at) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
  }
  ctx.stroke();
}

const tenth = (value: number) => Math.round(value * 10) / 10;

function markup(shape: Shape, back: string): string {
  if (shape.kind === "line") {
    const d = shape.points.map(([x, y], at) => `${at ? "L" : "M"}${tenth(x)} ${tenth(y)}`).join("");
    const { colour, width, alpha } = shape;
    return tag("path", { d, fill: "none", stroke: colour, "stroke-width": width, "stroke-opacity": alpha });
  }
  const [x, y] = shape.at.map(tenth) as Place;
  if (shape.kind === "dot")
    return tag("circle", { cx: x, cy: y, r: shape.radius, fill: shape.colour, "fill-opacity": shape.alpha });
  const font = shape.isTitle ? { "font-size": 13, "font-weight": 600 } : { "font-size": 11 };
  const edge = { stroke: back, "stroke-width": EDGE, "stroke-linejoin": "round", "paint-order": "stroke" };
  const look = { fill: shape.colour, "font-family": FONT, "text-anchor": shape.anchor, ...font, ...edge };
  return tag("text", { x, y, ...look }, escaped(shape.text));
}

export async function saveScene(scene: Scene, name: string, look: SceneLook, kind: "png" | "svg"): Promise<void> {
  const { width, height, shapes } = framed(scene, name, look);
  if (kind === "svg") {
    const back = tag("rect", { width, height, fill: look.back });
    save(svgFile(width, height, [back, ...shapes.map((shape) => markup(shape, look.back))].join("\n")), `${name}.svg`);
    return;
  }
  const canvas = document.createElement("canvas");
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(scale, scale);
  ctx.fillStyle = look.back;
  ctx.fillRect(0, 0, width, height);
  ctx.lineJoin = "round";
  for (const shape of shapes) paint(ctx, shape, look.back);
  await saveCanvas(canvas, name);
}

/** The trials within the ranges, the best first, with the fields of a picture, in full precision. */
export function saveRows(fields: FieldData[], data: SweepData, name: string): void {
  const best = ranked(data);
  const there = new Set(best);
  const places = [...best, ...[...data.within.keys()].filter((at) => data.within[at] && !there.has(at))];
  const rows = places.map((at) => [
    data.trials[at]?.id,
    data.trials[at]?.name,
    ...fields.map((field) => plain(field, field.numbers[at] as number)),
  ]);
  const table = csv([["id", "name", ...fields.map(({ id }) => id)], ...rows]);
  save(new Blob([table], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

function plain(field: FieldData, value: number): unknown {
  if (!Number.isFinite(value)) return "";
  if (field.kind === "choice") return field.choices[value];
  return field.unit === "time" ? new Date(value * 1000).toISOString() : value;
}
