/** What is brushed on the axes of a sweep: ranges of numbers and choices; in an address, and as a filter. */

import { fieldOf, parseColumn } from "./columns";
import { quotedText } from "./query";
import { joinNames, splitNames } from "./route";
import { type FieldData, rangeOf } from "./sweep";

export type Brush = { field: string; range: [number, number] } | { field: string; choices: string[] };

/** `params.lr,0.001,0.1` or `params.opt,=,adam,sgd`, with commas between the brushes again. */
export function writeBrushes(brushes: readonly Brush[]): string {
  return joinNames(
    brushes.map((brush) =>
      joinNames("range" in brush ? [brush.field, ...brush.range.map(String)] : [brush.field, "=", ...brush.choices]),
    ),
  );
}

export function readBrushes(text: string | null): Brush[] {
  return splitNames(text).flatMap((one): Brush[] => {
    const [field = "", first, ...rest] = splitNames(one);
    if (!parseColumn(field)) return [];
    if (first === "=") return rest.length ? [{ field, choices: rest }] : [];
    const range: [number, number] = [Number(first), Number(rest[0])];
    return first !== undefined && rest.length === 1 && range[0] <= range[1] ? [{ field, range }] : [];
  });
}

/** The brushes with another one of its field, or without. */
export function withBrush(brushes: readonly Brush[], field: string, brush: Brush | null): Brush[] {
  return [...brushes.filter((one) => one.field !== field), ...(brush ? [brush] : [])];
}

/** Which trials are within all brushes; one without a value is in none. */
export function withinBrushes(size: number, brushes: readonly Brush[], data: (id: string) => FieldData): boolean[] {
  const within = new Array<boolean>(size).fill(true);
  for (const brush of brushes) {
    const holds = holdsOf(brush, data(brush.field));
    for (let at = 0; at < size; at++) within[at] = (within[at] as boolean) && holds(at);
  }
  return within;
}

function holdsOf(brush: Brush, { numbers, choices }: FieldData): (at: number) => boolean {
  if ("choices" in brush) {
    const chosen = new Set(brush.choices);
    return (at) => chosen.has(choices[numbers[at] as number] ?? "\0");
  }
  const [from, to] = brush.range;
  return (at) => (numbers[at] as number) >= from && (numbers[at] as number) <= to;
}

/** A brush on an axis between two places from 0 to 1, of the field that is along it; null where nothing is between. */
export function brushBetween(
  field: FieldData,
  back: (place: number) => number,
  one: number,
  other: number,
): Brush | null {
  const [low, high] = [Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))];
  if (field.kind === "number") {
    const ends = rangeOf(field.numbers) ?? [0, 0];
    const plain = (value: number) => (field.unit ? Math.round(value) : Number(value.toPrecision(6)));
    // The ends of the axis mean the ends of the values, without what rounding takes away.
    const range: [number, number] = [low <= 0 ? ends[0] : plain(back(low)), high >= 1 ? ends[1] : plain(back(high))];
    return { field: field.id, range };
  }
  const last = Math.max(1, field.choices.length - 1);
  const half = 0.5 / last;
  const chosen = field.choices.filter((_, place) => {
    const at = field.choices.length > 1 ? place / last : 0.5;
    return at >= low - Math.min(half, 0.04) && at <= high + Math.min(half, 0.04);
  });
  return chosen.length ? { field: field.id, choices: chosen } : null;
}

/** The brushes as a filter in the query language. */
export function filterOf(brushes: readonly Brush[]): string {
  return brushes
    .flatMap((brush) => {
      const column = parseColumn(brush.field);
      if (!column) return [];
      const name = fieldOf(column);
      if ("range" in brush) {
        const [from, to] = column.id === "started" ? brush.range.map(moment) : brush.range;
        return [`${name} >= ${from}`, `${name} <= ${to}`];
      }
      const words = brush.choices.map(quoted);
      return [words.length === 1 ? `${name} = ${words[0]}` : `${name} in [${words.join(", ")}]`];
    })
    .join(" and ");
}

function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** A number stays one: it also equals a text that reads as it. */
function quoted(word: string): string {
  return /^(true|false|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(word) ? word : quotedText(word);
}
