/** Which step of several trials is shown, what a table of media has, and how histograms lie over their steps. */

/** Steps of several trials as one list, in order. */
export function unionOf(steps: readonly (readonly number[])[]): number[] {
  return [...new Set(steps.flat())].sort((one, other) => one - other);
}

/** The last step that is not behind another one; the first if all are. */
export function stepAt(steps: readonly number[], step: number): number | undefined {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) <= step) low = middle + 1;
    else high = middle;
  }
  return steps[Math.max(0, low - 1)];
}

/** What begins like a path is a section: `val/samples` is in `val`. */
export function sectionsOf<T extends { key: string }>(keys: readonly T[]): { name: string; keys: T[] }[] {
  const sections = new Map<string, T[]>();
  for (const key of keys) {
    const cut = key.key.lastIndexOf("/");
    const name = cut > 0 ? key.key.slice(0, cut) : "";
    sections.set(name, [...(sections.get(name) ?? []), key]);
  }
  const order = new Intl.Collator("en", { numeric: true });
  return [...sections]
    .map(([name, members]) => ({
      name,
      keys: members.sort((one, other) => order.compare(one.key, other.key)),
    }))
    .sort((one, other) => order.compare(one.name, other.name));
}

export type Cell = string | number | boolean | null;

export interface MediaTable {
  columns: string[];
  rows: Cell[][];
}

/** Cells of a table; also what readers elsewhere take. */
const MOST_CELLS = 1_000_000;

/** Read `{"columns": [...], "data": [[...]]}`; null for anything else, and for more cells. Odd ones become their JSON. */
export function parseTable(text: string): MediaTable | null {
  if (commasOf(text, 2 * MOST_CELLS + 3) > 2 * MOST_CELLS + 2) return null;
  try {
    const { columns, data } = JSON.parse(text);
    if (!Array.isArray(columns) || !Array.isArray(data) || columns.length * data.length > MOST_CELLS) return null;
    const rows = data.filter(Array.isArray).map((row: unknown[]) => row.map(cellOf));
    return { columns: columns.map(String), rows };
  } catch {
    return null;
  }
}

/** How many commas outside of texts a document has, up to `most`: about as many as values, before any is made. */
function commasOf(text: string, most: number): number {
  if (text.length < most) return 0;
  let count = 0;
  for (let at = 0; at < text.length && count < most; at++) {
    const code = text.charCodeAt(at);
    if (code === 44) count++;
    else if (code === 34) {
      for (at++; at < text.length && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    }
  }
  return count;
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : (value as Cell);
}

const collator = new Intl.Collator("en", { numeric: true });

/** Rows that contain a text in any cell, sorted by a column; what is no number comes behind numbers, nothing last. */
export function arrangeRows(table: MediaTable, sought: string, by: number | null, isDown: boolean): Cell[][] {
  const text = sought.trim().toLowerCase();
  const rows = text
    ? table.rows.filter((row) => row.some((cell) => String(cell).toLowerCase().includes(text)))
    : table.rows;
  if (by === null) return rows;
  const sorted = [...rows].sort((one, other) => compareCells(one[by], other[by]) * (isDown ? -1 : 1));
  const isThere = (row: Cell[]) => row[by] !== null && row[by] !== undefined;
  return [...sorted.filter(isThere), ...sorted.filter((row) => !isThere(row))];
}

function compareCells(one: Cell | undefined, other: Cell | undefined): number {
  const [first, second] = [typeof one === "number", typeof other === "number"];
  if (first && second) return (one as number) - (other as number);
  if (first !== second) return first ? -1 : 1;
  return collator.compare(String(one ?? ""), String(other ?? ""));
}

export interface Histogram {
  edges: number[];
  counts: number[];
}

export interface HeatMap {
  low: number;
  high: number;
  /** By step, then by bin from `low` to `high`: the share of the step's values in it, the densest as 1. */
  columns: number[][];
}

/** Histograms over steps on one axis of values, each value spread evenly over its interval. */
export function heatMapOf(histograms: readonly Histogram[], bins: number): HeatMap {
  const edges = histograms.flatMap(({ edges }) => edges.filter(Number.isFinite));
  const low = edges.length ? edges.reduce((one, other) => Math.min(one, other)) : 0;
  const high = edges.length ? edges.reduce((one, other) => Math.max(one, other)) : 1;
  const width = (high - low || 1) / bins;
  const columns = histograms.map(({ edges, counts }) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    const column = new Array<number>(bins).fill(0);
    counts.forEach((count, at) => {
      const [from, to] = [edges[at] ?? 0, edges[at + 1] ?? 0];
      spread(column, (from - low) / width, (to - low) / width, count / total);
    });
    return column;
  });
  const most = Math.max(...columns.map((column) => Math.max(...column)), Number.MIN_VALUE);
  return { low, high, columns: columns.map((column) => column.map((share) => share / most)) };
}

/** Add a share to the bins between two places, as much to each as it covers; all to one where there is no width. */
function spread(column: number[], from: number, to: number, share: number): void {
  const last = column.length - 1;
  if (!(to > from)) {
    const at = Math.min(last, Math.max(0, Math.floor(from)));
    column[at] = (column[at] ?? 0) + share;
    return;
  }
  for (let at = Math.max(0, Math.floor(from)); at <= Math.min(last, Math.ceil(to) - 1); at++) {
    const covered = Math.min(to, at + 1) - Math.max(from, at);
    column[at] = (column[at] ?? 0) + (share * Math.max(0, covered)) / (to - from);
  }
}
