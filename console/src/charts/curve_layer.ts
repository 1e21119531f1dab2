/**
 * The canvas with the curves, above that with the axes.
 *
 * Promises: it is drawn again only when the curves, the ranges or the size have changed, never by a pointer, and paths of
 * curves that stay are kept.
 */

import type { Curve } from "./curves";
import {
  bandAlpha,
  dotsOf,
  drawArrows,
  drawBand,
  drawGaps,
  drawLine,
  type Frame,
  hasRaw,
  LOOK,
  lineLook,
} from "./outline";
import { hasBands } from "./ranges";

interface Paths {
  frame: string;
  path: Path2D;
}

export class CurveLayer {
  readonly canvas = document.createElement("canvas");
  private shown: { curves: Curve[]; frame: string } | null = null;
  private readonly lines = new WeakMap<Float64Array, Paths>();

  constructor() {
    this.canvas.className = "chart-curves";
  }

  /** Draw, unless that is what is there. The frame is in CSS pixels of the whole chart. */
  draw(curves: Curve[], frame: Frame, scale: number): void {
    const key = JSON.stringify([frame, scale]);
    if (this.shown?.frame === key && this.shown.curves === curves) return;
    this.shown = { curves, frame: key };
    const { canvas } = this;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    Object.assign(canvas.style, {
      left: `${frame.left}px`,
      top: `${frame.top}px`,
      width: `${frame.width}px`,
      height: `${frame.height}px`,
    });
    canvas.width = Math.round(frame.width * scale);
    canvas.height = Math.round(frame.height * scale);
    ctx.setTransform(scale, 0, 0, scale, -frame.left * scale, -frame.top * scale);
    ctx.lineJoin = "round";
    ctx.lineCap = "butt";
    this.paint(ctx, curves, frame, key);
  }

  private paint(ctx: CanvasRenderingContext2D, curves: Curve[], frame: Frame, key: string): void {
    const { width, alpha } = lineLook(curves.length);
    if (hasBands(curves)) for (const curve of curves) fillBand(ctx, curve, frame, bandAlpha(curves.length));
    for (const curve of curves) {
      ctx.strokeStyle = curve.stroke.colour;
      ctx.fillStyle = curve.stroke.colour;
      if (hasRaw(curve, curves.length))
        stroke(ctx, this.line(curve, curve.measured, frame, key), LOOK.raw, LOOK.rawAlpha);
      ctx.setLineDash(curve.stroke.dash);
      const own = curve.stroke.width;
      stroke(ctx, this.line(curve, curve.y, frame, key), own ?? width, own ? 1 : alpha);
      ctx.setLineDash([]);
      dots(ctx, curve, frame);
      marks(ctx, curve, frame);
    }
  }

  private line(curve: Curve, y: Float64Array, frame: Frame, key: string): Path2D {
    const before = this.lines.get(y);
    if (before?.frame === key) return before.path;
    const path = new Path2D();
    drawLine(path, curve.x, y, frame);
    this.lines.set(y, { frame: key, path });
    return path;
  }
}

function fillBand(ctx: CanvasRenderingContext2D, curve: Curve, frame: Frame, alpha: number): void {
  if (!curve.lo) return;
  const path = new Path2D();
  drawBand(path, curve, frame);
  ctx.globalAlpha = alpha;
  ctx.fillStyle = curve.stroke.colour;
  ctx.fill(path);
  ctx.globalAlpha = 1;
}

function stroke(ctx: CanvasRenderingContext2D, path: Path2D, width: number, alpha: number): void {
  ctx.globalAlpha = alpha;
  ctx.lineWidth = width;
  ctx.stroke(path);
  ctx.globalAlpha = 1;
}

function dots(ctx: CanvasRenderingContext2D, curve: Curve, frame: Frame): void {
  const path = new Path2D();
  for (const [x, y] of dotsOf(curve, frame)) {
    path.moveTo(x + 2.2, y);
    path.arc(x, y, 2.2, 0, 2 * Math.PI);
  }
  ctx.fill(path);
}

function marks(ctx: CanvasRenderingContext2D, curve: Curve, frame: Frame): void {
  if (curve.nan > 0) {
    const gaps = new Path2D();
    drawGaps(gaps, curve, frame);
    stroke(ctx, gaps, 1, 0.9);
  }
  const arrows = new Path2D();
  drawArrows(arrows, curve, frame);
  ctx.fill(arrows);
}
