/** What a filter may have meant with a field that there is none of: fields of these trials that are like it. */

import { type Known, plainFields } from "./completion";
import { placeIn, tokensOf } from "./query";

export interface Meant {
  field: string;
  /** The filter with that field in the place of the wrong one. */
  query: string;
}

const MOST = 4;
const FURTHEST = 2;

/** Return fields to write instead of the one at a position of a filter, the likeliest first; none if it is no field. */
export function meant(text: string, position: number, known: Known): Meant[] {
  const wrong = tokensOf(text).find(({ start }) => start === position);
  if (wrong?.kind !== "term" || wrong.quoted) return [];
  if (["value", "list", "is"].includes(placeIn(text, wrong.end).expected)) return [];
  const typed = lastPart(wrong.text.toLowerCase());
  const ranked = plainFields(known)
    .map((field) => ({ field, far: distance(lastPart(field.toLowerCase().replace(/["\\]/g, "")), typed) }))
    .filter(({ far }) => far <= Math.min(FURTHEST, typed.length / 3));
  ranked.sort((one, other) => one.far - other.far);
  const least = ranked[0]?.far;
  return ranked
    .filter(({ far }) => far === least)
    .slice(0, MOST)
    .map(({ field }) => ({ field, query: text.slice(0, wrong.start) + field + text.slice(wrong.end) }));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** How many letters must be added, left out or changed to make one text of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let line = 1; line <= one.length; line++) {
    const next = [line];
    for (let at = 1; at <= other.length; at++) {
      const changed = (row[at - 1] as number) + (one[line - 1] === other[at - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[at] as number) + 1, (next[at - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
