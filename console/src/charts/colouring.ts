/** Which colour a line has: its own, or by the value of a parameter or of a metric. */

import type { Trial } from "../api/types";
import { parameterOf } from "../model/columns";
import { formatNumber, formatValue, numberOf } from "../model/format";
import { colourNumbers } from "../state/colours";
import { lastOf } from "./curves";
import { ABSENT, COLOURS, rampColour, type Stroke, strokeOf } from "./palette";

/** A trial, or a group of trials, as one line of every chart. */
export interface TrialLine {
  key: string;
  label: string;
  /** What tells it from the other lines, and what it shares with them. */
  short: string;
  common?: string;
  trials: Trial[];
}

export interface Colouring {
  strokes: Map<string, Stroke>;
  /** What the colours mean: ends of the ramp, or each value with its colour. Empty when each line has its own. */
  scale: { label: string; colour: string }[];
}

/** `trial`, `params.NAME` or `metrics.NAME`, as an address has it. */
export type ColourBy = string;

const KINDS = 20;
/** A ramp is logarithmic where the greatest value is this many times the least. */
const WIDE = 30;

export function colouringOf(lines: TrialLine[], by: ColourBy, dark: boolean, dashes: boolean): Colouring {
  const values = by === "trial" ? null : lines.map((line) => worthOf(line, by));
  if (!values || values.every((value) => value === null)) return ownColours(lines, dark, dashes);
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const isRamp = numbers.length > 0 && values.every((value) => value === null || typeof value === "number");
  return isRamp ? ramp(lines, values, numbers, dark) : kinds(lines, values, dark);
}

function ownColours(lines: TrialLine[], dark: boolean, dashes: boolean): Colouring {
  const numbers = colourNumbers(
    lines.map((line) => identity(line)),
    COLOURS,
  );
  const strokes = lines.map((line, at): [string, Stroke] => {
    const { colour } = strokeOf(numbers.get(identity(line)) ?? 0, dark);
    return [line.key, { colour, dash: dashes ? strokeOf(at, dark, true).dash : [] }];
  });
  return { strokes: new Map(strokes), scale: [] };
}

/** What a line keeps its colour by: the trial, or what the trials of a group have in common. */
function identity(line: TrialLine): string {
  return line.trials.length === 1 ? (line.trials[0] as Trial).id : line.label;
}

function worthOf(line: TrialLine, by: ColourBy): number | string | null {
  const cut = by.indexOf(".");
  const [kind, name] = [by.slice(0, cut), by.slice(cut + 1)];
  if (kind === "metrics") return lastOf(line.trials.map((trial) => numberOf(trial.metrics[name]?.last)))?.value ?? null;
  const values = line.trials.map((trial) => parameterOf(trial.parameters, name));
  const isSame = values.every((value) => JSON.stringify(value) === JSON.stringify(values[0]));
  const value = isSame ? values[0] : null;
  if (value === undefined || value === null) return null;
  return typeof value === "number" ? value : formatValue(value);
}

function ramp(lines: TrialLine[], values: unknown[], numbers: number[], dark: boolean): Colouring {
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  const isLog = least > 0 && greatest / least > WIDE;
  const of = (value: number) => (isLog ? Math.log(value) : value);
  const share = (value: number) => (greatest > least ? (of(value) - of(least)) / (of(greatest) - of(least)) : 0.5);
  const strokes = lines.map((line, at): [string, Stroke] => {
    const value = values[at];
    const isShown = typeof value === "number" && Number.isFinite(value);
    return [line.key, { colour: isShown ? rampColour(share(value), dark) : absent(dark), dash: [] }];
  });
  const middle = isLog ? Math.sqrt(least * greatest) : (least + greatest) / 2;
  const ends = greatest > least ? [least, middle, greatest] : [least];
  const scale = ends.map((value) => ({ label: formatNumber(value), colour: rampColour(share(value), dark) }));
  return { strokes: new Map(strokes), scale };
}

function kinds(lines: TrialLine[], values: unknown[], dark: boolean): Colouring {
  const all = [...new Set(values.filter((value) => value !== null).map(String))].sort();
  const colour = (value: unknown) =>
    value === null ? absent(dark) : strokeOf(all.indexOf(String(value)), dark).colour;
  const strokes = lines.map((line, at): [string, Stroke] => [line.key, { colour: colour(values[at]), dash: [] }]);
  const scale = all.slice(0, KINDS).map((value) => ({ label: value, colour: colour(value) }));
  return { strokes: new Map(strokes), scale };
}

function absent(dark: boolean): string {
  return dark ? ABSENT.dark : ABSENT.light;
}
