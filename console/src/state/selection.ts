/**
 * What is selected in a folder's list: in the address while it is short; when it is not, in this tab, so that it is
 * still there when the page is loaded again.
 */

import { signal } from "@preact/signals";
import { joinNames, splitNames } from "../model/route";
import { route, setQuery } from "./route";

/** So many ids an address can hold and still be pasted. */
const IN_ADDRESS = 60;

interface Many {
  list: string;
  ids: ReadonlySet<string>;
}

const KEPT = "aimd.selected";

function keptBefore(): Many | null {
  try {
    const { list, ids } = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return { list: String(list), ids: new Set((ids as unknown[]).map(String)) };
  } catch {
    return null;
  }
}

function keepMany(selected: Many | null): void {
  many.value = selected;
  try {
    if (selected) sessionStorage.setItem(KEPT, JSON.stringify({ list: selected.list, ids: [...selected.ids] }));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // A browser that keeps nothing has the selection until the page is loaded again.
  }
}

const many = signal<Many | null>(keptBefore());

/** @param list Which list it is of: the folder, with those below or without. */
export function selectionOf(list: string): ReadonlySet<string> {
  if (many.value?.list === list) return many.value.ids;
  return new Set(splitNames(route.value.query.get("selected")));
}

export function selectIn(list: string, ids: ReadonlySet<string>): void {
  const isShort = ids.size <= IN_ADDRESS;
  keepMany(isShort ? null : { list, ids });
  setQuery({ selected: isShort ? joinNames([...ids]) : null });
}
