/** Folders, what others share, and the trash. */

import { addressOf, ask, askJson } from "./client";
import type { Folder, FolderPage, SharedItem, TrashItem, TrashPage } from "./types";

const PAGE = 500;

export function getFolder(id: string, signal?: AbortSignal): Promise<Folder> {
  return askJson<Folder>(`folders/${encodeURIComponent(id)}`, { signal });
}

/** The folders right below one. */
export async function listFolders(under: string, signal?: AbortSignal): Promise<Folder[]> {
  const folders: Folder[] = [];
  let cursor: string | undefined;
  do {
    const page = await askJson<FolderPage>("folders", { query: { under, depth: 1, limit: PAGE, cursor }, signal });
    folders.push(...page.folders);
    cursor = page.next ?? undefined;
  } while (cursor && folders.length < 20 * PAGE);
  return folders;
}

export function makeFolder(parent: string, name: string): Promise<Folder> {
  return askJson<Folder>("folders", { method: "POST", json: { parent, name } });
}

export function changeFolder(id: string, change: { name?: string; parent?: string }): Promise<Folder> {
  return askJson<Folder>(`folders/${encodeURIComponent(id)}`, { method: "PATCH", json: change });
}

export async function deleteFolder(id: string): Promise<void> {
  await ask(`folders/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export function exportAddress(id: string): string {
  return addressOf(`folders/${encodeURIComponent(id)}/export`);
}

export async function listShared(signal?: AbortSignal): Promise<SharedItem[]> {
  return (await askJson<{ items: SharedItem[] }>("shared", { signal })).items;
}

export function makeShortcut(parent: string, target: string): Promise<Folder> {
  return askJson<Folder>(`folders/${encodeURIComponent(parent)}/shortcuts`, { method: "POST", json: { target } });
}

export async function removeShortcut(id: string): Promise<void> {
  await ask(`shortcuts/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export function listTrash(cursor: string | null, signal?: AbortSignal): Promise<TrashPage> {
  return askJson<TrashPage>("trash", { query: { limit: 100, cursor: cursor ?? undefined }, signal });
}

export async function restore(kind: TrashItem["kind"], id: string, name?: string): Promise<void> {
  await ask(`${kind}s/${encodeURIComponent(id)}/restore`, { method: "POST", json: name === undefined ? {} : { name } });
}
