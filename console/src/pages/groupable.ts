/** The trials that groups are made of: all that match, because a mean over those that a list has loaded is another. */

import { useRef } from "preact/hooks";
import { allTrials, type Listing, MOST_TRIALS, trialColumns } from "../api/trials";
import type { Trial } from "../api/types";
import { varyingFields } from "../model/columns";
import { quotedField } from "../model/metrics";
import { splitNames } from "../model/route";
import { useLoaded } from "../parts/load";

/** Longer lists of fields are not asked for: all parameters come instead. */
const LONGEST = 9000;
const MOST_FIELDS = 500;

export type Grouped = Pick<Listing, "folderId" | "below" | "where" | "sort">;

export interface Groupable {
  /** Null while they are loaded. */
  trials: Trial[] | null;
  /** Whether there are more than were loaded. */
  isCut: boolean;
  error: unknown;
  reload: () => void;
}

async function fieldsOf(by: string, folderId: string, signal: AbortSignal): Promise<string[] | undefined> {
  const fields =
    by === "seeds"
      ? varyingFields(await trialColumns(folderId, signal))
      : splitNames(by).map((name) => quotedField("params.", name));
  return fields.length && fields.length <= MOST_FIELDS && fields.join().length <= LONGEST ? fields : undefined;
}

/**
 * Load the trials of a grouping with the parameters that it goes by.
 *
 * @param by How they are grouped; null for not at all, which asks for nothing.
 * @param count How many match: with another number they are loaded again.
 */
export function useGroupable(by: string | null, listing: Grouped, count: number | undefined): Groupable {
  const which = by === null ? "" : JSON.stringify([by, listing]);
  const { data, error, reload } = useLoaded(which && `${which} ${count}`, async (signal) => {
    if (by === null) return { trials: [], isCut: false };
    const columns = await fieldsOf(by, listing.folderId, signal);
    return allTrials({ ...listing, columns }, MOST_TRIALS, signal);
  });
  // One trial more leaves what is there until all have come.
  const latest = useRef<{ which: string; trials: Trial[]; isCut: boolean } | null>(null);
  if (data) latest.current = { which, ...data };
  const here = latest.current?.which === which ? latest.current : null;
  return { trials: here?.trials ?? null, isCut: here?.isCut ?? false, error, reload };
}
