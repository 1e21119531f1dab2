/** Where a value of a field is along an axis, and which marks the axis has. */

import { formatDuration, formatTicks } from "./format";
import { type FieldData, rangeOf } from "./sweep";

export interface Tick {
  at: number;
  label: string;
}

export interface Scale {
  /** From 0 to 1; NaN for what is none. */
  of: (value: number) => number;
  /** The value at a place. */
  back: (place: number) => number;
  ticks: Tick[];
}

/** The axis of a field. @param few How many marks fit. */
export function scaleOf(field: FieldData, few: number, language = "en"): Scale {
  if (field.kind === "choice") return choiceScale(field.choices, few);
  const [least, greatest] = rangeOf(field.numbers) ?? [0, 1];
  const map = field.isLog ? Math.log10 : (value: number) => value;
  const unmap = field.isLog ? (value: number) => 10 ** value : (value: number) => value;
  const [low, high] = widened(map(least), map(greatest));
  const place = (value: number) => (map(value) - low) / (high - low);
  const own = ownTicks(field, place);
  const values = own ?? (field.isLog ? logTicks(least, greatest, few) : evenTicks(low, high, few, field.unit));
  const labels = labelled(values, field.unit, language);
  return {
    of: place,
    back: (place) => unmap(low + place * (high - low)),
    ticks: values.map((value, at) => ({ at: place(value), label: labels[at] as string })),
  };
}

const FEW_VALUES = 6;
const NEAR = 0.07;

/** Where there are only few values, they are the marks: 32, 64, 128. Null for more, or a time. */
function ownTicks({ numbers, unit }: FieldData, place: (value: number) => number): number[] | null {
  const values = new Set<number>();
  for (const value of numbers) {
    if (Number.isFinite(value)) values.add(value);
    if (values.size > FEW_VALUES) return null;
  }
  if (unit || !values.size) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted.filter((value, at) => !at || Math.abs(place(value) - place(sorted[at - 1] as number)) > NEAR);
}

/** A single value is in the middle of its axis. */
function widened(low: number, high: number): [number, number] {
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function choiceScale(choices: string[], few: number): Scale {
  const last = choices.length - 1;
  const of = (value: number) => (last > 0 ? value / last : value === 0 ? 0.5 : Number.NaN);
  const stride = Math.max(1, Math.ceil(choices.length / few));
  const ticks = choices.map((label, place) => ({ at: of(place), label })).filter((_, place) => place % stride === 0);
  return { of, back: (place) => Math.round(place * Math.max(0, last)), ticks };
}

const STEPS = [1, 2, 2.5, 5, 10];
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

function evenTicks(low: number, high: number, few: number, unit: FieldData["unit"]): number[] {
  const rough = (high - low) / Math.max(1, few);
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = unit ? TIME_STEPS : STEPS.map((step) => step * power);
  const step = steps.find((one) => one >= rough) ?? STEPS.map((one) => one * power).find((one) => one >= rough);
  if (!step || !Number.isFinite(step)) return [low];
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) ticks.push(at * step);
  return ticks.map((tick) => Number(tick.toPrecision(12)));
}

function logTicks(least: number, greatest: number, few: number): number[] {
  const [from, to] = [Math.ceil(Math.log10(least) - 1e-9), Math.floor(Math.log10(greatest) + 1e-9)];
  const stride = Math.max(1, Math.ceil((to - from + 1) / few));
  const ticks: number[] = [];
  for (let power = from; power <= to; power += stride) ticks.push(Number(`1e${power}`));
  return ticks;
}

function labelled(values: number[], unit: FieldData["unit"], language: string): string[] {
  if (unit === "duration") return values.map(formatDuration);
  if (unit === "") return formatTicks(values);
  const span = (values.at(-1) ?? 0) - (values[0] ?? 0);
  const form: Intl.DateTimeFormatOptions =
    span < 86_400
      ? { hour: "2-digit", minute: "2-digit", ...(span < 300 ? { second: "2-digit" } : {}) }
      : { month: "short", day: "numeric" };
  return values.map((value) => new Date(value * 1000).toLocaleString(language, form));
}
