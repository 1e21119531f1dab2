/** How trials ended, from what the API says of them. */

/** States of trials that ended otherwise than they should, in the order in which they are counted. */
export const BAD_ENDS = ["Failed", "Killed", "Lost", "Interrupted"] as const;
export type BadEnd = (typeof BAD_ENDS)[number];

export function isBadEnd(state: string | null): state is BadEnd {
  return (BAD_ENDS as readonly (string | null)[]).includes(state);
}

/** Why a trial is in its state, in the reader's words; `reason` is what queries compare. */
export function reasonOf(trial: { reason: string | null; reason_words?: string }): string | null {
  return trial.reason_words ?? trial.reason;
}

/** The last step of a trial's own metrics; system metrics have other steps. */
export function lastStep(metrics: Record<string, { last_step: number | null }>): number | null {
  const steps = Object.entries(metrics)
    .filter(([name]) => !name.startsWith("system."))
    .map(([, summary]) => summary.last_step)
    .filter((step): step is number => step !== null);
  return steps.length ? steps.reduce((most, step) => Math.max(most, step)) : null;
}

/** When it ended: as its process saw it, as it was recorded, or when it last wrote. */
export function endedAt(trial: {
  ending: Record<string, unknown> | null;
  ended: string | null;
  last_write: string | null;
}): string | null {
  const { at } = trial.ending ?? {};
  return (typeof at === "string" && at) || trial.ended || trial.last_write;
}

/** The step since which the first of a trial's metrics is not finite; null while all are. */
export function divergedSince(since: Record<string, number> | undefined): number | null {
  const steps = Object.values(since ?? {});
  return steps.length ? Math.min(...steps) : null;
}
