/** Trials: lists, one, changes, and their files. */

import { addressOf, ask, askJson } from "./client";
import type { KeptPage, Share, Trial, TrialColumns, TrialDetail, TrialPage } from "./types";

const KEPT_PAGE = 500;

export interface Listing {
  folderId: string;
  below: boolean;
  where: string;
  sort: string;
  columns?: string[] | undefined;
  limit: number;
  cursor?: string | null | undefined;
  count?: boolean;
}

export function listTrials(wanted: Listing, signal?: AbortSignal): Promise<TrialPage> {
  const query = {
    folder_id: wanted.folderId,
    below: wanted.below ? 1 : 0,
    where: wanted.where,
    sort: wanted.sort,
    columns: wanted.columns?.join(","),
    limit: wanted.limit,
    cursor: wanted.cursor ?? undefined,
    count: wanted.count ? 1 : undefined,
  };
  return askJson<TrialPage>("trials", { query, signal });
}

/** Ask for a page until it has something: the server looks at so many trials a request, none of which may fit. */
export async function pageOf(wanted: Listing, signal?: AbortSignal, ask = listTrials): Promise<TrialPage> {
  let page = await ask(wanted, signal);
  const { count } = page;
  while (!page.trials.length && page.next) page = await ask({ ...wanted, count: false, cursor: page.next }, signal);
  return count ? { ...page, count } : page;
}

export function trialColumns(folderId: string, signal?: AbortSignal): Promise<TrialColumns> {
  return askJson<TrialColumns>("trials/columns", { query: { folder_id: folderId }, signal });
}

export function getTrial(id: string, signal?: AbortSignal): Promise<TrialDetail> {
  return askJson<TrialDetail>(`trials/${encodeURIComponent(id)}`, { signal });
}

const BATCH = 500;

/** Many trials in the order asked for, however many; those that are not there are left out. */
export async function getTrials(ids: string[], signal?: AbortSignal): Promise<{ trials: Trial[]; missing: string[] }> {
  const trials: Trial[] = [];
  const missing: string[] = [];
  for (let at = 0; at < ids.length; at += BATCH) {
    const json = { ids: ids.slice(at, at + BATCH) };
    const answer = await askJson<{ trials: Trial[]; missing: string[] }>("trials/batch", {
      method: "POST",
      json,
      signal,
    });
    trials.push(...answer.trials);
    missing.push(...answer.missing);
  }
  return { trials, missing };
}

export interface TrialChange {
  name?: string;
  folder?: { id: string };
  tags?: string[];
  note?: string;
}

export function changeTrial(id: string, change: TrialChange): Promise<Trial> {
  return askJson<Trial>(`trials/${encodeURIComponent(id)}`, { method: "PATCH", json: change });
}

export async function deleteTrial(id: string): Promise<void> {
  await ask(`trials/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export function fileAddress(id: string, file: string): string {
  return addressOf(`trials/${encodeURIComponent(id)}/files/${encodeURIComponent(file)}`);
}

/** The files kept with a trial, those below its `files/`, page by page. */
export function listFiles(id: string, cursor: string | null, signal?: AbortSignal): Promise<KeptPage> {
  const query = { limit: KEPT_PAGE, cursor: cursor ?? undefined };
  return askJson<KeptPage>(`trials/${encodeURIComponent(id)}/files`, { query, signal });
}

export function keptAddress(id: string, path: string): string {
  return addressOf(`trials/${encodeURIComponent(id)}/content`, { path });
}

export interface FilePart {
  bytes: Uint8Array;
  start: number;
  size: number;
}

/** Bytes of a file: from `start` up to but not including `end`. An empty part when nothing is there. */
export async function readFile(
  id: string,
  file: string,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<FilePart> {
  const answer = await ask(`trials/${encodeURIComponent(id)}/files/${encodeURIComponent(file)}`, {
    headers: { Range: `bytes=${start}-${end - 1}` },
    signal,
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const [, from, size] = /bytes (\d+)-\d+\/(\d+)/.exec(answer.headers.get("Content-Range") ?? "") ?? [];
  if (answer.status === 206 && from !== undefined) return { bytes, start: Number(from), size: Number(size) };
  return { bytes: bytes.subarray(start, end), start, size: bytes.length };
}

export async function readText(id: string, file: string, signal?: AbortSignal): Promise<string> {
  const answer = await ask(`trials/${encodeURIComponent(id)}/files/${encodeURIComponent(file)}`, { signal });
  return answer.text();
}

export type Shareable = "folders" | "trials";

export async function listShares(kind: Shareable, id: string): Promise<Share[]> {
  return (await askJson<{ shares: Share[] }>(`${kind}/${encodeURIComponent(id)}/shares`)).shares;
}

export function addShare(kind: Shareable, id: string, wish: Record<string, unknown>): Promise<Share> {
  return askJson<Share>(`${kind}/${encodeURIComponent(id)}/shares`, { method: "POST", json: wish });
}

export async function removeShare(kind: Shareable, id: string, share: number): Promise<void> {
  await ask(`${kind}/${encodeURIComponent(id)}/shares/${share}`, { method: "DELETE" });
}
