/** Curves as paths: the canvas on the page and the SVG file are drawn by the same steps. */

import type { Curve } from "./curves";
import type { Range } from "./ranges";

export interface Frame {
  x: Range;
  y: Range;
  logX: boolean;
  logY: boolean;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What draws: a `Path2D`, or the writer of SVG path data below. */
export interface Pen {
  moveTo: (x: number, y: number) => void;
  lineTo: (x: number, y: number) => void;
  closePath: () => void;
}

/** Writes path data, to a tenth of a pixel. */
export class SvgPen implements Pen {
  private readonly parts: string[] = [];

  moveTo(x: number, y: number): void {
    this.parts.push("M", tenth(x), " ", tenth(y));
  }

  lineTo(x: number, y: number): void {
    this.parts.push("L", tenth(x), " ", tenth(y));
  }

  closePath(): void {
    this.parts.push("Z");
  }

  get data(): string {
    return this.parts.join("");
  }
}

function tenth(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export const LOOK = { line: 1.6, raw: 1, rawAlpha: 0.28, strong: 3 };
const DOTS_UP_TO = 40;
/** Far outside, so that a line still leaves the frame where it should, without numbers that a canvas cannot take. */
const FAR = 20_000;

export function toX(frame: Frame): (value: number) => number {
  return along(frame.x, frame.logX, frame.left, frame.width);
}

export function toY(frame: Frame): (value: number) => number {
  return along([frame.y[1], frame.y[0]], frame.logY, frame.top, frame.height);
}

function along([from, to]: Range, log: boolean, start: number, size: number): (value: number) => number {
  const of = log ? Math.log : (value: number) => value;
  const [low, factor] = [of(from), size / (of(to) - of(from))];
  const near = (place: number) => Math.min(FAR, Math.max(-FAR, place));
  return log
    ? (value) => (value > 0 ? near(start + (Math.log(value) - low) * factor) : Number.NaN)
    : (value) => near(start + (value - low) * factor);
}

/** A line through the finite points; where one is missing, it is broken. */
export function drawLine(pen: Pen, x: Float64Array, y: Float64Array, frame: Frame): void {
  const [across, down] = [toX(frame), toY(frame)];
  let isDown = false;
  for (let at = 0; at < x.length; at++) {
    const [left, top] = [across(x[at] as number), down(y[at] as number)];
    if (!Number.isFinite(left) || !Number.isFinite(top)) {
      isDown = false;
      continue;
    }
    if (isDown) pen.lineTo(left, top);
    else {
      pen.moveTo(left, top);
      if (!Number.isFinite(y[at + 1] ?? Number.NaN)) pen.lineTo(left + 0.1, top);
    }
    isDown = true;
  }
}

export function drawBand(pen: Pen, curve: Curve, frame: Frame): void {
  const { x, lo, hi } = curve;
  if (!lo || !hi) return;
  const [across, down] = [toX(frame), toY(frame)];
  /** On a log axis a band may reach below everything: it then ends at the frame. */
  const floor = (value: number) => {
    const top = down(value);
    return Number.isFinite(top) ? top : frame.top + frame.height;
  };
  let from = 0;
  const close = (end: number) => {
    if (end - from < 2) return;
    pen.moveTo(across(x[from] as number), down(hi[from] as number));
    for (let at = from + 1; at < end; at++) pen.lineTo(across(x[at] as number), down(hi[at] as number));
    for (let at = end - 1; at >= from; at--) pen.lineTo(across(x[at] as number), floor(lo[at] as number));
    pen.closePath();
  };
  for (let at = 0; at < x.length; at++) {
    const fits =
      Number.isFinite(across(x[at] as number)) &&
      Number.isFinite(down(hi[at] as number)) &&
      Number.isFinite(lo[at] as number);
    if (fits) continue;
    close(at);
    from = at + 1;
  }
  close(x.length);
}

/** Places of single points, where there are few; of the last one where a curve has no other. */
export function dotsOf(curve: Curve, frame: Frame): [number, number][] {
  if (!curve.exact || curve.of === "trials" || curve.x.length > DOTS_UP_TO) return [];
  const [across, down] = [toX(frame), toY(frame)];
  const places = Array.from(curve.x, (value, at): [number, number] => [across(value), down(curve.y[at] as number)]);
  return places.filter(([left, top]) => Number.isFinite(left) && Number.isFinite(top));
}

/** A small cross at the foot of the chart for each place without a finite value. */
export function drawGaps(pen: Pen, curve: Curve, frame: Frame): void {
  if (curve.nan === 0) return;
  const across = toX(frame);
  const foot = frame.top + frame.height - 5;
  let last = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < curve.x.length; at++) {
    if (Number.isFinite(curve.measured[at] as number)) continue;
    const left = across(curve.x[at] as number);
    if (!Number.isFinite(left) || left - last < 5) continue;
    last = left;
    pen.moveTo(left - 2.5, foot - 2.5);
    pen.lineTo(left + 2.5, foot + 2.5);
    pen.moveTo(left + 2.5, foot - 2.5);
    pen.lineTo(left - 2.5, foot + 2.5);
  }
}

/** A small arrow at the edge where a curve leaves the chart, upwards or downwards. */
export function drawArrows(pen: Pen, curve: Curve, frame: Frame): void {
  const across = toX(frame);
  let [above, below] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const mark = (left: number, top: number, way: number) => {
    pen.moveTo(left - 4, top + 6 * way);
    pen.lineTo(left + 4, top + 6 * way);
    pen.lineTo(left, top);
    pen.closePath();
  };
  for (let at = 0; at < curve.x.length; at++) {
    const value = curve.y[at] as number;
    const left = across(curve.x[at] as number);
    if (!(left >= frame.left && left <= frame.left + frame.width)) continue;
    if (value > frame.y[1] && left - above > 24) {
      mark(left, frame.top + 1, 1);
      above = left;
    }
    if (value < frame.y[0] && left - below > 24) {
      mark(left, frame.top + frame.height - 1, -1);
      below = left;
    }
  }
}

/** The more bands lie over each other, the fainter each is, so that the lines stay in sight. */
export function bandAlpha(curves: number): number {
  return Math.max(0.025, 0.16 / Math.max(1, curves / 3));
}

/** Very many lines are thinner and let those below them through. */
export function lineLook(curves: number): { width: number; alpha: number } {
  if (curves <= 20) return { width: LOOK.line, alpha: 1 };
  return curves <= 100 ? { width: 1.3, alpha: 0.8 } : { width: 1, alpha: 0.5 };
}

/** What was measured is drawn behind what is smoothed while there are few curves. */
export function hasRaw(curve: Curve, curves: number): boolean {
  return curve.y !== curve.measured && curve.of === "points" && curves <= 12;
}
