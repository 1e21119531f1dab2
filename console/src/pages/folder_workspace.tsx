/** One workspace a folder: its list, the charts of the rows that are chosen, or both beside each other. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { MOST_TRIALS } from "../api/trials";
import type { Trial } from "../api/types";
import { firstGroups } from "../model/groups";
import { formatRoute, joinNames, splitNames } from "../model/route";
import { chartsOf } from "../model/views";
import { Failure, Skeleton } from "../parts/basics";
import { later } from "../parts/later";
import { isTyping } from "../parts/shortcuts";
import { route, setQuery } from "../state/route";
import { t, type Word } from "../words";
import { type Grouped, useGroupable } from "./groupable";

// A list without charts does not load what draws them.
const Comparison = later(() => import("./compare").then((part) => part.Comparison));
const Divider = later(() => import("../parts/divider").then((part) => part.Divider), true);
const Sweep = later(() => import("../sweep/sweep").then((part) => part.Sweep));

const LAYOUTS = ["list", "both", "charts", "sweep"] as const;
type Layout = (typeof LAYOUTS)[number];
/** So many rows have charts when none is selected. */
const FIRST = 10;
/** Of more that are selected, so many have charts here. */
const MOST = 100;
/** Of groups so many, as a comparison has: a mean of fewer would be another. */
const MOST_GROUPED = 500;

/** Here is room for charts beside the list, which would leave half of the page empty. */
const wide = matchMedia("(min-width: 2400px)");

function usualLayout(): Layout {
  return wide.matches ? "both" : "list";
}

function layoutNow(): Layout {
  const chosen = route.value.query.get("show") as Layout;
  return LAYOUTS.includes(chosen) ? chosen : usualLayout();
}

function chooseLayout(layout: Layout): void {
  setQuery({ show: layout === usualLayout() ? null : layout });
}

export function LayoutChoice() {
  const layout = layoutNow();
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "v" || isTyping(event)) return;
      chooseLayout(LAYOUTS[(LAYOUTS.indexOf(layoutNow()) + 1) % LAYOUTS.length] as Layout);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  return (
    <div class="segments" role="radiogroup" aria-label={t("workspace.label")}>
      {LAYOUTS.map((one) => (
        <label key={one}>
          <input type="radio" name="layout" checked={one === layout} onChange={() => chooseLayout(one)} />
          <span>{t(`workspace.${one}` as Word)}</span>
        </label>
      ))}
    </div>
  );
}

interface First {
  ids: string[];
  /** How many there are to be shown, with those that are too many. */
  all: number;
}

function saying({ ids, all }: First, selected: number): string {
  const n = ids.length;
  if (selected) return n < all ? t("workspace.some", { n, all }) : t("workspace.selected", { n });
  return n < all ? t("workspace.part", { n, all }) : t("workspace.first", { n });
}

/** Which trials are shown while none is selected: the first rows, or of a grouping the first groups, whole. */
function firstOf(trials: Trial[], by: string | null): First {
  if (by === null) {
    const ids = trials.slice(0, FIRST).map(({ id }) => id);
    return { ids, all: ids.length };
  }
  const parameters = trials.map((trial) => trial.parameters);
  const most = { groups: FIRST, trials: MOST_GROUPED };
  const { shown, all } = firstGroups(parameters, by === "seeds" ? null : splitNames(by), most);
  return { ids: shown.map((at) => (trials[at] as Trial).id), all };
}

/** What the charts are of: the rows that are selected, else the first ones. Null while those of a grouping are loaded. */
function useShown({ trials, selected, listing, count }: WorkspaceProps, isCharts: boolean) {
  const by = route.value.query.get("group");
  const grouped = useGroupable(isCharts && !selected.size ? by : null, listing, count);
  const rows = by === null ? trials : grouped.trials;
  const first = useMemo(() => rows && firstOf(rows, by), [rows, by]);
  // What is shown by its text: new rows of the same trials change nothing.
  const key = first?.ids.join() ?? "";
  const shown = useMemo((): First | null => {
    if (!selected.size) return first;
    return { ids: [...selected].slice(0, by === null ? MOST : MOST_GROUPED), all: selected.size };
  }, [selected, key, first?.all, by]);
  return { ...grouped, shown };
}

interface WorkspaceProps {
  trials: Trial[];
  selected: ReadonlySet<string>;
  select: (ids: ReadonlySet<string>) => void;
  /** Which trials the list is of, with those that have not come yet. */
  listing: Grouped;
  /** How many those are, once that is known. */
  count: number | undefined;
  /** The list. */
  children: ComponentChildren;
}

export function Workspace(props: WorkspaceProps) {
  const { selected, select, listing, children } = props;
  const layout = layoutNow();
  const { shown, isCut, error, reload } = useShown(props, layout === "both" || layout === "charts");
  if (layout === "list") return <>{children}</>;
  if (layout === "sweep") {
    const { sort: _, ...which } = listing;
    return (
      <div class="workspace workspace-sweep">
        <div class="workspace-list">{children}</div>
        <section class="workspace-charts" aria-label={t("workspace.sweep")}>
          <Sweep {...which} select={select} />
        </section>
      </div>
    );
  }
  const chosen = selected.size ? [...selected] : (shown?.ids ?? []);
  const remove = (gone: ReadonlySet<string>) => select(new Set(chosen.filter((id) => !gone.has(id))));
  const alone = { ...chartsOf(route.value.query), trials: joinNames(shown?.ids ?? []) };
  return (
    <div class={`workspace workspace-${layout}`}>
      {layout === "both" && <div class="workspace-list">{children}</div>}
      {layout === "both" && <Divider />}
      <section class="workspace-charts" aria-label={t("workspace.charts")}>
        {shown ? (
          <>
            <p class="soft">
              {saying(shown, selected.size)}
              {isCut && !selected.size && ` ${t("workspace.newest", { n: MOST_TRIALS.toLocaleString("en-US") })}`}{" "}
              <a href={formatRoute("compare", "", alone)}>{t("workspace.open")}</a>
            </p>
            <Comparison ids={shown.ids} remove={remove} isPart />
          </>
        ) : error ? (
          <Failure error={error} retry={reload} />
        ) : (
          <Skeleton lines={10} />
        )}
      </section>
    </div>
  );
}
