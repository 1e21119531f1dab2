/** Charts of one trial, and its metrics in numbers. */

import { useCallback, useMemo, useState } from "preact/hooks";
import type { TrialDetail } from "../api/types";
import { ChartControls, ChartGrid, useChartView } from "../charts/controls";
import { strokeOf } from "../charts/palette";
import { formatNumber, seconds } from "../model/format";
import { splitMetric } from "../model/metrics";
import { Command, Empty } from "../parts/basics";
import { dark } from "../state/settings";
import { t } from "../words";

export function MetricsTab({ trial, version }: { trial: TrialDetail; version: number }) {
  const view = useChartView();
  const [filter, setFilter] = useState("");
  const metrics = Object.keys(trial.metrics);
  const types = useMemo(
    () =>
      [...new Set(metrics.map((metric) => splitMetric(metric).type))].filter((type) => type !== "system").sort(byUse),
    [metrics.join("\n")],
  );
  const start = seconds(trial.started) ?? 0;
  const starts = useCallback(() => start, [start]);
  const isDark = dark.value;
  if (!metrics.length) {
    return (
      <Empty title={t("trial.metrics.none")} next={t("trial.metrics.none.next")}>
        <Command text='trial.log("train", {"loss": loss}, step=step)' />
      </Empty>
    );
  }
  const wishes = (metric: string, inGroup: number) => {
    const { type } = splitMetric(metric);
    const stroke = strokeOf(Math.max(0, types.indexOf(type)), isDark);
    return [{ key: metric, label: inGroup > 1 ? type : metric, stroke, trials: [trial.id], metric }];
  };
  return (
    <>
      <ChartControls view={view}>
        <input
          type="search"
          class="grow-some"
          placeholder={t("trial.filter")}
          aria-label={t("trial.filter")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </ChartControls>
      <ChartGrid metrics={metrics} view={view} starts={starts} version={version} wishes={wishes} filter={filter} />
      <Numbers trial={trial} filter={filter} />
    </>
  );
}

const USES = ["train", "training", "val", "valid", "validation", "test"];

function byUse(one: string, other: string): number {
  const rank = (type: string) => (USES.includes(type) ? USES.indexOf(type) : USES.length);
  return rank(one) - rank(other) || one.localeCompare(other);
}

function Numbers({ trial, filter }: { trial: TrialDetail; filter: string }) {
  const rows = Object.entries(trial.metrics).filter(([name]) => name.toLowerCase().includes(filter.toLowerCase()));
  const heads = ["last", "min", "max", "mean", "count"] as const;
  return (
    <section class="card">
      <h2>{t("chart.summary")}</h2>
      <div class="scroll">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t("metric.name")}</th>
              {heads.map((head) => (
                <th key={head} scope="col" class="number">
                  {t(`metric.${head}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, summary]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {heads.map((head) => (
                  <td key={head} class="number" title={stepOf(summary, head)}>
                    {formatNumber(summary[head])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function stepOf(summary: TrialDetail["metrics"][string], head: string): string | undefined {
  const step = { last: summary.last_step, min: summary.min_step, max: summary.max_step }[head];
  return typeof step === "number" ? t("metric.at", { n: step }) : undefined;
}
