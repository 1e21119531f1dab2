/** Curves as SVG path data: the canvas on the page and the SVG file are drawn from the same. */

import type { Curve } from "./curves";

export interface Frame {
  toX: (value: number) => number;
  toY: (value: number) => number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Outline {
  band: string;
  raw: string;
  line: string;
  dots: string;
  gaps: string;
}

const DOTS_UP_TO = 40;

function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A line through the finite points; where one is missing, it is broken. */
function linePath(x: Float64Array, y: Float64Array, frame: Frame): string {
  const parts: string[] = [];
  let pen = false;
  for (let at = 0; at < x.length; at++) {
    const across = frame.toX(x[at] as number);
    const down = frame.toY(y[at] as number);
    if (!Number.isFinite(across) || !Number.isFinite(down)) {
      pen = false;
      continue;
    }
    const alone = !pen && !Number.isFinite(y[at + 1] ?? Number.NaN);
    parts.push(pen ? "L" : "M", place(across), " ", place(down), alone ? "h.01" : "");
    pen = true;
  }
  return parts.join("");
}

function bandPath(x: Float64Array, lo: Float64Array, hi: Float64Array, frame: Frame): string {
  const parts: string[] = [];
  let from = 0;
  const close = (end: number) => {
    if (end - from < 2) return;
    const points: string[] = [];
    for (let at = from; at < end; at++)
      points.push(`${place(frame.toX(x[at] as number))} ${place(frame.toY(hi[at] as number))}`);
    for (let at = end - 1; at >= from; at--)
      points.push(`${place(frame.toX(x[at] as number))} ${place(floor(lo[at] as number, frame))}`);
    parts.push(`M${points.join("L")}Z`);
  };
  for (let at = 0; at < x.length; at++) {
    const fits =
      Number.isFinite(frame.toX(x[at] as number)) &&
      Number.isFinite(frame.toY(hi[at] as number)) &&
      Number.isFinite(lo[at] as number);
    if (fits) continue;
    close(at);
    from = at + 1;
  }
  close(x.length);
  return parts.join("");
}

/** On a log axis a band may reach below everything: it then ends at the frame. */
function floor(value: number, frame: Frame): number {
  const down = frame.toY(value);
  return Number.isFinite(down) ? down : frame.top + frame.height;
}

function dotPath(curve: Curve, frame: Frame): string {
  if (!curve.exact || curve.x.length > DOTS_UP_TO) return "";
  let path = "";
  curve.x.forEach((value, at) => {
    const [across, down] = [frame.toX(value), frame.toY(curve.y[at] as number)];
    if (Number.isFinite(across) && Number.isFinite(down))
      path += `M${place(across - 2.2)} ${place(down)}a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0 -4.4 0`;
  });
  return path;
}

/** A small cross at the foot of the chart for each place without a finite value. */
function gapPath(curve: Curve, frame: Frame): string {
  const foot = frame.top + frame.height - 5;
  const values = curve.raw ?? curve.y;
  let path = "";
  let last = Number.NEGATIVE_INFINITY;
  curve.x.forEach((value, at) => {
    if (Number.isFinite(values[at] as number)) return;
    const across = frame.toX(value);
    if (!Number.isFinite(across) || across - last < 5) return;
    last = across;
    path += `M${place(across - 2.5)} ${foot - 2.5}l5 5m0 -5l-5 5`;
  });
  return path;
}

export function outline(curve: Curve, frame: Frame): Outline {
  return {
    band: curve.lo && curve.hi ? bandPath(curve.x, curve.lo, curve.hi, frame) : "",
    raw: curve.raw ? linePath(curve.x, curve.raw, frame) : "",
    line: linePath(curve.x, curve.y, frame),
    dots: dotPath(curve, frame),
    gaps: gapPath(curve, frame),
  };
}

export const LOOK = { line: 1.6, raw: 1, rawAlpha: 0.28 };

/** The more bands lie over each other, the fainter each is, so that the lines stay in sight. */
export function bandAlpha(curves: number): number {
  return Math.max(0.025, 0.16 / Math.max(1, curves / 3));
}
