/** A heat map's cells: which curve says what at which place, and how the values become colours. */

import { middleOf } from "../model/series";
import type { Curve } from "./curves";
import type { Range } from "./ranges";
import { type Reading, readingAt, roomOf } from "./readings";

export interface Cells {
  columns: number;
  /** A row for each curve, from left to right; NaN where it says nothing, or nothing finite. */
  values: Float64Array[];
  /** Where a curve has a place, but no finite value. */
  odd: Uint8Array[];
}

/** The place on the x axis that the middle of a column means. */
export function placeOf(column: number, columns: number, [from, to]: Range, log: boolean): number {
  const share = (column + 0.5) / columns;
  return log && from > 0 ? from * (to / from) ** share : from + (to - from) * share;
}

/** What a curve says at a column: its nearest point, as under the cursor of a chart. */
export function cellReading(curve: Curve, column: number, columns: number, x: Range, log: boolean): Reading | null {
  return readingAt(curve, placeOf(column, columns, x, log), roomOf(curve));
}

export function cellsOf(curves: Curve[], columns: number, x: Range, log: boolean): Cells {
  const values = curves.map(() => new Float64Array(columns).fill(Number.NaN));
  const odd = curves.map(() => new Uint8Array(columns));
  for (const [row, curve] of curves.entries()) {
    for (let column = 0; column < columns; column++) {
      const reading = cellReading(curve, column, columns, x, log);
      if (!reading) continue;
      const value = reading.smoothed ?? reading.value;
      (values[row] as Float64Array)[column] = Number.isFinite(value) ? value : Number.NaN;
      (odd[row] as Uint8Array)[column] = Number(!Number.isFinite(value));
    }
  }
  return { columns, values, odd };
}

/** From which value to which the colours go; null where there is none. */
export function colourRange({ values }: Cells, log: boolean, outliers: boolean): Range | null {
  const all = values.flatMap((row) => [...row].filter((value) => Number.isFinite(value) && !(log && value <= 0)));
  if (!all.length) return null;
  const inner = outliers ? middleOf(Float64Array.from(all), 0.02) : null;
  if (inner) return inner as Range;
  let [low, high] = [all[0] as number, all[0] as number];
  for (const value of all) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** Which share of the colours a value has; null where it has none. */
export function shareOf(value: number, [low, high]: Range, log: boolean): number | null {
  if (!Number.isFinite(value) || (log && value <= 0)) return null;
  if (low === high) return 0.5;
  const of = log ? Math.log : (number: number) => number;
  return Math.max(0, Math.min(1, (of(value) - of(low)) / (of(high) - of(low))));
}
