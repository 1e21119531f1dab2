/** What of a change of a trial is worth to tell somebody who asked for it. */

import { seconds } from "./format";

export type Tiding = "succeeded" | "failed" | "killed" | "interrupted" | "lost" | "nan";

const ENDS: Record<string, Tiding> = {
  Succeeded: "succeeded",
  Failed: "failed",
  Killed: "killed",
  Interrupted: "interrupted",
  Lost: "lost",
};

interface Told {
  state: string | null;
  nan_since: Record<string, number>;
  ended: string | null;
}

/**
 * What happened to a trial, null for nothing new.
 *
 * @param before As it was when it was looked at last; a trial that was never looked at is told of if it ended since.
 * @param since When the watching began, in seconds.
 */
export function told(before: Told | undefined, now: Told, since: number): Tiding | null {
  const end = ENDS[now.state ?? ""];
  if (end) {
    const isNew = before ? before.state !== now.state : (seconds(now.ended) ?? 0) >= since;
    return isNew ? end : null;
  }
  const isNan = Object.keys(now.nan_since).length > 0;
  return before && isNan && Object.keys(before.nan_since).length === 0 ? "nan" : null;
}
