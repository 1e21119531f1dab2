/** The address as a signal, and ways to change it. */

import { signal } from "@preact/signals";
import { type Changes, changed, parseRoute } from "../model/route";

export const route = signal(parseRoute(location.hash));

export function startRouting(): void {
  addEventListener("hashchange", () => {
    route.value = parseRoute(location.hash);
  });
}

export function go(address: string): void {
  location.hash = address;
}

/** Change the view without a new entry in the history, as for a slider. */
export function replace(address: string): void {
  history.replaceState(null, "", address);
  route.value = parseRoute(address);
}

export function setQuery(changes: Changes, push = false): void {
  const address = changed(route.value, changes);
  if (push) go(address);
  else replace(address);
}
