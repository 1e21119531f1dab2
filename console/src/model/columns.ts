/** Columns of a list of trials: which there are, which are shown, what a cell holds, how one sorts by it. */

import { flatten } from "./flat";
import { metricField, quotedField } from "./metrics";

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

const FAVOURITES = /(acc|loss|f1|auc|score|error|reward|perplexity)/i;
const OF_EACH = 4;

/** Which columns to show when nobody chose: parameters that vary and the metrics that people look at. */
export function automaticColumns(rows: Row[], withFolder: boolean): string[] {
  const varying = new Map<string, Set<string>>();
  const metrics = new Map<string, number>();
  for (const row of rows) {
    for (const [name, value] of flatten(row.parameters)) {
      const known = varying.get(name) ?? new Set();
      varying.set(name, known.add(JSON.stringify(value) ?? ""));
    }
    for (const name of Object.keys(row.metrics))
      if (!name.startsWith("system.")) metrics.set(name, (metrics.get(name) ?? 0) + 1);
  }
  const parameters = [...varying]
    .filter(([, values]) => values.size > 1 || rows.length === 1)
    .map(([name]) => `params.${name}`);
  const rank = ([name, count]: [string, number]) =>
    (FAVOURITES.test(name) ? 1e6 : 0) + (/^(val|valid|test)/.test(name) ? 1e5 : 0) + count;
  const best = [...metrics].sort((one, other) => rank(other) - rank(one)).slice(0, OF_EACH);
  const facts = [
    "name",
    "state",
    ...(withFolder && new Set(rows.map((row) => row.folder?.path)).size > 1 ? ["folder"] : []),
    "started",
    "duration",
  ];
  return [...facts, ...best.map(([name]) => metricColumn(name)), ...parameters.slice(0, OF_EACH)];
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
