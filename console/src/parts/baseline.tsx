/** The baseline in lists and tables: its mark, how far others are from it, and how one chooses it. */

import { useEffect } from "preact/hooks";
import type { Trial } from "../api/types";
import { AGGREGATES, type Aggregate } from "../model/columns";
import { type Direction, isBetter } from "../model/direction";
import { formatDifference, formatNumber, numberOf } from "../model/format";
import { baseline, chooseBaseline, loadBaseline } from "../state/baseline";
import { wayOf } from "../state/directions";
import { t } from "../words";
import { notify, notifyError } from "./toasts";

export function useBaseline(folder: string | undefined): void {
  useEffect(() => {
    if (folder) void loadBaseline(folder);
  }, [folder]);
}

export function isBaseline(trial: { id: string }): boolean {
  return baseline.value?.trial.id === trial.id;
}

/** Choose a trial as the baseline of a folder; if it is that already, clear it. */
export function turnBaseline(folder: string, trial: { id: string; name: string }): void {
  const isOn = isBaseline(trial);
  chooseBaseline(folder, isOn ? null : trial.id).then(
    () => notify(t(isOn ? "baseline.cleared" : "baseline.chosen", { name: trial.name })),
    notifyError,
  );
}

export function baselineItem(folder: string, trial: { id: string; name: string }) {
  const label = t(isBaseline(trial) ? "baseline.clear" : "baseline.choose");
  return { label, action: () => turnBaseline(folder, trial) };
}

/** The word beside the name of the trial that others are measured against. */
export function BaselineMark({ trial }: { trial: { id: string } }) {
  return isBaseline(trial) ? <span class="pill baseline-mark">◆ {t("baseline.mark")}</span> : null;
}

interface Difference {
  text: string;
  better: boolean | null;
}

/** How far a trial is from the baseline in a metric; null where there is nothing to say. */
export function differenceOf(trial: Trial, metric: string, aggregate: Aggregate): Difference | null {
  const held = baseline.value;
  if (!held || held.trial.id === trial.id || !AGGREGATES.includes(aggregate)) return null;
  const value = numberOf(trial.metrics[metric]?.[aggregate]);
  const base = numberOf(held.trial.metrics[metric]?.[aggregate]);
  if (value === null || base === null) return null;
  const text = formatDifference(value, base);
  return text
    ? { text: `${text}${signOf(value, base, wayOf(metric))}`, better: isBetter(value, base, wayOf(metric)) }
    : null;
}

/** A filled sign for better, an empty one for worse: it does not take a colour to tell them apart. */
function signOf(value: number, base: number, way: Direction | null): string {
  const better = isBetter(value, base, way);
  return better === null ? "" : better ? " ▲" : " ▽";
}

/** A metric's value in a list, with what is beside it; for measuring. */
export function metricText(trial: Trial, metric: string, aggregate: Aggregate): string {
  const difference = differenceOf(trial, metric, aggregate);
  return `${formatNumber(trial.metrics[metric]?.[aggregate])}${difference ? ` ${difference.text}` : ""}`;
}

export function DifferenceNote({ trial, metric, aggregate }: { trial: Trial; metric: string; aggregate: Aggregate }) {
  const difference = differenceOf(trial, metric, aggregate);
  if (!difference) return null;
  const { text, better } = difference;
  const said = better === null ? "baseline.away" : better ? "baseline.better" : "baseline.worse";
  const look = better === null ? "soft" : better ? "better" : "worse";
  return (
    <small class={`difference ${look}`} title={t(said)}>
      {text}
    </small>
  );
}

export function Star() {
  return (
    <span class="star" role="img" aria-label={t("list.best")} title={t("list.best")}>
      ★
    </span>
  );
}
