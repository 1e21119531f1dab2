/** The rows of a folder's list: page after page while one scrolls, kept in step with the server. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, isGone } from "../api/client";
import { watch } from "../api/events";
import { getTrials, type Listing, pageOf, withPage } from "../api/trials";
import type { Count, Trial } from "../api/types";
import { oneAtATime } from "../model/turns";
import { throttle } from "../parts/load";
import { changes, refreshFolders } from "../state/folders";
import { language } from "../words";

const FIRST = 100;
const MORE = 500;
/** Events come of the newest trials; what changes in older ones is found by looking again. */
const AGAIN_MS = 15_000;
const BEHIND_MS = 3_000;

export interface Rows {
  key: string;
  trials: Trial[];
  next: string | null;
  count: Count | null;
  /** How many trials have newer points than their values; the list asks again until there are none. */
  behind: number;
  error: unknown;
  loading: boolean;
}

export type Wanted = Pick<Listing, "folderId" | "below" | "where" | "sort"> & { fields: string[] | undefined };

const NOTHING: Rows = { key: "", trials: [], next: null, count: null, behind: 0, error: null, loading: true };

export interface ListState extends Rows {
  /** What is here is of another query. */
  stale: boolean;
  more: () => void;
  reload: () => void;
  drop: (ids: ReadonlySet<string>) => void;
}

export function useListing(wanted: Wanted): ListState {
  const { fields, ...rest } = wanted;
  const key = JSON.stringify(rest);
  const columns = fields?.join(",") ?? "";
  const [rows, setRows] = useState<Rows>(NOTHING);
  const now = useRef(rows);
  now.current = rows;
  const busy = useRef(false);
  const stop = useRef(new AbortController());

  const load = useCallback(async () => {
    stop.current.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    busy.current = false;
    setRows((old) => ({ ...old, loading: true }));
    const limit = Math.min(MORE, Math.max(FIRST, now.current.key === key ? now.current.trials.length : 0));
    try {
      const page = await pageOf({ ...rest, columns: fields, limit, count: true }, signal);
      const { trials, next, count = null, behind = 0 } = page;
      setRows({ key, trials, next, count, behind, error: null, loading: false });
    } catch (error) {
      if (isAbort(error)) return;
      const kept = (old: Rows) => (old.key === key ? old : { ...NOTHING, trials: old.trials });
      setRows((old) => ({ ...(isGone(error) ? NOTHING : kept(old)), error, loading: false }));
    }
  }, [key, columns]);

  const more = useCallback(async () => {
    const { next } = now.current;
    if (!next || busy.current || now.current.key !== key) return;
    busy.current = true;
    const { signal } = stop.current;
    try {
      const page = await pageOf({ ...rest, columns: fields, limit: MORE, cursor: next }, signal);
      // When it does not follow what is here now, the rows are new ones, so that what is in sight is asked for again.
      setRows((old) =>
        old.next === next
          ? { ...old, trials: withPage(old.trials, page.trials), next: page.next }
          : { ...old, trials: [...old.trials] },
      );
    } catch (error) {
      if (!isAbort(error)) setRows((old) => ({ ...old, error }));
    } finally {
      busy.current = false;
    }
  }, [key, columns]);

  useEffect(() => {
    void load();
    return () => stop.current.abort();
  }, [load, language.value]);
  const { behind } = rows;
  useEffect(() => {
    const timer = behind ? setTimeout(() => void load(), BEHIND_MS) : undefined;
    return () => clearTimeout(timer);
  }, [rows.trials, behind, load]);
  useLive(wanted.folderId, wanted.below, now, setRows, load);
  const drop = useCallback((ids: ReadonlySet<string>) => {
    setRows((old) => ({
      ...old,
      trials: old.trials.filter((trial) => !ids.has(trial.id)),
      count: less(old.count, ids.size),
    }));
  }, []);
  return { ...rows, stale: rows.key !== key, more: () => void more(), reload: () => void load(), drop };
}

function less(count: Count | null, gone: number): Count | null {
  return count && !count.capped ? { ...count, value: Math.max(0, count.value - gone) } : count;
}

type SetRows = (change: (old: Rows) => Rows) => void;

/**
 * Show what changes: rows that are here are asked for again, and a changed listing is loaded again, with the folders
 * that are known.
 */
function useLive(
  folderId: string,
  below: boolean,
  now: { current: Rows },
  setRows: SetRows,
  load: () => Promise<void>,
): void {
  const reload = useRef(load);
  reload.current = load;
  const isMissed = useRef(false);
  const again = useRef(
    throttle(() => {
      if (now.current.trials.length > MORE || document.hidden) return;
      isMissed.current = now.current.loading;
      if (!now.current.loading) void reload.current();
    }, 1500),
  ).current;
  const { loading } = now.current;
  useEffect(() => {
    if (!loading && isMissed.current) again(); // what changed while it was loaded may not be in it
  }, [loading]);
  const folders = useRef(throttle(() => document.hidden || refreshFolders(), 3000)).current;
  const made = changes.value;
  useEffect(() => {
    if (made) again(); // what was undone, moved or deleted from a notice or a dialog
  }, [made]);
  useEffect(() => {
    if (!below) return;
    const timer = setInterval(again, AGAIN_MS);
    return () => clearInterval(timer);
  }, [below]);
  useEffect(() => {
    const touched = new Set<string>();
    const stop = new AbortController();
    const look = oneAtATime(stop.signal, async () => {
      const before = now.current.trials.filter(({ id }) => touched.has(id)).slice(0, MORE);
      touched.clear();
      if (!before.length) return;
      const { trials } = await getTrials(
        before.map(({ id }) => id),
        stop.signal,
      );
      const fresh = new Map(trials.map((trial) => [trial.id, trial]));
      const asked = new Set(before);
      // A row that came anew in the meantime may be newer, or older: it is asked for again.
      for (const row of now.current.trials) if (fresh.has(row.id) && !asked.has(row)) touched.add(row.id);
      setRows((old) => ({ ...old, trials: old.trials.map((row) => (asked.has(row) && fresh.get(row.id)) || row) }));
      if (touched.size) refresh();
    });
    const refresh = throttle(look, 1000);
    const end = watch({
      folderId,
      below,
      onTrial: (event) => {
        touched.add(event.id);
        if (now.current.trials.some((trial) => trial.id === event.id)) refresh();
        else again();
      },
      onFolder: () => {
        again();
        folders();
      },
      poll: again,
    });
    return () => {
      stop.abort();
      end();
    };
  }, [folderId, below]);
}
