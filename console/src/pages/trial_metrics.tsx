/** Charts of one trial, and its metrics in numbers. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Summary, TrialDetail } from "../api/types";
import { baselineWish } from "../charts/baseline";
import { ChartSections } from "../charts/chart_sections";
import { ChartControls, useChartView } from "../charts/controls";
import { MetricSearch, useMetricFilter } from "../charts/metric_search";
import { strokeOf } from "../charts/palette";
import { formatNumber, numberOf, seconds } from "../model/format";
import type { MetricFilter } from "../model/metric_filter";
import { byUse, splitMetric } from "../model/metrics";
import { rankedNames } from "../model/sections";
import { Command, Empty } from "../parts/basics";
import { baseline } from "../state/baseline";
import { dark } from "../state/settings";
import { t } from "../words";

export function MetricsTab({ trial, version }: { trial: TrialDetail; version: number }) {
  const view = useChartView();
  const filter = useMetricFilter();
  const metrics = Object.keys(trial.metrics);
  const types = useMemo(
    () =>
      [...new Set(metrics.map((metric) => splitMetric(metric).type))].filter((type) => type !== "system").sort(byUse),
    [metrics.join("\n")],
  );
  const lines = useMemo(() => [{ key: trial.id, label: trial.name, short: trial.name, trials: [trial] }], [trial]);
  const base = baseline.value?.trial.id === trial.id ? undefined : baseline.value?.trial;
  const start = seconds(trial.started) ?? 0;
  const other = seconds(base?.started) ?? 0;
  const starts = useCallback((id: string) => (id === trial.id ? start : other), [trial.id, start, other]);
  const isDark = dark.value;
  // Made again for other numbers, not at each step of a slider.
  const numbers = useMemo(() => <Numbers trial={trial} filter={filter} />, [trial, filter]);
  if (!metrics.length) {
    return (
      <Empty title={t("trial.metrics.none")} next={t("trial.metrics.none.next")}>
        <Command text='trial.log("train", {"loss": loss}, step=step)' />
      </Empty>
    );
  }
  const wishes = (metric: string, inGroup: number) => {
    const { type } = splitMetric(metric);
    const stroke = strokeOf(Math.max(0, types.indexOf(type)), isDark, view.dashes);
    const label = inGroup > 1 ? type : metric;
    const lasts = [numberOf(trial.metrics[metric]?.last)];
    const own = { key: metric, line: type, label, short: label, stroke, trials: [trial.id], metric, lasts };
    return [own, ...baselineWish(base, metric, isDark, inGroup > 1 ? ` ${type}` : "")];
  };
  return (
    <>
      <ChartControls view={view} metrics={metrics}>
        <MetricSearch metrics={metrics} />
      </ChartControls>
      <ChartSections {...{ metrics, view, starts, version, wishes, filter, lines }} remembers />
      {numbers}
    </>
  );
}

/** So many rows are there with the charts; more come when those have been drawn. */
const FIRST_ROWS = 60;
const REST_MS = 600;
const HEADS = ["last", "min", "max", "mean", "count"] as const;

function Numbers({ trial, filter }: { trial: TrialDetail; filter: MetricFilter }) {
  const names = Object.keys(trial.metrics);
  const rows = useMemo(() => rankedNames(names.filter(filter.fits)), [names.join("\n"), filter]);
  const [isWhole, setWhole] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWhole(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <section class="card">
      <h2>{t("chart.summary")}</h2>
      <div class="scroll">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t("metric.name")}</th>
              {HEADS.map((head) => (
                <th key={head} scope="col" class="number">
                  {t(`metric.${head}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(isWhole ? rows : rows.slice(0, FIRST_ROWS)).map((name) => (
              <NumbersRow key={name} name={name} summary={trial.metrics[name] as Summary} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function NumbersRow({ name, summary }: { name: string; summary: Summary }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {HEADS.map((head) => (
        <td key={head} class="number" title={stepOf(summary, head)}>
          {formatNumber(summary[head])}
        </td>
      ))}
    </tr>
  );
}

function stepOf(summary: Summary, head: string): string | undefined {
  const step = { last: summary.last_step, min: summary.min_step, max: summary.max_step }[head];
  return typeof step === "number" ? t("metric.at", { n: step }) : undefined;
}
