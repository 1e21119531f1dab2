/** What a person wants to be told of: folders and trials, remembered by this browser for whoever is signed in. */

import { effect, signal } from "@preact/signals";
import { t } from "../words";
import { session } from "./session";
import { keep, kept } from "./settings";

export interface WatchedThing {
  kind: "folder" | "trial";
  id: string;
}

const MOST = 50;

/** Where the things of whoever is signed in are kept; null while nobody is. */
function keptAs(): string | null {
  const who = session.value;
  return who ? `watched.${who.kind}.${who.user}` : null;
}

function remembered(name: string | null): WatchedThing[] {
  try {
    const all = JSON.parse((name && kept(name)) ?? "[]") as WatchedThing[];
    return all.filter(({ kind, id }) => (kind === "folder" || kind === "trial") && typeof id === "string").slice(-MOST);
  } catch {
    return [];
  }
}

export const watched = signal<readonly WatchedThing[]>([]);

effect(() => {
  watched.value = remembered(keptAs());
});

addEventListener("storage", (event) => {
  const name = keptAs();
  if (name && event.key === `aimd.${name}`) watched.value = remembered(name); // another tab chose
});

export function isWatched({ kind, id }: WatchedThing): boolean {
  return watched.value.some((one) => one.kind === kind && one.id === id);
}

function choose(all: readonly WatchedThing[]): void {
  const name = keptAs();
  if (!name) return;
  watched.value = all.slice(-MOST);
  keep(name, JSON.stringify(watched.value));
}

/** Begin or end to tell of a thing. The browser is asked only now, as somebody has pressed something. */
export async function toggleWatched(thing: WatchedThing, say: (text: string) => void): Promise<void> {
  const { kind, id } = thing;
  if (isWatched(thing)) {
    choose(watched.value.filter((one) => one.kind !== kind || one.id !== id));
    say(t("notify.off"));
    return;
  }
  choose([...watched.value, { kind, id }]);
  const allowed = "Notification" in window ? await Notification.requestPermission().catch(() => "denied") : "denied";
  say(t(allowed === "granted" ? "notify.on" : "notify.denied"));
}
