/** Saved views of folders, personal and shared. */

import { ask, askJson } from "./client";
import type { SavedView, ViewFields } from "./types";

function pathOf(folder: string, name: string): string {
  return `folders/${encodeURIComponent(folder)}/views/${encodeURIComponent(name)}`;
}

/** The views that hold in a folder, its own and those of the folders above; the first of a name is the one it means. */
export async function listViews(folder: string, signal?: AbortSignal): Promise<SavedView[]> {
  const path = `folders/${encodeURIComponent(folder)}/views`;
  return (await askJson<{ views: SavedView[] }>(path, { query: { above: 1 }, signal })).views;
}

/** Save a view; one that is there is replaced only if it is still as it was seen, or there was none. */
export function saveView(folder: string, name: string, isShared: boolean, view: ViewFields, etag: string | null) {
  const headers: Record<string, string> = etag ? { "If-Match": etag } : {};
  const query = { shared: isShared ? 1 : 0 };
  return askJson<SavedView>(pathOf(folder, name), { method: "PUT", query, json: { view }, headers });
}

export async function removeView(view: SavedView): Promise<void> {
  const query = { shared: view.shared ? 1 : 0 };
  await ask(pathOf(view.folder.id, view.name), { method: "DELETE", query, headers: { "If-Match": view.etag } });
}
