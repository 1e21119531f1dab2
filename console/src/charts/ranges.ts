/** From where to where the axes go. */

import { extent } from "../model/series";
import type { Curve } from "./curves";
import type { ChartView } from "./view";

export type Range = [number, number];

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

/** The range of all that is visible, with a little room; null where a log axis has nothing to show. */
export function yRange(curves: Curve[], [from, to]: Range, log: boolean): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const curve of curves) {
    const columns = [curve.y, curve.raw, curve.lo, curve.hi].filter(
      (column): column is Float64Array => column !== null,
    );
    const found = extent(curve.x, columns, from, to, log ? 0 : undefined);
    if (!found) continue;
    low = Math.min(low, found[0]);
    high = Math.max(high, found[1]);
  }
  if (!(low <= high)) return log && curves.length > 0 ? null : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  const room = low === high ? Math.abs(low) * 0.1 || 0.5 : (high - low) * 0.06;
  return [low - room, high + room];
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
