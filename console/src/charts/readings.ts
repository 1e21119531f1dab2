/** What a curve says at a place, in numbers. */

import { formatNumber, formatSpread } from "../model/format";
import { nearest } from "../model/series";
import { t } from "../words";
import type { Curve, Last } from "./curves";
import { type Frame, toY } from "./outline";
import type { Range } from "./ranges";

export interface Reading {
  /** Where it was measured: the place of the curve that is nearest. */
  x: number;
  value: number;
  smoothed: number | null;
  /** How many points, or trials, it is the mean of. */
  n: number;
}

/** What a curve says at x; null where it is not: before its first point and behind its last, by more than some room. */
export function readingAt(curve: Curve, x: number, room: number): Reading | null {
  const at = nearest(curve.x, x);
  if (at < 0) return null;
  const [first, end] = [curve.x[0] as number, curve.x[curve.x.length - 1] as number];
  if (x < first - room || x > end + room) return null;
  const value = curve.measured[at] as number;
  const isSmoothed = curve.y !== curve.measured;
  return {
    x: curve.x[at] as number,
    value,
    smoothed: isSmoothed ? (curve.y[at] as number) : null,
    n: curve.n ? (curve.n[at] as number) : 1,
  };
}

/** What a number is the mean of, in words; empty when it is a point as it was logged. */
export function readingNote(curve: Curve, reading: Reading): string {
  const parts: string[] = [];
  if (curve.of === "trials") parts.push(t("chart.mean.trials", { n: reading.n, size: curve.size }));
  else if (curve.n && reading.n > 1) parts.push(t("chart.mean.points", { n: reading.n }));
  else if (!curve.exact && !curve.n) parts.push(t("chart.mean.some"));
  if (reading.smoothed !== null) parts.push(t("chart.smoothed", { value: formatNumber(reading.smoothed) }));
  return parts.join(" · ");
}

/** A last value in a legend: `0.731 ± 0.012`, with n where not all trials of a group have one. */
export function lastText(last: Last | null): string {
  if (!last) return formatNumber(null);
  const text = formatSpread(last.value, last.deviation);
  return last.size > 1 && last.n !== last.size ? `${text} (n=${last.n})` : text;
}

/** How far from a curve's ends a cursor may be and still mean them. */
export function roomOf(curve: Curve): number {
  const last = curve.x.length - 1;
  return last > 0 ? ((curve.x[last] as number) - (curve.x[0] as number)) / last / 2 : Number.POSITIVE_INFINITY;
}

interface Near {
  curve: Curve;
  reading: Reading;
  /** Where it is drawn: the smoothed value, where there is one. */
  y: number;
}

/** The curve that is drawn nearest to a place in the plot's area, in pixels from its top. */
export function nearestCurve(curves: Curve[], frame: Frame, x: number, top: number): Near | null {
  const down = toY({ ...frame, top: 0 });
  let best: Near | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const curve of curves) {
    const reading = readingAt(curve, x, roomOf(curve));
    const y = reading?.smoothed ?? reading?.value ?? Number.NaN;
    const away = Math.abs(down(y) - top);
    if (reading && away < least) {
      least = away;
      best = { curve, reading, y };
    }
  }
  return best;
}

/** The place of a curve's next point, or of the one before; from nowhere, the first or last one that is seen. */
export function nextPlace(curve: Curve, x: number | null, way: 1 | -1, [from, to]: Range): number {
  const last = curve.x.length - 1;
  const start = x === null ? nearest(curve.x, way > 0 ? from : to) : nearest(curve.x, x) + way;
  const at = Math.max(0, Math.min(last, start));
  return Math.max(from, Math.min(to, curve.x[at] as number));
}
