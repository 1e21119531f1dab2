/** What a chart draws: curves made of the server's series, shifted to relative time, smoothed, or the mean of a group. */

import type { Series } from "../api/metrics";
import { meanOf, smooth } from "../model/series";
import type { Stroke } from "./palette";
import { requestSeries } from "./source";
import type { ChartView } from "./view";

export interface Curve {
  key: string;
  label: string;
  stroke: Stroke;
  x: Float64Array;
  /** The band: what lies between the least and the greatest, or one deviation around a mean. Null without a band. */
  lo: Float64Array | null;
  hi: Float64Array | null;
  /** What is drawn strongly. */
  y: Float64Array;
  /** What was measured, drawn faintly behind a smoothed line. */
  raw: Float64Array | null;
  exact: boolean;
  count: number;
  nan: number;
}

/** A line to be drawn: metrics of one trial, or of a group of trials as their mean. */
export interface Wish {
  key: string;
  label: string;
  stroke: Stroke;
  trials: string[];
  metric: string;
}

/** When a trial began, in unix seconds, for relative time. */
export type Starts = (trial: string) => number;

export interface Request {
  wishes: Wish[];
  view: ChartView;
  points: number;
  starts: Starts;
}

/** Series of all wishes by `trial metric`; in relative time a range means another one for each trial. */
export async function loadSeries({ wishes, view, points, starts }: Request): Promise<Map<string, Series>> {
  const trials = [...new Set(wishes.flatMap((wish) => wish.trials))];
  const metrics = [...new Set(wishes.map((wish) => wish.metric))];
  const x = view.x === "relative" ? "time" : view.x;
  const [from, to] = view.zoom ?? [null, null];
  const split = view.x === "relative" && from !== null && to !== null;
  const asked = split
    ? trials.map((trial) =>
        requestSeries({ trials: [trial], metrics, x, points, from: from + starts(trial), to: to + starts(trial) }),
      )
    : [requestSeries({ trials, metrics, x, points, from, to })];
  const found = (await Promise.all(asked)).flat();
  return new Map(
    found.map((series) => [
      `${series.trial} ${series.metric}`,
      view.x === "relative" ? shifted(series, starts(series.trial)) : series,
    ]),
  );
}

function shifted(series: Series, start: number): Series {
  return { ...series, x: series.x.map((moment) => moment - start) };
}

export function buildCurves(wishes: Wish[], series: Map<string, Series>, smoothing: number): Curve[] {
  return wishes.flatMap((wish) => {
    const parts = wish.trials
      .map((trial) => series.get(`${trial} ${wish.metric}`))
      .filter((one): one is Series => !!one && one.x.length > 0);
    if (parts.length === 0) return [];
    return [
      wish.trials.length > 1 ? groupCurve(wish, parts, smoothing) : singleCurve(wish, parts[0] as Series, smoothing),
    ];
  });
}

function singleCurve(wish: Wish, series: Series, smoothing: number): Curve {
  const y = smooth(series.mean, smoothing);
  const band = !series.exact;
  const { key, label, stroke } = wish;
  const raw = smoothing > 0 ? series.mean : null;
  return {
    key,
    label,
    stroke,
    x: series.x,
    lo: band ? series.lo : null,
    hi: band ? series.hi : null,
    y,
    raw,
    exact: series.exact,
    count: series.count,
    nan: series.nan,
  };
}

function groupCurve(wish: Wish, parts: Series[], smoothing: number): Curve {
  const mean = meanOf(parts.map((part) => ({ x: part.x, y: smooth(part.mean, smoothing) })));
  const { key, label, stroke } = wish;
  const sum = (of: (series: Series) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    key,
    label,
    stroke,
    x: mean.x,
    lo: mean.lo,
    hi: mean.hi,
    y: mean.mean,
    raw: null,
    exact: parts.every((part) => part.exact),
    count: sum((part) => part.count),
    nan: sum((part) => part.nan),
  };
}
