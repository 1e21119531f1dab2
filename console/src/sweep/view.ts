/** How a sweep is looked at: part of the address, so that it can be shared, and of a saved view. */

import { type Brush, readBrushes, writeBrushes } from "../model/brushes";
import { type Aggregate, type Column, metricColumn } from "../model/columns";
import { joinNames, splitNames } from "../model/route";
import { fieldOfSweep } from "../model/sweep";
import { route, setQuery } from "../state/route";

export interface SweepView {
  /** The metric that it is all about, as a column; null: as it comes. */
  target: string | null;
  axes: string[] | null;
  /** The fields of the scatter chart, and the parameter that bars are grouped by. */
  across: string | null;
  up: string | null;
  tint: string | null;
  /** What the lines of the parallel coordinates are coloured by; null: by the target. */
  shade: string | null;
  bars: string | null;
  brushes: Brush[];
}

function fieldIn(text: string | null): string | null {
  return text && fieldOfSweep(text) ? text : null;
}

export function sweepView(): SweepView {
  const { query } = route.value;
  const target = fieldIn(query.get("target"));
  const axes = splitNames(query.get("axes")).filter((id) => fieldOfSweep(id));
  return {
    target: target?.startsWith("metrics.") ? target : null,
    axes: axes.length ? [...new Set(axes)] : null,
    across: fieldIn(query.get("across")),
    up: fieldIn(query.get("up")),
    tint: fieldIn(query.get("tint")),
    shade: fieldIn(query.get("shade")),
    bars: fieldIn(query.get("bars")),
    brushes: readBrushes(query.get("brush")),
  };
}

export function setBrushes(brushes: readonly Brush[]): void {
  setQuery({ brush: brushes.length ? writeBrushes(brushes) : null });
}

export function setAxes(axes: readonly string[]): void {
  setQuery({ axes: joinNames(axes) });
}

/** The target by one of its aggregates. */
export function chooseTarget(
  column: Extract<Column, { kind: "metric" }>,
  change: Partial<{ name: string; aggregate: Aggregate }>,
): void {
  const { name, aggregate } = { ...column, ...change };
  setQuery({ target: metricColumn(name, aggregate) });
}
