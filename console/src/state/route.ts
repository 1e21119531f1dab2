/** The address as a signal, and ways to change it. */

import { effect, signal } from "@preact/signals";
import { type Changes, changed, formatRoute, parseRoute } from "../model/route";

export const route = signal(parseRoute(location.hash));

export function startRouting(): void {
  addEventListener("hashchange", () => {
    if (location.hash !== own) own = "";
    route.value = parseRoute(location.hash);
  });
}

/** The address that a change of the view has led to; empty where one came from elsewhere. */
let own = "";

/** Whether somebody changed the view to what it is now, rather than came to its address. */
export function isChangedHere(): boolean {
  return own !== "" && location.hash === own;
}

export function go(address: string): void {
  location.hash = address;
}

/** Follow a link to where one is already: the address stays, so the browser tells of nothing. */
export function lookAgain(address: string): void {
  if (location.hash === address) route.value = parseRoute(address);
}

/** Change the view without a new entry in the history, as for a slider. */
export function replace(address: string): void {
  history.replaceState(null, "", address);
  route.value = parseRoute(address);
}

export function setQuery(changes: Changes, push = false): void {
  const address = changed(route.value, changes);
  own = address;
  if (push) go(address);
  else replace(address);
}

/** The last address of each folder that was looked at, so that a way back leads to what was there. */
const seen = new Map<string, string>();
const MOST_SEEN = 100;
const HOME = "root";

effect(() => {
  const { page, id, query } = route.value;
  if (page !== "" && page !== "folders") return;
  const folder = id || HOME;
  seen.delete(folder);
  seen.set(folder, formatRoute(page, id, query));
  if (seen.size > MOST_SEEN) seen.delete(seen.keys().next().value as string);
});

/** The address of a folder as it was left, with its filter, order and columns. */
export function addressOfFolder(id: string | null | undefined): string {
  const folder = id || HOME;
  return seen.get(folder) ?? (folder === HOME ? "#/" : formatRoute("folders", folder));
}
