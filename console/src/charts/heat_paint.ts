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

interface Paint {
  cells: Cells;
  range: Range;
  curves: Curve[];
  logY: boolean;
  isDark: boolean;
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
  const stride = Math.ceil(13 / rowHeight);
  for (let row = 0; row < rows; row += stride)
    ctx.fillText(clipped(ctx, (paint.curves[row] as Curve).short, left - 10), 2, GUTTER_TOP + (row + 0.5) * rowHeight);
  const foot = GUTTER_TOP + rowHeight * rows + 11;
  ctx.fillText(frame.ends[0], left, foot);
  ctx.textAlign = "right";
  ctx.fillText(frame.ends[1], frame.width - 2, foot);
}

/** The end of a name tells it apart. */
function clipped(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let start = 1;
  while (start < text.length && ctx.measureText(`…${text.slice(start)}`).width > width) start++;
  return `…${text.slice(start)}`;
}

/** A pixel for each cell; nothing where a metric says nothing, grey where it is not finite or below a log scale. */
function picture({ cells, range, logY, isDark }: Paint): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.width = cells.columns;
  made.height = cells.values.length;
  const ctx = made.getContext("2d");
  if (!ctx) return made;
  const image = ctx.createImageData(made.width, made.height);
  const levels = Array.from({ length: LEVELS }, (_, level) => bytes(rampColour(level / (LEVELS - 1), isDark)));
  const absent = bytes(isDark ? ABSENT.dark : ABSENT.light);
  for (const [row, values] of cells.values.entries()) {
    for (let column = 0; column < cells.columns; column++) {
      const value = values[column] as number;
      const share = shareOf(value, range, logY);
      const isEmpty = Number.isNaN(value) && !cells.odd[row]?.[column];
      if (isEmpty) continue;
      const colour = share === null ? absent : (levels[Math.round(share * (LEVELS - 1))] as number[]);
      image.data.set([...colour, 255], (row * cells.columns + column) * 4);
    }
  }
  ctx.putImageData(image, 0, 0);
  return made;
}

function bytes(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
