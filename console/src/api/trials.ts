/** Trials: lists, one, changes, and their files. */

import { ApiError, addressOf, ask, askJson } from "./client";
import type { KeptPage, Share, Trial, TrialColumns, TrialDetail, TrialPage, TrialValues } from "./types";

const KEPT_PAGE = 500;
const BATCH = 500;

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

/** Rows with a page behind them; a trial that moved on in the order while they came is there once, where it is now. */
export function withPage(trials: readonly Trial[], page: readonly Trial[]): Trial[] {
  const moved = new Set(page.map(({ id }) => id));
  return [...trials.filter(({ id }) => !moved.has(id)), ...page];
}

/** A parameter that nobody has, instead of all: for who only wants to know which trials there are. */
export const NO_COLUMNS = ["params.none"];

/** More trials than this are not looked at at once. */
export const MOST_TRIALS = 5000;

export interface AllTrials {
  trials: Trial[];
  /** Whether there are more than were asked for. */
  isCut: boolean;
}

/**
 * All trials that match, each once, page after page.
 *
 * @param columns Which parameters and metrics they come with; undefined for all.
 * @param told How many have come so far.
 */
export async function allTrials(
  wanted: Pick<Listing, "folderId" | "below" | "where" | "sort" | "columns">,
  most: number,
  signal?: AbortSignal,
  told?: (n: number) => void,
  ask = listTrials,
): Promise<AllTrials> {
  const trials = new Map<string, Trial>();
  let cursor: string | null = null;
  do {
    const page: TrialPage = await ask({ ...wanted, limit: BATCH, cursor }, signal);
    for (const trial of page.trials) trials.set(trial.id, trial);
    cursor = page.next;
    told?.(trials.size);
  } while (cursor && trials.size < most);
  return { trials: [...trials.values()].slice(0, most), isCut: cursor !== null || trials.size > most };
}

/** All trials that match, with their names, however many. */
export async function matchingTrials(
  wanted: Pick<Listing, "folderId" | "below" | "where" | "sort">,
  signal?: AbortSignal,
  ask = listTrials,
): Promise<Trial[]> {
  return (await allTrials({ ...wanted, columns: NO_COLUMNS }, Number.POSITIVE_INFINITY, signal, undefined, ask)).trials;
}

export function trialColumns(folderId: string, signal?: AbortSignal): Promise<TrialColumns> {
  return askJson<TrialColumns>("trials/columns", { query: { folder_id: folderId }, signal });
}

/** The most frequent values of some fields, each as a query writes it. */
export function trialValues(
  folderId: string,
  below: boolean,
  fields: readonly string[],
  signal?: AbortSignal,
): Promise<TrialValues> {
  const query = { folder_id: folderId, below: below ? 1 : 0, fields: fields.join(",") };
  return askJson<TrialValues>("trials/values", { query, signal });
}

export function getTrial(id: string, signal?: AbortSignal): Promise<TrialDetail> {
  return askJson<TrialDetail>(`trials/${encodeURIComponent(id)}`, { signal });
}

/**
 * Many trials in the order asked for, however many; those that are not there are left out.
 *
 * @param detail Whether with what lists leave out: the documents.
 */
export async function getTrials(
  ids: string[],
  signal?: AbortSignal,
  detail = false,
): Promise<{ trials: Trial[]; missing: string[] }> {
  const trials: Trial[] = [];
  const missing: string[] = [];
  for (let at = 0; at < ids.length; at += BATCH) {
    const json = { ids: ids.slice(at, at + BATCH), detail };
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
  add_tags?: string[];
  remove_tags?: string[];
  note?: string;
  /** The note that it replaces: if it is another by now, the server refuses with `note_changed`. */
  note_before?: string;
}

export function changeTrial(id: string, change: TrialChange): Promise<Trial> {
  return askJson<Trial>(`trials/${encodeURIComponent(id)}`, { method: "PATCH", json: change });
}

export type BulkChange = { action: "delete" | "restore" } | { action: "move"; folder: { id: string } };

export interface BulkAnswer {
  done: string[];
  refused: { id: string; error: ApiError }[];
}

/**
 * Change trials, many in a request, and tell after each what became of them. One that fails as a whole, as when the
 * connection breaks, is a refusal of those that it held; those after it are not tried.
 */
export async function changeTrials(
  ids: string[],
  change: BulkChange,
  told: (answer: BulkAnswer) => void,
): Promise<void> {
  let broken: ApiError | null = null;
  for (let at = 0; at < ids.length; at += BATCH) {
    const some = ids.slice(at, at + BATCH);
    try {
      if (broken) throw broken;
      const json = { ids: some, ...change };
      const answer = await askJson<BulkReply>("trials/changes", { method: "POST", json });
      told({
        done: answer.done,
        refused: answer.refused.map(({ id, code, message }) => ({
          id,
          error: new ApiError(statusOf(code), code, message),
        })),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      broken = error;
      told({ done: [], refused: some.map((id) => ({ id, error: broken as ApiError })) });
    }
  }
}

interface BulkReply {
  done: string[];
  refused: { id: string; code: string; message: string }[];
}

function statusOf(code: string): number {
  return code.endsWith("not_found") ? 404 : 409;
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

export interface LinePosition {
  offset: number;
  /** How many newlines precede it. */
  lines: number;
}

/** Where a line of a growing file begins, counted from 1, or at which line a byte is; of a shorter file its end. */
export async function linePosition(
  id: string,
  file: string,
  query: { line: number } | { offset: number },
  signal?: AbortSignal,
): Promise<LinePosition> {
  const path = `trials/${encodeURIComponent(id)}/files/${encodeURIComponent(file)}/lines`;
  let reached = -1;
  for (;;) {
    // The server counts a part of a long file in each request.
    const { more, ...position } = await askJson<LinePosition & { more: boolean }>(path, { query, signal });
    if (!more) return position;
    if (position.offset <= reached) throw new Error("lines are not counted any further");
    reached = position.offset;
  }
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
