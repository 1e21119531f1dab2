/** How charts are looked at: part of the address, so that it can be shared. */

import type { Axis } from "../api/metrics";
import { parseRange } from "../model/route";

export type XAxis = Axis | "relative";
export const X_AXES: XAxis[] = ["step", "epoch", "time", "relative"];

export interface ChartView {
  x: XAxis;
  smooth: number;
  logX: boolean;
  logY: boolean;
  zoom: [number, number] | null;
}

export function readView(query: URLSearchParams): ChartView {
  const x = query.get("x") as XAxis;
  const smooth = Number(query.get("smooth"));
  return {
    x: X_AXES.includes(x) ? x : "step",
    smooth: smooth > 0 && smooth < 1 ? smooth : 0,
    logX: query.get("logx") === "1",
    logY: query.get("logy") === "1",
    zoom: parseRange(query.get("zoom")),
  };
}
