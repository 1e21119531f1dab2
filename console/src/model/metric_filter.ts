/** Which metrics a text leaves: words that are all in a name, or a regular expression between slashes. */

import { language, t } from "../words";
import { maybeSlow } from "./pattern_cost";
import { type ChartSection, natural } from "./sections";

export interface MetricFilter {
  fits: (metric: string) => boolean;
  /** What is wrong with the regular expression; empty where nothing is. */
  fault: string;
}

/** Read a filter. A `/` at its beginning makes it a regular expression, also before the one at its end is typed. */
export function metricFilter(text: string): MetricFilter {
  const wanted = text.trim();
  if (!wanted.startsWith("/") || wanted === "/") {
    const words = wanted === "/" ? [] : wanted.toLowerCase().split(/\s+/);
    return { fits: (metric) => words.every((word) => metric.toLowerCase().includes(word)), fault: "" };
  }
  const written = wanted.slice(1).replace(/\/$/, "");
  try {
    const pattern = new RegExp(written, "iu");
    if (maybeSlow(written)) return { fits: () => true, fault: t("section.slow") };
    return { fits: (metric) => pattern.test(metric), fault: "" };
  } catch (error) {
    if (language.value !== "en") return { fits: () => true, fault: t("section.unreadable") }; // the browser's is English
    const fault = (error as Error).message.replace(/^Invalid regular expression: (\/.*\/\w*: )?/s, "");
    return { fits: () => true, fault };
  }
}

/** The sections with what a filter leaves of them; a chart stays if one of its metrics does. */
export function filtered(sections: readonly ChartSection[], filter: MetricFilter): ChartSection[] {
  return sections
    .map((section) => ({ ...section, charts: section.charts.filter((chart) => chart.metrics.some(filter.fits)) }))
    .filter((section) => section.charts.length > 0);
}

export interface Suggestion {
  /** What the filter becomes. */
  text: string;
  /** How many metrics that leaves. */
  count: number;
}

const SHOWN = 10;

/** What could be meant by a text that is being typed: the beginnings that names share up to a dot, a slash or a number, then names. */
export function suggestions(metrics: readonly string[], text: string): Suggestion[] {
  const { fits, fault } = metricFilter(text);
  if (fault) return [];
  const left = metrics.filter(fits);
  const counts = new Map<string, number>();
  for (const metric of left) {
    for (const { index } of metric.matchAll(/[./]|\D(?=\d)/g)) {
      const start = metric.slice(0, index + 1);
      counts.set(start, (counts.get(start) ?? 0) + 1);
    }
  }
  const starts = [...counts]
    .filter(([start, count]) => count > 1 && (count < left.length || start.length > text.length))
    .sort(([one, few], [other, many]) => many - few || natural(one, other))
    .map(([start, count]) => ({ text: start, count }));
  const half = starts.slice(0, SHOWN / 2);
  const names = [...left].sort(natural).map((name) => ({ text: name, count: 1 }));
  return [...half, ...names].filter((each) => each.text !== text.trim()).slice(0, SHOWN);
}
