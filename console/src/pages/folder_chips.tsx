/** Chips beside the filter: the states and tags that a folder's trials have, and the last day, each with its number. */

import { useRef, useState } from "preact/hooks";
import { listTrials, NO_COLUMNS, trialValues } from "../api/trials";
import type { Count } from "../api/types";
import { hasQuick, LAST_DAY, type Quick, turned, written } from "../model/quick";
import { StateSign } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { t, type Word } from "../words";
import type { ListState } from "./listing";

export interface Chip extends Quick {
  count: Count;
}

/** The server looks at so many trials, the newest, for values. */
const NEWEST = 2000;
/** So many tags are shown at first. */
const TAGS = 5;

/** Ask for chips when the first rows are there, and again when there are more or fewer, or other states among them. */
export function useChips(folderId: string, below: boolean, rows: ListState): Chip[] | null {
  const list = JSON.stringify([folderId, below]);
  // A list that is being asked for, or cannot be, says nothing of what there is.
  const isSettled = !rows.loading && !rows.stale && !rows.error;
  const states = rows.trials.length <= 500 ? rows.trials.map(({ state }) => state).join() : "";
  const settled = useRef({ list: "", key: "" });
  if (isSettled) settled.current = { list, key: JSON.stringify([list, rows.count?.value, states]) };
  const key = settled.current.list === list ? settled.current.key : "";
  const loaded = useLoaded(key, async (signal) => {
    if (!key) return null;
    const counted = (quick: Quick) => countOf({ folderId, below, where: written(quick) }, signal);
    const [{ fields, trials }, day] = await Promise.all([
      trialValues(folderId, below, ["state", "tags"], signal),
      counted(LAST_DAY),
    ]);
    const isPart = trials >= NEWEST;
    const chips = fields.flatMap(({ field, values }) =>
      values.map(({ value, count }, at): Chip & { isAsked: boolean } => ({
        field: field as Quick["field"],
        value,
        count: { value: count, capped: isPart },
        isAsked: isPart && (field === "state" || at < TAGS),
      })),
    );
    // The values are those of the newest trials: of more, the server counts them all.
    const whole = chips.map(async (chip) => (chip.isAsked ? { ...chip, count: await counted(chip) } : chip));
    return [...(await Promise.all(whole)), { ...LAST_DAY, count: day }].filter(({ count }) => count.value > 0);
  });
  const before = useRef<{ list: string; chips: Chip[] | null }>({ list: "", chips: null });
  if (loaded.data) before.current = { list, chips: loaded.data };
  const known = before.current.list === list ? before.current.chips : null;
  return known ?? (loaded.error ? [] : null);
}

async function countOf(list: { folderId: string; below: boolean; where: string }, signal: AbortSignal): Promise<Count> {
  const { count } = await listTrials({ ...list, sort: "", columns: NO_COLUMNS, limit: 1, count: true }, signal);
  return count ?? { value: 0, capped: false };
}

interface ChipsProps {
  /** Null while they are not known: they have their room then. */
  chips: Chip[] | null;
  where: string;
  apply: (query: string) => void;
}

export function QuickChips({ chips, where, apply }: ChipsProps) {
  const [isAll, setAll] = useState(false);
  if (!chips) return <div class="quick-chips" />;
  const of = (field: Quick["field"]) => chips.filter((chip) => chip.field === field);
  const tags = of("tags");
  const shown = tags.filter((chip, at) => isAll || at < TAGS || hasQuick(where, chip));
  const all = [...of("state"), ...of("age"), ...shown];
  if (!all.length) return null;
  return (
    <fieldset class="chips quick-chips" aria-label={t("filter.quick")}>
      {all.map((chip) => (
        <button
          key={`${chip.field} ${chip.value}`}
          type="button"
          class={`chip quick-chip quick-${chip.field}`}
          aria-pressed={hasQuick(where, chip)}
          title={titleOf(chip)}
          onClick={() => apply(turned(where, chip))}
        >
          {chip.field === "state" && <StateSign state={chip.value} />}
          {chip.field === "tags" && <span aria-hidden="true">#</span>}
          <span class="clip">{nameOf(chip)}</span>
          <span class="soft number">
            {chip.count.value.toLocaleString("en-US")}
            {chip.count.capped && "+"}
          </span>
        </button>
      ))}
      {tags.length > TAGS && (
        <button type="button" class="quiet chip" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {t(isAll ? "list.folders.less" : "filter.quick.more", { n: tags.length - TAGS })}
        </button>
      )}
    </fieldset>
  );
}

/** As the list says it. */
function nameOf({ field, value }: Quick): string {
  if (field === "age") return t("filter.day");
  if (field === "state") return t(`state.${value}` as Word);
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}

function titleOf({ field, value }: Quick): string {
  return t("filter.quick.turn", { condition: `${field} ${field === "age" ? "<" : "="} ${value}` });
}
