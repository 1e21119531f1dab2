/** What charts draw of trials and groups of trials. */

import { numberOf } from "../model/format";
import type { TrialLine } from "./colouring";
import type { Wish } from "./curves";
import type { Stroke } from "./palette";

/** The curves of one metric: one a line, of those of its trials that have the metric. */
export function wishesOf(lines: TrialLine[], strokes: ReadonlyMap<string, Stroke>, metric: string): Wish[] {
  return lines.flatMap((line) => {
    const having = line.trials.filter((trial) => metric in trial.metrics);
    const stroke = strokes.get(line.key);
    if (!having.length || !stroke) return [];
    return [
      {
        key: `${line.key} ${metric}`,
        line: line.key,
        label: line.label,
        short: line.short,
        stroke,
        trials: having.map((trial) => trial.id),
        metric,
        lasts: having.map((trial) => numberOf(trial.metrics[metric]?.last)),
      },
    ];
  });
}
