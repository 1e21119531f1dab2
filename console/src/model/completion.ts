/** What a filter can be completed with, where the cursor is. */

import { metricField, quotedField } from "./metrics";
import type { Place } from "./query";

export interface FieldValues {
  field: string;
  shape: string;
  /** As a query writes them, most frequent first. */
  values: { value: string; count: number }[];
  low: number | null;
  high: number | null;
}

/** What is known of a folder's trials. */
export interface Known {
  parameters: { name: string; count: number }[];
  metrics: { name: string; count: number }[];
  /** Other fields, with the shape of their values. */
  fields: Record<string, string>;
  /** What each shape is compared with. */
  operators: Record<string, string[]>;
  aggregates: string[];
  /** Whether only the newest trials were looked at. */
  more: boolean;
  /** Values of the fields that were asked for, by the field as written. */
  values: ReadonlyMap<string, FieldValues>;
}

export interface Offer {
  /** What is put in, without the space behind it. */
  text: string;
  kind: "field" | "operator" | "value" | "condition" | "joint";
  /** How many trials have it. */
  count?: number;
  /** Said beside it: a word of the catalogue. */
  note?: "filter.day" | "filter.week" | "filter.missing" | "filter.list";
}

const MOST = 50;
const TAGS = 8;
const TIMES: Offer[] = [
  { text: "age < 1d", kind: "condition", note: "filter.day" },
  { text: "age < 7d", kind: "condition", note: "filter.week" },
];
const DURATIONS = ["1h", "1d", "7d", "30d"];

/** The offers at a place, the likeliest first. */
export function offersAt(place: Place, known: Known, today: string): Offer[] {
  const all = allAt(place, known, today);
  const typed = place.typed.toLowerCase();
  if (!typed) return all.slice(0, MOST);
  const ranked = all
    .map((offer, order) => ({ offer, order, rank: rankOf(offer.text.toLowerCase().replace(/["\\]/g, ""), typed) }))
    .filter(({ rank, offer }) => rank < 9 && offer.text !== place.typed);
  ranked.sort((one, other) => one.rank - other.rank || one.order - other.order);
  return ranked.slice(0, MOST).map(({ offer }) => offer);
}

/** Beginnings come first, then beginnings of a part, then what is within. */
function rankOf(text: string, typed: string): number {
  const bare = typed.replace(/["\\]/g, "");
  const found = text.indexOf(bare);
  if (found < 0) return 9;
  return found === 0 ? 0 : /[\s._/:-]/.test(text[found - 1] as string) ? 1 : 2;
}

function allAt(place: Place, known: Known, today: string): Offer[] {
  const shape = shapeOf(place.field, known);
  switch (place.expected) {
    case "condition":
      return [...readyConditions(known), ...fieldOffers(known)];
    case "operator":
      return shape
        ? operatorOffers(shape, known)
        : [...joints(), ...(place.typed ? [...readyConditions(known), ...fieldOffers(known)] : [])];
    case "joint":
      return [...joints(), ...(place.typed ? fieldOffers(known) : [])];
    case "is":
      return [
        { text: "missing", kind: "operator" },
        { text: "not missing", kind: "operator" },
      ];
    default:
      return valueOffers(place.field, shape, known, today);
  }
}

function joints(): Offer[] {
  return [
    { text: "and", kind: "joint" },
    { text: "or", kind: "joint" },
  ];
}

/** Whole conditions that are often wanted: states that there are, tags, the last days. */
function readyConditions(known: Known): Offer[] {
  const of = (field: string, count: number) =>
    (known.values.get(field)?.values ?? [])
      .filter((value) => value.count > 0)
      .slice(0, count)
      .map((value): Offer => ({ text: `${field} = ${value.value}`, kind: "condition", count: value.count }));
  return [...of("state", 7), ...TIMES, ...of("tags", TAGS)];
}

/** The fields of a folder's trials, without the aggregates of metrics. */
export function plainFields(known: Known): string[] {
  return [
    ...Object.keys(known.fields),
    ...known.parameters.map(({ name }) => quotedField("params.", name)),
    ...known.metrics.map(({ name }) => metricField(name)),
  ];
}

function fieldOffers(known: Known): Offer[] {
  return [
    ...known.parameters.map(({ name, count }): Offer => ({ text: quotedField("params.", name), kind: "field", count })),
    ...known.metrics.map(({ name, count }): Offer => ({ text: metricField(name), kind: "field", count })),
    ...Object.keys(known.fields).map((name): Offer => ({ text: name, kind: "field" })),
    ...known.metrics.flatMap(({ name }) =>
      known.aggregates
        .slice(1)
        .map((aggregate): Offer => ({ text: `${metricField(name)}.${aggregate}`, kind: "field" })),
    ),
  ];
}

/** The shape of a field's values; empty of what is no field of these trials. */
export function shapeOf(field: string, known: Known): string {
  const plain = known.fields[field.toLowerCase()] ?? { status: "state", tag: "tags" }[field.toLowerCase()];
  if (plain) return plain;
  if (/^(params|platform)\./i.test(field)) return "any";
  const isMetric = known.metrics.some(({ name }) => {
    const written = metricField(name);
    return field === written || known.aggregates.some((aggregate) => field === `${written}.${aggregate}`);
  });
  return isMetric ? "number" : "";
}

function operatorOffers(shape: string, known: Known): Offer[] {
  const operators = known.operators[shape] ?? [];
  const ordered =
    shape === "number" ? [...operators].sort((one, other) => rankNumber(one) - rankNumber(other)) : operators;
  return [
    ...ordered.map((text): Offer => ({ text, kind: "operator" })),
    { text: "in [", kind: "operator", note: "filter.list" },
    { text: "is missing", kind: "operator", note: "filter.missing" },
    { text: "is not missing", kind: "operator" },
  ];
}

function rankNumber(operator: string): number {
  return [">", ">=", "<", "<=", "="].indexOf(operator) + 1 || 9;
}

function valueOffers(field: string, shape: string, known: Known, today: string): Offer[] {
  if (shape === "duration") return DURATIONS.map((text) => ({ text, kind: "value" }));
  if (shape === "moment") return [{ text: today, kind: "value" }];
  const told = known.values.get(field);
  const ends =
    shape === "number" && told
      ? [told.high, told.low]
          .filter((end): end is number => end !== null)
          .map((end) => ({ value: String(end), count: 0 }))
      : [];
  const counted = shape === "number" ? ends : (told?.values ?? []);
  return counted.map(
    ({ value, count }): Offer => ({
      text: value,
      kind: "value",
      ...(shape === "number" ? {} : { count }),
    }),
  );
}

/** The text with an offer put in, and where the cursor goes. */
export function completed(text: string, place: Place, offer: Offer): { text: string; cursor: number } {
  const space = offer.text.endsWith("[") ? "" : " ";
  const rest = text.slice(place.to).replace(/^\s+/, "");
  const before = text.slice(0, place.from);
  const gap = before && !/[\s([,]$/.test(before) ? " " : "";
  const start = `${before}${gap}${offer.text}${space}`;
  return { text: start + rest, cursor: start.length };
}

/** Whether an offer completes a condition, so that what is written can be asked for. */
export function isWhole(offer: Offer): boolean {
  return offer.kind === "value" || offer.kind === "condition" || offer.text.endsWith("missing");
}
