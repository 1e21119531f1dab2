/** How the columns of a list share the width of a page, and how wide somebody made some of them. */

import { joinNames, splitNames } from "./route";

/** Names are shortened to this width, in pixels, before a metric is pushed off the page. */
const SHORT_NAME = 190;
/** Beside the columns: the boxes to select rows. */
const PICK = 50;
/** Columns become so much wider at most where there is room. */
const GROWN = 1.5;

/**
 * Widths of which that of the names gives way, as far as names are still read, if the columns have no room.
 *
 * @param least What the names need to be told apart.
 */
export function withShortNames(widths: number[], name: number, width: number, least = 0): number[] {
  const excess = widths.reduce((sum, one) => sum + one, PICK) - width;
  const most = Math.max(0, (widths[name] ?? 0) - Math.max(SHORT_NAME, least));
  return widths.map((one, at) => (at === name ? one - Math.max(0, Math.min(excess, most)) : one));
}

/** Widths that fill a table, as far as columns that are wider than they need are still read as rows. */
export function grown(widths: number[], width: number): number[] {
  const needed = widths.reduce((sum, one) => sum + one, 0);
  const factor = needed > 0 ? Math.min(GROWN, (width - PICK) / needed) : 1;
  return factor > 1 ? widths.map((one) => Math.floor(one * factor)) : widths;
}

/** What a saved view takes as the width of a column, in pixels. */
const MOST = 4000;

/** Widths that somebody chose, by the ids of columns, as an address has them: `name:240,params.lr:90`. */
export function parseWidths(text: string | null): Map<string, number> {
  return new Map(
    splitNames(text).flatMap((one): [string, number][] => {
      const cut = one.lastIndexOf(":");
      const width = Number(one.slice(cut + 1));
      return cut > 0 && isWidth(width) ? [[one.slice(0, cut), width]] : [];
    }),
  );
}

export function formatWidths(widths: ReadonlyMap<string, number>): string | null {
  return joinNames([...widths].map(([id, width]) => `${id}:${width}`)) || null;
}

export function isWidth(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= MOST;
}
