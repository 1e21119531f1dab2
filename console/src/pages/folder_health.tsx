/** What went wrong among the trials of a list: how many failed, were killed or diverged; each leads to those. */

import { useRef } from "preact/hooks";
import { listTrials, NO_COLUMNS } from "../api/trials";
import type { Count } from "../api/types";
import { BAD_ENDS, type BadEnd } from "../model/endings";
import { withCondition } from "../model/query";
import type { Quick } from "../model/quick";
import { useLoaded } from "../parts/load";
import { focusTrials } from "../parts/trial_marks";
import { setQuery } from "../state/route";
import { t } from "../words";
import type { ListState, Wanted } from "./listing";

const DIVERGED = "nan_since is not missing";
const MOST_IDS = 500;

export interface Health {
  states: Map<BadEnd, Count>;
  diverged: Count | null;
  /** Trials of which the server says that a metric is not finite, also one that the list does not show. */
  ids: ReadonlySet<string>;
}

const NONE: Health = { states: new Map(), diverged: null, ids: new Set() };

/** Asked anew when the list is; the states are counted here, where all rows are. */
export function useHealth(list: Omit<Wanted, "fields" | "sort">, rows: ListState): Health {
  const isWhole = !rows.next && !rows.stale;
  const own = isWhole ? rows.trials.map((trial) => trial.state).join() : `${rows.count?.value}`;
  // A filter that the server may refuse is asked for once, by the list.
  const isReady = !rows.stale;
  const loaded = useLoaded(JSON.stringify([list, isReady, own]), async (signal): Promise<Health> => {
    if (!isReady || !rows.trials.length || rows.error) return NONE;
    const ask = (condition: string, limit: number) =>
      listTrials(
        { ...list, where: withCondition(list.where, condition), sort: "", columns: NO_COLUMNS, limit, count: true },
        signal,
      );
    const states = Promise.all(
      BAD_ENDS.map(async (state): Promise<[BadEnd, Count]> => {
        if (!isWhole) return [state, (await ask(`state = ${state}`, 1)).count ?? { value: 0, capped: false }];
        return [state, { value: rows.trials.filter((trial) => trial.state === state).length, capped: false }];
      }),
    );
    const [counts, { count = null, trials }] = await Promise.all([states, ask(DIVERGED, MOST_IDS)]);
    return { states: new Map(counts), diverged: count, ids: new Set(trials.map(({ id }) => id)) };
  });
  const before = useRef<{ key: string; health: Health }>({ key: "", health: NONE });
  const key = JSON.stringify(list);
  if (loaded.data) before.current = { key, health: loaded.data };
  return before.current.key === key ? before.current.health : NONE;
}

interface LineProps {
  health: Health;
  where: string;
  /** What the chips say: the same number is not said again. */
  chips: readonly (Quick & { count: Count })[];
}

export function HealthLine({ health, where, chips }: LineProps) {
  const isSaid = (state: BadEnd, count: Count | undefined) =>
    chips.some((chip) => chip.field === "state" && chip.value === state && chip.count.value === count?.value);
  const shown = [
    ...BAD_ENDS.filter((state) => !isSaid(state, health.states.get(state))).map((state) => ({
      key: state as string,
      count: health.states.get(state),
      word: `health.${state}` as const,
      condition: `state = ${state}`,
    })),
    { key: "NaN", count: health.diverged, word: "health.NaN" as const, condition: DIVERGED },
  ];
  return (
    <>
      {shown.map(
        ({ key, count, word, condition }) =>
          count &&
          count.value > 0 && (
            <button
              key={key}
              type="button"
              class={`quiet health health-${key}`}
              onClick={() => {
                setQuery({ where: withCondition(where, condition) }, true);
                focusTrials(); // this button goes while the other trials are asked for
              }}
            >
              {t(word, { n: `${count.value.toLocaleString("en-US")}${count.capped ? "+" : ""}` })}
            </button>
          ),
      )}
    </>
  );
}
