/** Columns of a list of trials: which there are, which are shown, what a cell holds, how one sorts by it. */

import { flatten } from "./flat";
import { metricField, quotedField } from "./metrics";
import { TYPES } from "./sections";

export const FACTS = ["state", "reason", "name", "folder", "started", "duration", "owner", "tags", "note"] as const;
export type Fact = (typeof FACTS)[number];
export type Aggregate = "last" | "min" | "max" | "mean";
export const AGGREGATES: Aggregate[] = ["last", "max", "min", "mean"];

export type Column =
  | { id: string; kind: "fact"; fact: Fact }
  | { id: string; kind: "parameter"; name: string }
  | { id: string; kind: "metric"; name: string; aggregate: Aggregate };

interface Row {
  folder?: { path: string };
  parameters: Record<string, unknown>;
  metrics: Record<string, unknown>;
}

/** Read a column as an address holds it: `state`, `params.lr`, `metrics.val.acc@max`. */
export function parseColumn(id: string): Column | null {
  if ((FACTS as readonly string[]).includes(id)) return { id, kind: "fact", fact: id as Fact };
  if (id.startsWith("params.")) return { id, kind: "parameter", name: id.slice("params.".length) };
  if (!id.startsWith("metrics.")) return null;
  const cut = id.lastIndexOf("@");
  const aggregate = cut > 0 ? (id.slice(cut + 1) as Aggregate) : "last";
  if (!AGGREGATES.includes(aggregate)) return null;
  return { id, kind: "metric", name: id.slice("metrics.".length, cut > 0 ? cut : undefined), aggregate };
}

export function metricColumn(name: string, aggregate: Aggregate = "last"): string {
  return `metrics.${name}${aggregate === "last" ? "" : `@${aggregate}`}`;
}

const VALUES = 8;
/** What facts take of a page, and a column of values, in pixels. */
const [FACTS_WIDTH, VALUE_WIDTH] = [1100, 110];

/** How many values have room on a page that is so wide; a narrow one scrolls. */
export function valuesIn(width: number): number {
  return Math.max(VALUES, Math.floor((width - FACTS_WIDTH) / VALUE_WIDTH));
}

/**
 * Which columns to show when nobody chose: as in `aimd trial ls`, parameters that tell trials apart, then metrics, of both
 * the most important.
 *
 * @param most How many of those.
 */
export function automaticColumns(rows: Row[], withFolder: boolean, most = VALUES): string[] {
  const values = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  const metrics = new Set<string>();
  for (const row of rows) {
    for (const [name, value] of flatten(row.parameters)) {
      values.set(name, (values.get(name) ?? new Set()).add(JSON.stringify(value) ?? ""));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const name of Object.keys(row.metrics)) if (!name.startsWith("system.")) metrics.add(name);
  }
  const differing = [...values]
    .filter(([name, seen]) => seen.size > 1 || rows.length === 1 || (counts.get(name) ?? 0) < rows.length)
    .map(([name], at) => ({ id: `params.${name}`, priority: 26 + 3 * at }));
  const rank = (name: string) => {
    const at = TYPES.indexOf(name.split(".")[0] ?? "");
    return at < 0 ? TYPES.length : at;
  };
  const ranked = [...metrics]
    .sort((one, other) => rank(one) - rank(other))
    .map((name, at) => ({ id: metricColumn(name), priority: 20 + 4 * at }));
  const shown = new Set([...differing, ...ranked].sort((one, other) => one.priority - other.priority).slice(0, most));
  const facts = [
    "name",
    "state",
    ...(withFolder && new Set(rows.map((row) => row.folder?.path)).size > 1 ? ["folder"] : []),
    "started",
    "duration",
  ];
  return [...facts, ...[...differing, ...ranked].filter((column) => shown.has(column)).map((column) => column.id)];
}

/** Columns with those that rows are sorted by: an order that nobody sees would be none. They come behind the facts. */
export function withSorted(ids: readonly string[], sorted: readonly string[], rows: Row[]): string[] {
  const isThere = ({ id, kind }: Column, name: string) => !ids.includes(id) && (kind !== "metric" || has(rows, name));
  const more = sorted.filter((id) => {
    const column = parseColumn(id);
    return column && isThere(column, column.kind === "fact" ? "" : column.name);
  });
  const at = ids.findLastIndex((id) => parseColumn(id)?.kind === "fact") + 1;
  return [...ids.slice(0, at), ...new Set(more), ...ids.slice(at)];
}

function has(rows: Row[], metric: string): boolean {
  return rows.some(({ metrics }) => metric in metrics);
}

/** The field of the query language that a column shows. */
export function fieldOf(column: Column): string {
  if (column.kind === "fact") return column.fact;
  if (column.kind === "parameter") return quotedField("params.", column.name);
  const field = metricField(column.name);
  return column.aggregate === "last" ? field : `${field}.${column.aggregate}`;
}

/** The fields that the server must send for these columns. */
export function wantedFields(columns: Column[]): string[] {
  const fields = columns
    .filter((column) => column.kind !== "fact")
    .map((column) => fieldOf(column.kind === "metric" ? { ...column, aggregate: "last" } : column));
  return [...new Set(fields)];
}

interface Parameters {
  parameters: { name: string; count: number; varies: boolean }[];
  trials: number;
  more: boolean;
}

/** The fields of the parameters that may tell the trials of a folder apart; of more than were looked at, of all. */
export function varyingFields({ parameters, trials, more }: Parameters): string[] {
  return parameters
    .filter(({ varies, count }) => more || varies || count < trials)
    .map(({ name }) => quotedField("params.", name));
}

export function parameterOf(parameters: Record<string, unknown>, name: string): unknown {
  if (name in parameters) return parameters[name];
  return new Map(flatten(parameters)).get(name);
}

/** The next order when a head is pressed: largest first for numbers, then the other way, then none. */
export function nextSort(sort: string, field: string, numeric: boolean): string {
  const first = numeric ? `-${field}` : field;
  const second = numeric ? field : `-${field}`;
  if (sort === first) return second;
  return sort === second ? "" : first;
}
