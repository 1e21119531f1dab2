/**
 * Series from the server, asked for together.
 *
 * What several charts want in the same moment becomes one request; requests are cut so that no answer is too large.
 */

import { fetchSeries, type Series, type SeriesWish } from "../api/metrics";

const GATHER_MS = 6;
const TRIALS_AT_ONCE = 100;
const SERIES_AT_ONCE = 600;

interface Waiting {
  wish: SeriesWish;
  metrics: Set<string>;
  answer: Promise<Series[]>;
}

const waiting = new Map<string, Waiting>();

async function fetchAll(wish: SeriesWish): Promise<Series[]> {
  const metrics = wish.metrics ?? [];
  const most = Math.max(1, Math.min(TRIALS_AT_ONCE, Math.floor(SERIES_AT_ONCE / Math.max(1, metrics.length))));
  const parts: Promise<Series[]>[] = [];
  for (let at = 0; at < wish.trials.length; at += most)
    parts.push(fetchSeries({ ...wish, trials: wish.trials.slice(at, at + most) }));
  return (await Promise.all(parts)).flat();
}

/** The series of some metrics of some trials; those that a trial does not have are left out. */
export async function requestSeries(wish: SeriesWish & { metrics: string[] }): Promise<Series[]> {
  const { metrics, ...rest } = wish;
  const key = JSON.stringify(rest);
  let gathering = waiting.get(key);
  if (!gathering) {
    const all = new Set<string>();
    const answer = new Promise<void>((resume) => setTimeout(resume, GATHER_MS)).then(() => {
      waiting.delete(key);
      return fetchAll({ ...rest, metrics: [...all] });
    });
    gathering = { wish, metrics: all, answer };
    waiting.set(key, gathering);
  }
  for (const metric of metrics) gathering.metrics.add(metric);
  return (await gathering.answer).filter((series) => metrics.includes(series.metric));
}
