/** What a chart draws: curves made of the server's series, put on another x axis, smoothed, or the mean of a group. */

import type { Axis, Series } from "../api/metrics";
import { inOrder, type Mean, meanOf, orderBy, smooth } from "../model/series";
import type { Stroke } from "./palette";
import { requestSeries } from "./source";
import { axisMetric, type ChartView } from "./view";

/** Last values of a metric as the API says them: of one trial, or the mean of the finite ones of several. */
export interface Last {
  value: number;
  /** The sample deviation; null for fewer than two. */
  deviation: number | null;
  /** Of how many trials, of `size`. */
  n: number;
  size: number;
}

export interface Curve {
  key: string;
  /** The trial or group that it is of: the same in all charts. */
  line: string;
  label: string;
  /** The label without what all beside it begin with. */
  short: string;
  stroke: Stroke;
  x: Float64Array;
  /** The band: what lies between the least and the greatest, or one deviation around a mean. Null without a band. */
  lo: Float64Array | null;
  hi: Float64Array | null;
  /** What is drawn strongly. */
  y: Float64Array;
  /** What was measured: `y`, or what it was smoothed from. */
  measured: Float64Array;
  /** How many points, or trials, a place stands for; null: one. */
  n: Float64Array | null;
  of: "points" | "trials";
  size: number;
  last: Last | null;
  exact: boolean;
  count: number;
  nan: number;
}

/** A line to be drawn: a metric of one trial, or of a group of trials as their mean. */
export interface Wish {
  key: string;
  line: string;
  label: string;
  /** The label without what all beside it begin with. */
  short: string;
  stroke: Stroke;
  trials: string[];
  metric: string;
  /** The last value of each of these trials, exactly; null for none. */
  lasts: (number | null)[];
}

/** When a trial began, in unix seconds, for relative time. */
export type Starts = (trial: string) => number;

export interface Request {
  wishes: Wish[];
  view: ChartView;
  points: number;
  starts: Starts;
}

export type SeriesMap = Map<string, Series>;

/** Series of all wishes by `trial metric`; in relative time a range means another one for each trial. */
export async function loadSeries({ wishes, view, points, starts }: Request): Promise<SeriesMap> {
  const trials = [...new Set(wishes.flatMap((wish) => wish.trials))].sort();
  const along = axisMetric(view.x);
  const metrics = [...new Set([...wishes.map((wish) => wish.metric), ...(along ? [along] : [])])];
  const x: Axis = view.x === "relative" ? "time" : along ? "step" : (view.x as Axis);
  const [from, to] = (along ? null : view.zoom) ?? [null, null];
  const split = view.x === "relative" && from !== null && to !== null;
  const asked = split
    ? trials.map((trial) =>
        requestSeries({ trials: [trial], metrics, x, points, from: from + starts(trial), to: to + starts(trial) }),
      )
    : [requestSeries({ trials, metrics, x, points, from, to })];
  const answers = (await Promise.all(asked)).flat();
  const series = new Map(
    answers.map((answer) => [
      `${answer.trial} ${answer.metric}`,
      view.x === "relative" ? shifted(answer, starts(answer.trial)) : answer,
    ]),
  );
  return along ? alongMetric(series, along) : series;
}

function shifted(series: Series, start: number): Series {
  return { ...series, x: series.x.map((moment) => moment - start) };
}

/** Every series with another metric of its trial as its x, in the order of that. */
function alongMetric(series: SeriesMap, metric: string): SeriesMap {
  const out: SeriesMap = new Map();
  for (const [key, each] of series) {
    const axis = series.get(`${each.trial} ${metric}`);
    if (!axis) continue;
    const { x, order } = orderBy(each.x, { x: axis.x, y: axis.mean });
    const lo = inOrder(each.lo, order);
    const hi = each.hi === each.lo ? lo : inOrder(each.hi, order);
    const mean = each.mean === each.lo ? lo : inOrder(each.mean, order);
    out.set(key, { ...each, x, lo, hi, mean, finite: each.finite && inOrder(each.finite, order) });
  }
  return out;
}

export function buildCurves(wishes: Wish[], series: SeriesMap, smoothing: number): Curve[] {
  return wishes.flatMap((wish) => {
    const parts = wish.trials
      .map((trial) => series.get(`${trial} ${wish.metric}`))
      .filter((part): part is Series => !!part && part.x.length > 0);
    if (parts.length === 0) return [];
    return [
      wish.trials.length > 1 ? groupCurve(wish, parts, smoothing) : singleCurve(wish, parts[0] as Series, smoothing),
    ];
  });
}

function singleCurve(wish: Wish, series: Series, smoothing: number): Curve {
  const { key, line, label, short, stroke } = wish;
  return {
    key,
    line,
    label,
    short,
    stroke,
    x: series.x,
    lo: series.exact ? null : series.lo,
    hi: series.exact ? null : series.hi,
    y: smooth(series.mean, smoothing),
    measured: series.mean,
    n: series.exact ? null : series.finite,
    of: "points",
    size: 1,
    last: lastOf(wish.lasts),
    exact: series.exact,
    count: series.count,
    nan: series.nan,
  };
}

interface Means {
  parts: Series[];
  plain: Mean;
  smoothed: { weight: number; mean: Mean } | null;
}

const kept = new WeakMap<Series, Means>();

/** The mean of a group as measured; kept as long as its first series is, so that what is shown again is not added up again. */
function meansOf(parts: Series[]): Means {
  const first = parts[0] as Series;
  const before = kept.get(first);
  if (before && before.parts.length === parts.length && before.parts.every((part, at) => part === parts[at]))
    return before;
  const made = { parts, plain: meanOf(parts.map((part) => ({ x: part.x, y: part.mean }))), smoothed: null };
  kept.set(first, made);
  return made;
}

function smoothedMean(means: Means, weight: number): Mean {
  if (weight === 0) return means.plain;
  if (means.smoothed?.weight !== weight)
    means.smoothed = { weight, mean: meanOf(means.parts.map((part) => ({ x: part.x, y: smooth(part.mean, weight) }))) };
  return means.smoothed.mean;
}

function groupCurve(wish: Wish, parts: Series[], smoothing: number): Curve {
  const means = meansOf(parts);
  const mean = smoothedMean(means, smoothing);
  const { key, line, label, short, stroke } = wish;
  const sum = (of: (series: Series) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    key,
    line,
    label,
    short,
    stroke,
    x: mean.x,
    lo: mean.lo,
    hi: mean.hi,
    y: mean.mean,
    measured: means.plain.mean,
    n: mean.n,
    of: "trials",
    size: wish.trials.length,
    last: lastOf(wish.lasts),
    exact: parts.every((part) => part.exact),
    count: sum((part) => part.count),
    nan: sum((part) => part.nan),
  };
}

/** The last value of one trial as it is; of several the mean and deviation of those that are finite, as in the terminal. */
export function lastOf(lasts: (number | null)[]): Last | null {
  const values = lasts.filter((value): value is number => value !== null);
  const size = lasts.length;
  if (!values.length) return null;
  if (size === 1) return { value: values[0] as number, deviation: null, n: 1, size };
  const finite = values.filter(Number.isFinite);
  const n = finite.length;
  if (!n) return { value: Number.NaN, deviation: null, n: 0, size };
  const value = finite.reduce((sum, each) => sum + each, 0) / n;
  const squares = finite.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { value, deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null, n, size };
}
