/** What trials recorded besides numbers: which keys, at which steps, and the records. */

import { addressOf, askJson } from "./client";
import type { MediaKeys, MediaPage, MediaSteps } from "./types";

const RECORDS_PAGE = 1000;

function pathOf(trial: string, what = ""): string {
  return `trials/${encodeURIComponent(trial)}/media${what}`;
}

export function mediaKeys(trial: string, signal?: AbortSignal): Promise<MediaKeys> {
  return askJson<MediaKeys>(pathOf(trial, "/keys"), { signal });
}

/** All steps at which a key has records, in order. */
export async function mediaSteps(trial: string, key: string, signal?: AbortSignal): Promise<number[]> {
  const steps: number[] = [];
  let cursor: string | undefined;
  do {
    const page: MediaSteps = await askJson(pathOf(trial, "/steps"), { query: { key, cursor }, signal });
    steps.push(...page.steps);
    cursor = page.next ?? undefined;
  } while (cursor);
  return steps;
}

/** A page of the records of a key from a step on, up to another one. */
export function mediaRecords(
  trial: string,
  key: string,
  from: number,
  to: number,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<MediaPage> {
  const query = { key, from, to, limit: RECORDS_PAGE, cursor: cursor ?? undefined };
  return askJson<MediaPage>(pathOf(trial), { query, signal });
}

export function mediaAddress(trial: string, digest: string): string {
  return addressOf(pathOf(trial, "/content"), { digest });
}

/** The address of a page of HTML for a frame, in an origin of its own. */
export function pageAddress(trial: string, digest: string): string {
  return addressOf(pathOf(trial, "/page"), { digest });
}
