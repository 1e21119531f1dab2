/** What the pictures of a sweep draw: lines across axes, and dots. Colours by the target, in a few steps. */

import { ABSENT, rampColour, strokeOf } from "../charts/palette";
import type { Scale } from "../model/scale";
import type { FieldData } from "../model/sweep";

const SHADES = 48;

/** The colour of each trial by a field; those without a value are grey. */
export function shadesOf(field: FieldData | null, scale: Scale | null, size: number, isDark: boolean): string[] {
  const absent = faintColour(isDark);
  if (!field || !scale) return new Array<string>(size).fill(isDark ? "#7ea2ff" : "#2f5bd0");
  const shades = Array.from({ length: SHADES }, (_, at) => rampColour(at / (SHADES - 1), isDark));
  return Array.from(field.numbers, (value) => {
    if (!Number.isFinite(value)) return absent;
    if (field.kind === "choice") return strokeOf(value, isDark).colour;
    const share = Math.max(0, Math.min(1, scale.of(value)));
    return shades[Math.round(share * (SHADES - 1))] as string;
  });
}

/** The colour of what is outside of the ranges. */
export function faintColour(isDark: boolean): string {
  return isDark ? ABSENT.dark : ABSENT.light;
}

/** The more lines there are, the more each lets those below it through. */
export function lineLook(lines: number, isInside: boolean): { alpha: number; width: number } {
  if (!isInside) return { alpha: lines > 500 ? 0.12 : 0.3, width: 1 };
  return { alpha: lines > 1500 ? 0.3 : lines > 300 ? 0.5 : 0.85, width: lines > 300 ? 1 : 1.4 };
}

/** The radius of each of so many dots. */
export function dotRadius(dots: number): number {
  return dots > 1000 ? 2.5 : dots > 200 ? 3.2 : 4.2;
}

export const DOT_ALPHA = { inside: 0.85, outside: 0.25 };

/** Make a canvas as large as its place, and return its context in CSS pixels, empty. */
export function prepared(
  canvas: HTMLCanvasElement | null,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ctx = canvas?.getContext("2d");
  if (!canvas || !ctx || width < 1) return null;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

export interface LinesPicture {
  /** The left edge of each axis, in pixels. */
  xs: number[];
  /** For each axis, where each trial is, in pixels from the top. */
  ys: Float32Array[];
  colours: string[];
  within: boolean[];
  /** The trials in the order in which they are drawn. */
  order: number[];
}

function trace(path: Path2D, { xs, ys }: LinesPicture, trial: number): void {
  xs.forEach((x, axis) => {
    const y = (ys[axis] as Float32Array)[trial] as number;
    if (axis === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  });
}

/** All lines: those outside of the ranges faint below, then in their order, one stroke a colour and run. */
export function drawLines(ctx: CanvasRenderingContext2D, picture: LinesPicture, faint: string): void {
  const { within, order, colours } = picture;
  const inside = order.filter((trial) => within[trial]);
  const outside = order.filter((trial) => !within[trial]);
  ctx.lineJoin = "round";
  if (outside.length) {
    const path = new Path2D();
    for (const trial of outside) trace(path, picture, trial);
    const look = lineLook(outside.length, false);
    [ctx.globalAlpha, ctx.lineWidth] = [look.alpha, look.width];
    ctx.strokeStyle = faint;
    ctx.stroke(path);
  }
  const look = lineLook(inside.length, true);
  [ctx.globalAlpha, ctx.lineWidth] = [look.alpha, look.width];
  for (let start = 0; start < inside.length; ) {
    const path = new Path2D();
    const colour = colours[inside[start] as number] as string;
    let end = start;
    for (; end < inside.length && colours[inside[end] as number] === colour; end++)
      trace(path, picture, inside[end] as number);
    ctx.strokeStyle = colour;
    ctx.stroke(path);
    start = end;
  }
  ctx.globalAlpha = 1;
}

/** One line that stands out. */
export function drawLine(ctx: CanvasRenderingContext2D, picture: LinesPicture, trial: number, back: string): void {
  const path = new Path2D();
  trace(path, picture, trial);
  ctx.lineJoin = "round";
  for (const [colour, width] of [
    [back, 6],
    [picture.colours[trial] as string, 3],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke(path);
  }
}

/** The trial whose line is nearest to a place, of those within; -1 if none is near. */
export function nearestLine(picture: LinesPicture, x: number, y: number, most = 14): number {
  const { xs, ys, within } = picture;
  const right = xs.findIndex((place) => place >= x);
  const at = Math.max(1, right < 0 ? xs.length - 1 : right);
  const [before, after] = [xs[at - 1] as number, xs[at] as number];
  const share = after > before ? Math.max(0, Math.min(1, (x - before) / (after - before))) : 0;
  const [one, other] = [ys[at - 1], ys[at]] as [Float32Array, Float32Array];
  let [best, least] = [-1, most];
  within.forEach((isIn, trial) => {
    if (!isIn) return;
    const [y0, y1] = [one[trial] as number, other[trial] as number];
    const away = Math.abs(y0 + (y1 - y0) * share - y);
    if (away < least) [best, least] = [trial, away];
  });
  return best;
}

export interface DotsPicture {
  /** Where each trial is; NaN: nowhere. */
  xs: Float32Array;
  ys: Float32Array;
  colours: string[];
  within: boolean[];
}

export function drawDots(ctx: CanvasRenderingContext2D, { xs, ys, colours, within }: DotsPicture, faint: string): void {
  const radius = dotRadius(xs.length);
  for (const isIn of [false, true]) {
    ctx.globalAlpha = isIn ? DOT_ALPHA.inside : DOT_ALPHA.outside;
    for (let at = 0; at < xs.length; at++) {
      const [x, y] = [xs[at] as number, ys[at] as number];
      if (within[at] !== isIn || !Number.isFinite(x) || !Number.isFinite(y)) continue;
      ctx.fillStyle = isIn ? (colours[at] as string) : faint;
      ctx.beginPath();
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
      ctx.fill();
    }
  }
  ctx.globalAlpha = 1;
}

/** The dot nearest to a place; -1 if none is near. */
export function nearestDot({ xs, ys, within }: DotsPicture, x: number, y: number, most = 24): number {
  let [best, least] = [-1, most * most];
  within.forEach((isIn, at) => {
    const away = ((xs[at] as number) - x) ** 2 + ((ys[at] as number) - y) ** 2;
    if (isIn && away < least) [best, least] = [at, away];
  });
  return best;
}
