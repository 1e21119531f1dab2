/** What stands out in a list of trials: the best value of each metric, and the trial that is pointed at elsewhere. */

import { useSignalEffect } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { bestValue, type Of } from "../api/best";
import type { Trial } from "../api/types";
import type { Column } from "../model/columns";
import { bestOf, type Direction, isBetter } from "../model/direction";
import { numberOf } from "../model/format";
import { wayOf } from "../state/directions";
import { pointed } from "../state/pointed";
import { useLoaded } from "./load";

/**
 * The trials with the best value of each column. While only a part of a list is here, the server says what is best of
 * all of it.
 *
 * @param of What the list is of; null while that is not known, and nothing is asked.
 * @param count How many trials there are: another number asks again.
 */
export function useBest(
  trials: Trial[],
  columns: Column[],
  isWhole: boolean,
  of: Of | null,
  count: string,
): ReadonlySet<string>[] {
  const ways = columns.map((column) => (column.kind === "metric" ? wayOf(column.name) : null));
  const told = useTold(columns, ways, isWhole ? null : of, count);
  return useMemo(
    () =>
      columns.map((column, at) => {
        const way = ways[at] ?? null;
        if (column.kind !== "metric" || !way) return new Set<string>();
        const values = trials.map((trial) => numberOf(trial.metrics[column.name]?.[column.aggregate]));
        const best = isWhole ? bestOf(values, way) : placesOf(values, told?.get(column.id) ?? null, way);
        return new Set([...best].map((place) => trials[place]?.id ?? ""));
      }),
    [trials, columns, isWhole, ways.join(), told],
  );
}

/** Where the best value of all is; one that came since, and is better still, takes its place. */
function placesOf(values: (number | null)[], told: number | null, way: Direction): Set<number> {
  if (told === null) return new Set();
  const best = values.reduce<number>(
    (most, value) => (value !== null && isBetter(value, most, way) ? value : most),
    told,
  );
  return new Set(values.flatMap((value, place) => (value === best ? [place] : [])));
}

/** The best value of each column of metrics, as the server says, one after the other; null: nothing is asked. */
function useTold(
  columns: Column[],
  ways: (Direction | null)[],
  of: Of | null,
  count: string,
): ReadonlyMap<string, number> | undefined {
  const wanted = of ? columns.flatMap((column, at) => (ways[at] ? [`${column.id} ${ways[at]}`] : [])) : [];
  const key = JSON.stringify([of, wanted]);
  const loaded = useLoaded(`${key} ${count}`, async (signal) => {
    const best = new Map<string, number>();
    for (const [at, column] of columns.entries()) {
      const way = ways[at];
      if (!of || !way || column.kind !== "metric") continue;
      const value = await bestValue(of, column, way, signal);
      if (value !== null) best.set(column.id, value);
    }
    return best;
  });
  const before = useRef<{ key: string; best: ReadonlyMap<string, number> } | undefined>(undefined);
  if (loaded.data) before.current = { key, best: loaded.data };
  return before.current?.key === key ? before.current.best : undefined;
}

/** Mark the row of the trial that is pointed at in a picture: only the two rows that change are touched. */
export function usePointedRow(box: { current: HTMLElement | null }): void {
  useSignalEffect(() => {
    box.current?.querySelector("tr[data-strong]")?.removeAttribute("data-strong");
    const id = pointed.value;
    if (id !== null) box.current?.querySelector(`tr[data-trial="${CSS.escape(id)}"]`)?.setAttribute("data-strong", "");
  });
}

/** The list among the elements of the page. */
export const TRIALS = "trials";

/** Give the list the focus, for when what had it goes away; its keys work there, and Tab goes to its first row. */
export function focusTrials(): void {
  (document.getElementById(TRIALS) ?? document.getElementById("main"))?.focus({ preventScroll: true });
}

/** Scroll so that a row is in sight, below the sticky head. */
export function bringIntoSight(place: HTMLElement | null, row: number, height: number, head: number): void {
  if (!place) return;
  const top = row * height;
  const end = top + height + head + 6;
  if (top < place.scrollTop) place.scrollTop = top;
  if (end > place.scrollTop + place.clientHeight) place.scrollTop = end - place.clientHeight;
}
