/** The notes of folders, which are reports. */

import { addressOf, askJson } from "./client";

export interface FolderNote {
  note: string;
  /** Who changed it last; null if there never was one. */
  editor: string | null;
  updated: string | null;
  etag: string;
}

function pathOf(folder: string): string {
  return `folders/${encodeURIComponent(folder)}/note`;
}

export function getNote(folder: string, signal?: AbortSignal): Promise<FolderNote> {
  return askJson<FolderNote>(pathOf(folder), { signal });
}

/** Replace a note, if it is still the one of that ETag. */
export function putNote(folder: string, note: string, etag: string): Promise<FolderNote> {
  return askJson<FolderNote>(pathOf(folder), { method: "PUT", json: { note }, headers: { "If-Match": etag } });
}

export function reportAddress(folder: string, language: string): string {
  return addressOf(`folders/${encodeURIComponent(folder)}/report`, { lang: language });
}
