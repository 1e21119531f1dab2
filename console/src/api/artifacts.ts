/** Artifacts: those of a folder, one, its objects, and what was made of what. */

import { addressOf, askJson } from "./client";
import type { Artifact, ArtifactPage, Lineage, ObjectPage } from "./types";

const OBJECTS_PAGE = 500;
const FOLDER_PAGE = 100;

export function getArtifact(id: string, signal?: AbortSignal): Promise<Artifact> {
  return askJson<Artifact>(`artifacts/${encodeURIComponent(id)}`, { signal });
}

/** Final artifacts in a folder or repo and below, the last created first. */
export function listArtifacts(folderId: string, cursor: string | null, signal?: AbortSignal): Promise<ArtifactPage> {
  const query = { folder_id: folderId, limit: FOLDER_PAGE, cursor: cursor ?? undefined };
  return askJson<ArtifactPage>("artifacts", { query, signal });
}

export function listObjects(id: string, cursor: string | null, signal?: AbortSignal): Promise<ObjectPage> {
  const query = { limit: OBJECTS_PAGE, cursor: cursor ?? undefined };
  return askJson<ObjectPage>(`artifacts/${encodeURIComponent(id)}/objects`, { query, signal });
}

export function objectAddress(id: string, key: string): string {
  return addressOf(`artifacts/${encodeURIComponent(id)}/content`, { key });
}

/** What an artifact or a trial was made from, and what was made from it. */
export function getLineage(id: string, depth: number, signal?: AbortSignal): Promise<Lineage> {
  return askJson<Lineage>(`artifacts/${encodeURIComponent(id)}/lineage`, { query: { depth }, signal });
}
