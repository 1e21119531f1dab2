/** The trials of a sweep: all that match, page after page, with the parameters that vary and the metrics asked for. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { watch } from "../api/events";
import { allTrials, MOST_TRIALS, NO_COLUMNS, trialColumns } from "../api/trials";
import type { Trial, TrialColumns } from "../api/types";
import { fieldOf, metricColumn, parseColumn, varyingFields } from "../model/columns";
import { splitMetric } from "../model/metrics";
import { rankedTargets } from "../model/sweep";
import { oneAtATime } from "../model/turns";
import { throttle } from "../parts/load";

/** Of more trials, the sweep is looked at again less often. */
const MANY = 500;
const MOST_FIELDS = 250;
/** So many metrics come with the first answer, so that another target is there at once. */
const FIRST_METRICS = 12;
const AGAIN_MS = 5_000;
const AGAIN_MANY_MS = 30_000;

export interface Which {
  folderId: string;
  below: boolean;
  where: string;
}

export interface SweepRows {
  trials: Trial[];
  /** Whether there are more than can be drawn. */
  isCut: boolean;
  /** How many parameters are left out, since there are too many. */
  left: number;
  columns: TrialColumns;
}

export interface SweepLoad {
  rows: SweepRows | null;
  /** How many trials are here while it loads. */
  progress: number;
  error: unknown;
  reload: () => void;
}

/** A list of columns may be this long, in characters; the server takes a little more. */
const LONGEST = 9000;

interface Asked {
  fields: string[];
  /** How many parameters are not asked for, since there are too many. */
  left: number;
}

/** The fields that are asked for: what is shown, some metrics, and parameters that may vary. */
function askedFields(columns: TrialColumns, shown: string[]): Asked {
  const own = rankedTargets(columns.metrics.map(({ name }) => name)).slice(0, FIRST_METRICS);
  const wished = [...new Set([...shown, ...own.map((name) => metricColumn(name))])];
  const all = [
    ...wished.flatMap((id) => {
      const column = parseColumn(id);
      // A name that begins with a dot has no type, and none can ask for it.
      return column?.kind === "metric" && splitMetric(column.name).type
        ? [fieldOf({ ...column, aggregate: "last" })]
        : [];
    }),
    ...varyingFields(columns),
  ];
  let length = 0;
  const fields = all.filter((field) => {
    length += field.length + 1;
    return length <= LONGEST;
  });
  const most = fields.slice(0, MOST_FIELDS);
  return { fields: most, left: all.length - most.length };
}

async function loadAll(
  which: Which,
  shown: string[],
  signal: AbortSignal,
  told: (n: number) => void,
): Promise<SweepRows> {
  const columns = await trialColumns(which.folderId, signal);
  const { fields, left } = askedFields(columns, shown);
  const wish = { ...which, sort: "", columns: fields.length ? fields : NO_COLUMNS };
  return { ...(await allTrials(wish, MOST_TRIALS, signal, told)), left, columns };
}

function isSame(old: SweepRows | null, rows: SweepRows): boolean {
  return JSON.stringify(old) === JSON.stringify(rows);
}

/** @param shown The fields that are shown; a metric that has not come yet is asked for. */
export function useSweep(which: Which, shown: string[]): SweepLoad {
  const key = JSON.stringify(which);
  const [state, setState] = useState<{ key: string; rows: SweepRows | null; error: unknown }>({
    key: "",
    rows: null,
    error: null,
  });
  const [progress, setProgress] = useState(0);
  const metrics = shown.filter((id) => id.startsWith("metrics.")).map((id) => id.split("@")[0] as string);
  const latest = useRef(metrics);
  latest.current = metrics;
  const came = useRef<{ key: string; metrics: ReadonlySet<string> }>({ key: "", metrics: new Set() });
  const missing = came.current.key === key ? metrics.filter((id) => !came.current.metrics.has(id)).join() : "";
  const need = useRef("");
  if (missing) need.current = missing;
  const ask = useRef(() => {});
  useEffect(() => {
    const stop = new AbortController();
    ask.current = oneAtATime(stop.signal, async () => {
      const asked = latest.current;
      setProgress(0);
      try {
        const rows = await loadAll(which, asked, stop.signal, setProgress);
        if (stop.signal.aborted) return;
        const names = rows.trials.flatMap((trial) => Object.keys(trial.metrics));
        came.current = { key, metrics: new Set([...asked, ...[...new Set(names)].map((name) => metricColumn(name))]) };
        // What is the same is not drawn again.
        setState((old) => ({ key, rows: isSame(old.rows, rows) ? old.rows : rows, error: null }));
      } catch (error) {
        if (!stop.signal.aborted && !isAbort(error)) setState((old) => ({ ...old, error }));
      }
    });
    ask.current();
    return () => stop.abort();
  }, [key, need.current]);
  const reload = useCallback(() => ask.current(), []);
  const isMany = (state.rows?.trials.length ?? 0) > MANY;
  useEffect(() => {
    const again = throttle(() => document.hidden || reload(), isMany ? AGAIN_MANY_MS : AGAIN_MS);
    return watch({ folderId: which.folderId, below: which.below, onTrial: again, poll: again });
  }, [which.folderId, which.below, isMany, reload]);
  return { rows: state.key === key ? state.rows : null, progress, error: state.error, reload };
}
