/**
 * The trials of a sweep as columns: numbers, choices, and what is left out of each.
 *
 * A field is written as a column of the list: `params.lr`, `metrics.val.acc@max`, `duration`, `started`.
 */

import { timeS } from "./clock";
import { type Column, parameterOf, parseColumn } from "./columns";
import { directionOf } from "./direction";
import { flatten } from "./flat";
import { durationOf, formatValue, numberOf, seconds } from "./format";
import { splitMetric } from "./metrics";

export interface SweepTrial {
  id: string;
  name: string;
  state: string | null;
  started: string | null;
  ended: string | null;
  last_write?: string | null;
  parameters: Record<string, unknown>;
  metrics: Record<string, object>;
}

export interface FieldData {
  id: string;
  kind: "number" | "choice";
  /** What is measured in seconds: a time, or a duration. */
  unit: "" | "time" | "duration";
  /** A value of each trial: the number, or the place of its choice. NaN: it has none that can be drawn. */
  numbers: Float64Array;
  /** The choices in natural order; empty for numbers. */
  choices: string[];
  /** Whether numbers are drawn by their logarithm: all are positive, and the greatest is 100 times the least. */
  isLog: boolean;
  /** Trials that have no value. */
  missing: number;
  /** Trials whose value is NaN or infinite. */
  odd: number;
  /** Trials that have something else, where most have numbers. */
  texts: number;
}

const WIDE = 100;
const natural = new Intl.Collator("en", { numeric: true });

export function fieldOfSweep(id: string): Column | null {
  const column = parseColumn(id);
  const isNumber = column?.kind !== "fact" || column.fact === "started" || column.fact === "duration";
  return column && isNumber ? column : null;
}

/** A trial's value: a number, something else, or undefined for none. */
export function worthOf(trial: SweepTrial, column: Column, now: number): unknown {
  if (column.kind === "metric") {
    const summary = trial.metrics[column.name] as Record<string, unknown> | undefined;
    return numberOf(summary?.[column.aggregate]) ?? undefined;
  }
  if (column.kind === "fact")
    return (column.fact === "started" ? seconds(trial.started) : durationOf(trial, now)) ?? undefined;
  const value = parameterOf(trial.parameters, column.name);
  if (value === null || value === undefined || value === "") return undefined;
  return numberOf(value) ?? value;
}

/** A field of all trials. A parameter is numbers where at least half of its values are, else each value is a choice. */
export function readField(trials: readonly SweepTrial[], id: string, now = timeS()): FieldData {
  const column = fieldOfSweep(id);
  const values = trials.map((trial) => (column ? worthOf(trial, column, now) : undefined));
  const there = values.filter((value) => value !== undefined);
  const counted = there.filter((value) => typeof value === "number").length;
  const isNumber = column?.kind !== "parameter" || counted * 2 >= there.length;
  const missing = values.length - there.length;
  if (!isNumber) return choicesOf(id, values, missing);
  const numbers = Float64Array.from(values, (value) =>
    typeof value === "number" && Number.isFinite(value) ? value : Number.NaN,
  );
  const [least, greatest] = rangeOf(numbers) ?? [0, 0];
  const unit = column?.kind !== "fact" ? "" : column.fact === "started" ? "time" : "duration";
  return {
    id,
    kind: "number",
    unit,
    numbers,
    choices: [],
    isLog: unit !== "time" && least > 0 && greatest / least >= WIDE,
    missing,
    odd: values.filter((value) => typeof value === "number" && !Number.isFinite(value)).length,
    texts: there.length - counted,
  };
}

function choicesOf(id: string, values: unknown[], missing: number): FieldData {
  const words = values.map((value) => (value === undefined ? null : formatValue(value)));
  const choices = [...new Set(words.filter((word) => word !== null))].sort(natural.compare);
  const places = new Map(choices.map((word, place) => [word, place]));
  const numbers = Float64Array.from(words, (word) => (word === null ? Number.NaN : (places.get(word) as number)));
  return { id, kind: "choice", unit: "", numbers, choices, isLog: false, missing, odd: 0, texts: 0 };
}

/** The least and greatest of the finite values; null without any. */
export function rangeOf(numbers: Float64Array): [number, number] | null {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of numbers) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return least <= greatest ? [least, greatest] : null;
}

/** Parameters that are not the same in all trials, in their own order: of two with the same values only the first. */
export function varyingParameters(trials: readonly SweepTrial[]): string[] {
  const flat = trials.map((trial) => new Map(flatten(trial.parameters)));
  const names = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  return names.filter((name) => new Set(flat.map((map) => JSON.stringify(map.get(name) ?? null))).size > 1);
}

const FEW_CHOICES = 12;
const MOST_CHOICES = 63;

/** Whether choices are another one in nearly every trial, such as paths, so that nothing can be learnt from them. */
export function isUnique(choices: number, trials: number): boolean {
  return choices > MOST_CHOICES || (choices > FEW_CHOICES && choices * 2 > trials);
}

/** The axes to begin with: parameters that vary and can be read, at most so many, the target behind them. */
export function firstAxes(fields: FieldData[], target: string, most: number): string[] {
  const telling = fields.filter(
    ({ choices, numbers }) => !isUnique(choices.length, numbers.length) && rangeOf(numbers),
  );
  return [...telling.slice(0, most).map(({ id }) => id), target];
}

const TYPES = ["val", "valid", "validation", "test", "eval", "train"];

/** Metrics that may be a target: of the first type first, whose names say what is better, an accuracy before a loss. */
export function rankedTargets(metrics: readonly string[]): string[] {
  const rank = (name: string) => {
    const type = TYPES.indexOf(splitMetric(name).type);
    const way = directionOf(name);
    return [way ? 0 : 1, type < 0 ? TYPES.length : type, way === "max" ? 0 : 1] as const;
  };
  const own = metrics.filter((name) => !name.startsWith("system."));
  return own.sort((one, other) => {
    const [a, b] = [rank(one), rank(other)];
    return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || natural.compare(one, other);
  });
}
