/** The trial that others of a folder are measured against. */

import { ask, askJson } from "./client";
import type { FolderRef } from "./types";

export interface Baseline {
  trial: string;
  name: string;
  /** The folder that it was chosen for: the one asked about, or one above. */
  folder: FolderRef;
}

function pathOf(folder: string): string {
  return `folders/${encodeURIComponent(folder)}/baseline`;
}

export async function getBaseline(folder: string, signal?: AbortSignal): Promise<Baseline | null> {
  return (await askJson<{ baseline: Baseline | null }>(pathOf(folder), { signal })).baseline;
}

export async function setBaseline(folder: string, trial: string): Promise<Baseline | null> {
  return (await askJson<{ baseline: Baseline | null }>(pathOf(folder), { method: "PUT", json: { trial } })).baseline;
}

export async function clearBaseline(folder: string): Promise<void> {
  await ask(pathOf(folder), { method: "DELETE" });
}
