/** A heat map on its canvas: names on the left, a rectangle for each cell, the ends of the x axis below. */

import type { Curve } from "./curves";
import { type Cells, shareOf } from "./heat_cells";
import { ABSENT, rampColour } from "./palette";
import type { Range } from "./ranges";

export interface HeatFrame {
  width: number;
  height: number;
  /** Where the cells begin, behind the names. */
  left: number;
  columns: number;
  rows: number;
  rowHeight: number;
  ends: [string, string];
}

/** What says which colour a cell has. */
export interface Painted {
  cells: Cells;
  range: Range;
  logY: boolean;
  isDark: boolean;
}

interface Paint extends Painted {
  curves: Curve[];
  ink: string;
}

export const GUTTER_TOP = 4;
const FONT = '11px system-ui, "Noto Sans CJK SC", sans-serif';
const LETTER = 6.4;
const LEVELS = 256;

/** How wide the names are, at most a third of all. */
export function gutterOf(curves: Curve[], width: number): number {
  const longest = Math.max(0, ...curves.map((curve) => curve.short.length));
  return Math.round(Math.min(width / 3, 190, longest * LETTER + 14));
}

export function paintHeat(canvas: HTMLCanvasElement, frame: HeatFrame, paint: Paint): void {
  const scale = devicePixelRatio;
  canvas.width = Math.round(frame.width * scale);
  canvas.height = Math.round(frame.height * scale);
  Object.assign(canvas.style, { width: `${frame.width}px`, height: `${frame.height}px` });
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.imageSmoothingEnabled = false;
  const { left, rowHeight, rows } = frame;
  ctx.drawImage(picture(paint), left, GUTTER_TOP, frame.width - left, rowHeight * rows);
  ctx.font = FONT;
  ctx.fillStyle = paint.ink;
  ctx.textBaseline = "middle";
  for (const { text, y } of namesOf(ctx, frame, paint.curves)) ctx.fillText(text, 2, y);
  const foot = GUTTER_TOP + rowHeight * rows + 11;
  ctx.fillText(frame.ends[0], left, foot);
  ctx.textAlign = "right";
  ctx.fillText(frame.ends[1], frame.width - 2, foot);
}

/** The names that have room, each with the middle of its row, as a context with `FONT` measures them. */
function namesOf(ctx: CanvasRenderingContext2D, frame: HeatFrame, curves: Curve[]): { text: string; y: number }[] {
  const stride = Math.ceil(13 / frame.rowHeight);
  return curves.flatMap((curve, row) =>
    row % stride
      ? []
      : [{ text: clipped(ctx, curve.short, frame.left - 10), y: GUTTER_TOP + (row + 0.5) * frame.rowHeight }],
  );
}

/** The names as they are on a canvas. */
export function namesOn(canvas: HTMLCanvasElement, frame: HeatFrame, curves: Curve[]): { text: string; y: number }[] {
  const ctx = canvas.getContext("2d");
  return ctx ? namesOf(ctx, frame, curves) : [];
}

/** The end of a name tells it apart. */
function clipped(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let start = 1;
  while (start < text.length && ctx.measureText(`…${text.slice(start)}`).width > width) start++;
  return `…${text.slice(start)}`;
}

/** The colour of each cell of a row: null where a metric says nothing, grey where it is not finite or below a log scale. */
export function rowColours({ cells, range, logY, isDark }: Painted, row: number): (string | null)[] {
  const [levels, odd] = [levelsOf(isDark), cells.odd[row]];
  const absent = isDark ? ABSENT.dark : ABSENT.light;
  return Array.from(cells.values[row] ?? [], (value, column) => {
    if (Number.isNaN(value) && !odd?.[column]) return null;
    const share = shareOf(value, range, logY);
    return share === null ? absent : (levels[Math.round(share * (LEVELS - 1))] as string);
  });
}

const known = new Map<boolean, string[]>();

function levelsOf(isDark: boolean): string[] {
  const levels = known.get(isDark) ?? Array.from({ length: LEVELS }, (_, at) => rampColour(at / (LEVELS - 1), isDark));
  known.set(isDark, levels);
  return levels;
}

/** A pixel for each cell. */
function picture(paint: Painted): HTMLCanvasElement {
  const { cells } = paint;
  const made = document.createElement("canvas");
  made.width = cells.columns;
  made.height = cells.values.length;
  const ctx = made.getContext("2d");
  if (!ctx) return made;
  const image = ctx.createImageData(made.width, made.height);
  const channels = new Map<string, number[]>();
  const channelsOf = (colour: string) => channels.get(colour) ?? channels.set(colour, bytes(colour)).get(colour) ?? [];
  for (const row of cells.values.keys())
    for (const [column, colour] of rowColours(paint, row).entries())
      if (colour) image.data.set([...channelsOf(colour), 255], (row * cells.columns + column) * 4);
  ctx.putImageData(image, 0, 0);
  return made;
}

function bytes(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
