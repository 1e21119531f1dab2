/** From where to where the axes go. */

import { extent, middleOf } from "../model/series";
import type { Curve } from "./curves";
import type { ChartView } from "./view";

export type Range = [number, number];

/** The share of values at either end that is left out where outliers are. */
const OUTLIERS = 0.02;
/** More curves than this have no bands, which would lie over all of them. */
export const BANDS_UP_TO = 12;

export function hasBands(curves: Curve[]): boolean {
  return curves.length <= BANDS_UP_TO;
}

export function xRange(curves: Curve[], view: ChartView): Range {
  if (view.zoom && !(view.logX && view.zoom[0] <= 0)) return view.zoom;
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x } of curves) {
    const first = view.logX ? x.find((value) => value > 0) : x[0];
    const last = x[x.length - 1];
    if (first !== undefined && first < from) from = first;
    if (last !== undefined && last > to) to = last;
  }
  if (!(from <= to)) return view.logX ? [1, 10] : [0, 1];
  return from === to ? (view.logX ? [from / 2, to * 2] : [from - 0.5, to + 0.5]) : [from, to];
}

/**
 * The range of all that is visible, or of all but outliers, with a little room; the chosen one where there is one; null
 * where a log axis has nothing to show.
 */
export function yRange(curves: Curve[], x: Range, view: ChartView, chart = ""): Range | null {
  const log = view.logY;
  const chosen = view.y.get(chart);
  if (chosen && !(log && chosen[0] <= 0)) return chosen;
  const range = view.outliers ? innerRange(curves, x, log) : wholeRange(curves, x, log);
  if (!range) return log && curves.length > 0 ? null : [0, 1];
  const [low, high] = range;
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  const room = low === high ? Math.abs(low) * 0.1 || 0.5 : (high - low) * 0.06;
  return [low - room, high + room];
}

function wholeRange(curves: Curve[], [from, to]: Range, log: boolean): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const bands = hasBands(curves);
  for (const curve of curves) {
    const columns = [curve.y, curve.measured, ...(bands && curve.lo && curve.hi ? [curve.lo, curve.hi] : [])];
    const range = extent(curve.x, [...new Set(columns)], from, to, log ? 0 : undefined);
    if (!range) continue;
    low = Math.min(low, range[0]);
    high = Math.max(high, range[1]);
  }
  return low <= high ? [low, high] : null;
}

function innerRange(curves: Curve[], [from, to]: Range, log: boolean): Range | null {
  const values: number[] = [];
  for (const curve of curves) {
    for (let at = 0; at < curve.x.length; at++) {
      const [x, y] = [curve.x[at] as number, curve.y[at] as number];
      if (x >= from && x <= to && Number.isFinite(y) && !(log && y <= 0)) values.push(y);
    }
  }
  return middleOf(Float64Array.from(values), OUTLIERS);
}

/** How many curves leave a range, above and below. */
export function outside(curves: Curve[], x: Range, y: Range): { above: number; below: number } {
  let [above, below] = [0, 0];
  for (const curve of curves) {
    const range = extent(curve.x, [curve.y], x[0], x[1]);
    if (range && range[1] > y[1]) above++;
    if (range && range[0] < y[0]) below++;
  }
  return { above, below };
}

/** A range after a turn of the wheel or a key: `factor` below 1 comes nearer, around a place in it. */
export function zoomed([from, to]: Range, factor: number, around: number, log: boolean): Range {
  if (log && from > 0) {
    const near = zoomed([Math.log(from), Math.log(to)], factor, Math.log(around), false);
    return [Math.exp(near[0]), Math.exp(near[1])];
  }
  return [around - (around - from) * factor, around + (to - around) * factor];
}

export function moved([from, to]: Range, share: number, log: boolean): Range {
  if (log && from > 0) {
    const next = moved([Math.log(from), Math.log(to)], share, false);
    return [Math.exp(next[0]), Math.exp(next[1])];
  }
  const step = (to - from) * share;
  return [from + step, to + step];
}
