/** The folders that the navigation knows, so that a change shows everywhere at once. */

import { signal } from "@preact/signals";
import { listFolders } from "../api/folders";
import type { Folder } from "../api/types";

export const ROOT = "root";
/** What lies right below a folder, by its id. */
export const children = signal<ReadonlyMap<string, Folder[]>>(new Map());
export const expanded = signal<ReadonlySet<string>>(new Set([ROOT]));
/** Counts the changes made here; lists of folders load again when it grows. */
export const changes = signal(0);
const loading = new Map<string, Promise<Folder[]>>();

export function loadChildren(id: string, again = false): Promise<Folder[]> {
  const known = children.value.get(id);
  if (known && !again) return Promise.resolve(known);
  const running = loading.get(id);
  if (running) return running;
  const work = listFolders(id)
    .then((folders) => {
      const byName = folders.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
      children.value = new Map(children.value).set(id, byName);
      return byName;
    })
    .finally(() => loading.delete(id));
  loading.set(id, work);
  return work;
}

export function toggle(id: string, open: boolean): void {
  const next = new Set(expanded.value);
  if (open) next.add(id);
  else next.delete(id);
  expanded.value = next;
}

/** The folder that the page shows, or that what it shows is in. */
export const here = signal<{ id: string; path: string } | null>(null);

/** The folders from the top down to one, by their names; only as far as the navigation has them. */
export async function reveal(path: string): Promise<void> {
  let id = ROOT;
  for (const name of path.split("/").filter(Boolean).slice(0, -1)) {
    const next: Folder | undefined = (await loadChildren(id)).find((folder) => folder.name === name && !folder.target);
    if (!next) return;
    toggle(next.id, true);
    id = next.id;
  }
}

/** Say where the page is: the navigation opens there, once, so that one can close it again. */
export function goneTo(folder: { id: string; path: string }): void {
  if (here.value?.id === folder.id && here.value.path === folder.path) return;
  here.value = { id: folder.id, path: folder.path };
  void reveal(folder.path).catch(() => {}); // the tree says by itself what it cannot load
}

/** Load again what is shown: folders were made, moved, renamed or deleted. */
export function refreshFolders(): void {
  changes.value++;
  for (const id of children.value.keys()) {
    void loadChildren(id, true).catch(() => {
      const next = new Map(children.value);
      next.delete(id);
      children.value = next;
    });
  }
}
