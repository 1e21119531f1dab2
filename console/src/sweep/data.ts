/** What all parts of a sweep are given: its trials as columns, the target, and which trials are within the ranges. */

import { useMemo } from "preact/hooks";
import type { Trial } from "../api/types";
import { withinBrushes } from "../model/brushes";
import { type Column, metricColumn, parseColumn } from "../model/columns";
import type { Direction } from "../model/direction";
import { type FieldData, rankedTargets, readField, varyingParameters } from "../model/sweep";
import { wayOf } from "../state/directions";
import type { FieldChoices } from "./fields";
import type { SweepRows } from "./load";
import type { SweepView } from "./view";

export type MetricColumn = Extract<Column, { kind: "metric" }>;

export interface SweepData {
  trials: Trial[];
  field: (id: string) => FieldData;
  /** Null where the trials have no metric at all. */
  target: { column: MetricColumn; data: FieldData; way: Direction | null } | null;
  within: boolean[];
  /** How many are within all ranges. */
  inside: number;
  fields: FieldChoices;
}

function metricOf(id: string): MetricColumn | null {
  const column = parseColumn(id);
  return column?.kind === "metric" ? column : null;
}

export function useSweepData({ trials, columns }: SweepRows, view: SweepView): SweepData {
  const field = useMemo(() => {
    const kept = new Map<string, FieldData>();
    return (id: string) => {
      const before = kept.get(id);
      if (before) return before;
      const made = readField(trials, id);
      kept.set(id, made);
      return made;
    };
  }, [trials]);
  const fields = useMemo(
    () => ({
      parameters: varyingParameters(trials),
      metrics: rankedTargets([
        ...new Set([
          ...columns.metrics.map(({ name }) => name),
          ...trials.flatMap((trial) => Object.keys(trial.metrics)),
        ]),
      ]),
    }),
    [trials, columns],
  );
  const first = useMemo(() => {
    const here = rankedTargets([...new Set(trials.flatMap((trial) => Object.keys(trial.metrics)))])[0];
    return here ? metricColumn(here) : null;
  }, [trials]);
  const id = view.target ?? first;
  const column = id ? metricOf(id) : null;
  const brushes = JSON.stringify(view.brushes);
  const within = useMemo(() => withinBrushes(trials.length, view.brushes, field), [trials, brushes, field]);
  const inside = useMemo(() => within.filter(Boolean).length, [within]);
  const target = column && id ? { column, data: field(id), way: wayOf(column.name) } : null;
  return { trials, field, target, within, inside, fields };
}

/** The places of the trials within the ranges that have the target, the best first; as they come where the way is unknown. */
export function ranked({ target, within }: SweepData): number[] {
  if (!target) return [];
  const { numbers } = target.data;
  const there = [...within.keys()].filter((at) => within[at] && Number.isFinite(numbers[at]));
  const way = target.way === "min" ? 1 : target.way === "max" ? -1 : 0;
  return there.sort((one, other) => way * ((numbers[one] as number) - (numbers[other] as number)) || one - other);
}
