/**
 * The colour of a trial, the same on every page and on every visit.
 *
 * Its id decides, unless that colour is taken by another of those that are shown together; what was decided is kept in
 * this browser.
 */

import { assigned } from "../model/colours";
import { keep, kept } from "./settings";

const MOST = 2000;
const NAME = "colours";
let known: Map<string, number> | null = null;

function remembered(): Map<string, number> {
  if (known) return known;
  try {
    known = new Map(JSON.parse(kept(NAME) ?? "[]") as [string, number][]);
  } catch {
    known = new Map();
  }
  return known;
}

/** Numbers of colours for ids that are shown together, from 0 to below `colours`. */
export function colourNumbers(ids: readonly string[], colours: number): Map<string, number> {
  const all = remembered();
  const numbers = assigned(ids, all, colours);
  const fresh = ids.filter((id) => all.get(id) !== numbers.get(id));
  if (fresh.length) {
    for (const id of fresh) all.set(id, numbers.get(id) as number);
    known = new Map([...all].slice(-MOST));
    keep(NAME, JSON.stringify([...known]));
  }
  return numbers;
}
