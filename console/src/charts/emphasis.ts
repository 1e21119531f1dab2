/**
 * The one line that stands out in all charts, and the layer of a chart that draws it.
 *
 * A pointer only moves this layer: what it draws is one path, and nothing of the canvas below.
 */

import { signal } from "@preact/signals";
import type { Curve } from "./curves";
import { drawBand, drawLine, type Frame, LOOK, SvgPen, toX, toY } from "./outline";

/** The trial or group under the pointer, in a chart or in a legend. */
export const emphasised = signal<string | null>(null);

const SVG = "http://www.w3.org/2000/svg";

export class EmphasisLayer {
  readonly svg = document.createElementNS(SVG, "svg");
  private readonly band = document.createElementNS(SVG, "path");
  private readonly line = document.createElementNS(SVG, "path");
  private readonly dot = document.createElementNS(SVG, "circle");
  private shown: { curves: Curve[]; frame: Frame } | null = null;

  constructor() {
    this.svg.setAttribute("class", "chart-emphasis");
    this.svg.setAttribute("aria-hidden", "true");
    this.band.setAttribute("class", "emphasis-band");
    this.line.setAttribute("class", "emphasis-line");
    this.line.setAttribute("stroke-width", String(LOOK.strong));
    this.dot.setAttribute("r", "4");
    this.svg.append(this.band, this.line, this.dot);
  }

  /** Draw some curves strongly; none, if there are none. The frame begins at 0, 0. */
  show(curves: Curve[], frame: Frame): void {
    if (this.shown?.frame === frame && this.shown.curves.every((curve, at) => curve === curves[at])) {
      if (this.shown.curves.length === curves.length) return;
    }
    this.shown = { curves, frame };
    const [line, band] = [new SvgPen(), new SvgPen()];
    for (const curve of curves) {
      drawLine(line, curve.x, curve.y, frame);
      drawBand(band, curve, frame);
    }
    const colour = curves[0]?.stroke.colour ?? "none";
    this.line.setAttribute("d", line.data);
    this.line.setAttribute("stroke", colour);
    this.band.setAttribute("d", band.data);
    this.band.setAttribute("fill", colour);
    this.point(null);
  }

  /** Mark a point of the first curve. */
  point(at: { x: number; y: number } | null): void {
    const frame = this.shown?.frame;
    const curve = this.shown?.curves[0];
    const place = frame && curve && at ? [toX(frame)(at.x), toY(frame)(at.y)] : [];
    const [left, top] = place;
    const isSeen = left !== undefined && top !== undefined && Number.isFinite(left) && Number.isFinite(top);
    this.dot.setAttribute("display", isSeen ? "" : "none");
    if (!isSeen || !curve) return;
    this.dot.setAttribute("cx", String(left));
    this.dot.setAttribute("cy", String(top));
    this.dot.setAttribute("fill", curve.stroke.colour);
  }
}
