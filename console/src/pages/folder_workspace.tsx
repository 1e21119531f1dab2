/** One workspace a folder: its list, the charts of the rows that are chosen, or both beside each other. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Trial } from "../api/types";
import { firstGroups } from "../model/groups";
import { joinNames, splitNames } from "../model/route";
import { later } from "../parts/later";
import { isTyping } from "../parts/shortcuts";
import { route, setQuery } from "../state/route";
import { t, type Word } from "../words";

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

function saying(shown: number, selected: number): string {
  if (!selected) return t("workspace.first", { n: shown });
  return shown < selected ? t("workspace.some", { n: shown, all: selected }) : t("workspace.selected", { n: selected });
}

/** Which trials are shown while none is selected: the first rows, or of a grouping the first groups, whole. */
function firstOf(trials: Trial[], by: string | null): string[] {
  if (by === null) return trials.slice(0, FIRST).map(({ id }) => id);
  const parameters = trials.map((trial) => trial.parameters);
  const most = { groups: FIRST, trials: MOST };
  return firstGroups(parameters, by === "seeds" ? null : splitNames(by), most).map((at) => (trials[at] as Trial).id);
}

interface WorkspaceProps {
  trials: Trial[];
  selected: ReadonlySet<string>;
  select: (ids: ReadonlySet<string>) => void;
  /** Which trials the list is of, with those that have not come yet. */
  listing: { folderId: string; below: boolean; where: string };
  /** The list. */
  children: ComponentChildren;
}

export function Workspace({ trials, selected, select, listing, children }: WorkspaceProps) {
  const layout = layoutNow();
  const by = route.value.query.get("group");
  const first = useMemo(() => firstOf(trials, by).join(), [trials, by]);
  const ids = useMemo(
    () => (selected.size ? [...selected].slice(0, MOST) : first.split(",").filter(Boolean)),
    [selected, first],
  );
  if (layout === "list") return <>{children}</>;
  if (layout === "sweep") {
    return (
      <div class="workspace workspace-sweep">
        <div class="workspace-list">{children}</div>
        <section class="workspace-charts" aria-label={t("workspace.sweep")}>
          <Sweep {...listing} select={select} />
        </section>
      </div>
    );
  }
  const chosen = selected.size ? [...selected] : ids;
  const remove = (gone: ReadonlySet<string>) => select(new Set(chosen.filter((id) => !gone.has(id))));
  return (
    <div class={`workspace workspace-${layout}`}>
      {layout === "both" && <div class="workspace-list">{children}</div>}
      {layout === "both" && <Divider />}
      <section class="workspace-charts" aria-label={t("workspace.charts")}>
        <p class="soft">
          {saying(ids.length, selected.size)} <a href={`#/compare?trials=${joinNames(ids)}`}>{t("workspace.open")}</a>
        </p>
        <Comparison ids={ids} remove={remove} isPart />
      </section>
    </div>
  );
}
