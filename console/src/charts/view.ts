/** How charts are looked at: part of the address, so that it can be shared. */

import type { Axis } from "../api/metrics";
import { parseRange } from "../model/route";

export type XAxis = Axis | "relative" | `metric:${string}`;
export const X_AXES = ["step", "epoch", "time", "relative"] as const;

export interface ChartView {
  x: XAxis;
  smooth: number;
  logX: boolean;
  logY: boolean;
  zoom: [number, number] | null;
  /** Whether the y axis leaves out what is far from the rest. */
  outliers: boolean;
  /** Whether curves also differ by dashes. */
  dashes: boolean;
  /** The y range of single charts, by their name. */
  y: ReadonlyMap<string, [number, number]>;
}

const METRIC = "metric:";
const Y_PREFIX = "y:";

/** The metric that is the x axis; null when that is none. */
export function axisMetric(x: XAxis): string | null {
  return x.startsWith(METRIC) ? x.slice(METRIC.length) : null;
}

export function metricAxis(metric: string): XAxis {
  return `${METRIC}${metric}`;
}

/** The name in an address of a chart's y range. */
export function yName(chart: string): string {
  return `${Y_PREFIX}${chart}`;
}

export function readView(query: URLSearchParams): ChartView {
  const x = query.get("x") ?? "";
  const smooth = Number(query.get("smooth"));
  const y = new Map<string, [number, number]>();
  for (const [name, text] of query) {
    const range = name.startsWith(Y_PREFIX) ? parseRange(text) : null;
    if (range) y.set(name.slice(Y_PREFIX.length), range);
  }
  return {
    x: (X_AXES as readonly string[]).includes(x) || (x.startsWith(METRIC) && x !== METRIC) ? (x as XAxis) : "step",
    smooth: smooth > 0 && smooth < 1 ? smooth : 0,
    logX: query.get("logx") === "1",
    logY: query.get("logy") === "1",
    zoom: parseRange(query.get("zoom")),
    outliers: query.get("outliers") === "1",
    dashes: query.get("dashes") === "1",
    y,
  };
}
