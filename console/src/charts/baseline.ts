/** The baseline in charts: a grey bold line in each, also where it is not one of those that were chosen. */

import type { Trial } from "../api/types";
import { numberOf } from "../model/format";
import { t } from "../words";
import type { Colouring, TrialLine } from "./colouring";
import type { Wish } from "./curves";
import { BASELINE, type Stroke } from "./palette";

/** A trial as one line of its own among others, which keep their places; `label` says what it is. */
export function withBaseline(
  lines: TrialLine[],
  trial: Trial | undefined,
  label: (name: string) => string,
): TrialLine[] {
  if (!trial) return lines;
  const here = lines.find((line) => line.key === trial.id);
  const own: TrialLine = {
    key: trial.id,
    label: label(trial.name),
    short: label(here?.short ?? trial.name),
    trials: [here?.trials[0] ?? trial],
  };
  return here ? lines.map((line) => (line === here ? own : line)) : [...lines, own];
}

export function withBaselineStroke(colouring: Colouring, trial: string | undefined, isDark: boolean): Colouring {
  if (!trial || !colouring.strokes.has(trial)) return colouring;
  return { ...colouring, strokes: new Map(colouring.strokes).set(trial, strokeOfBaseline(isDark)) };
}

function strokeOfBaseline(isDark: boolean): Stroke {
  return { colour: isDark ? BASELINE.dark : BASELINE.light, dash: [], width: BASELINE.width };
}

/** The baseline beside one other trial, in a chart that has a curve a metric; `which` says which of several. */
export function baselineWish(trial: Trial | undefined, metric: string, isDark: boolean, which: string): Wish[] {
  if (!trial || !(metric in trial.metrics)) return [];
  const label = `${t("baseline.line", { name: trial.name })}${which}`;
  const lasts = [numberOf(trial.metrics[metric]?.last)];
  const [key, stroke] = [`${trial.id} ${metric}`, strokeOfBaseline(isDark)];
  return [{ key, line: trial.id, label, short: label, stroke, trials: [trial.id], metric, lasts }];
}
