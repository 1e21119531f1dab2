/** The trials of a folder as a sweep: what their parameters do to one metric. */

import { useEffect } from "preact/hooks";
import { MOST_TRIALS } from "../api/trials";
import { filterOf } from "../model/brushes";
import { parseColumn } from "../model/columns";
import { isBadEnd } from "../model/endings";
import { withCondition } from "../model/query";
import { Empty, Failure, Skeleton } from "../parts/basics";
import { chooseWay } from "../state/directions";
import { pointed } from "../state/pointed";
import { setQuery } from "../state/route";
import { t } from "../words";
import { Best } from "./best";
import { type SweepData, useSweepData } from "./data";
import { FieldChoice, leftOut } from "./fields";
import { GroupBars } from "./groups";
import { Importance } from "./importance";
import { type SweepRows, useSweep, type Which } from "./load";
import { Parallel } from "./parallel";
import { Scatter } from "./scatter";
import { type SweepView, setBrushes, sweepView } from "./view";

interface SweepProps extends Which {
  select: (ids: ReadonlySet<string>) => void;
}

export function Sweep({ select, ...which }: SweepProps) {
  const view = sweepView();
  const shown = [
    view.target,
    view.across,
    view.up,
    view.tint,
    view.shade,
    ...(view.axes ?? []),
    ...view.brushes.map((one) => one.field),
  ];
  const load = useSweep(
    which,
    shown.filter((id) => id !== null),
  );
  if (load.error && !load.rows) return <Failure error={load.error} retry={load.reload} />;
  if (!load.rows) {
    return (
      <>
        {load.progress > 0 && <p class="soft">{t("sweep.loading", { n: load.progress })}</p>}
        <Skeleton lines={10} />
      </>
    );
  }
  if (!load.rows.trials.length) return <Empty title={t("list.nothing")} next={t("list.nothing.next")} />;
  return <SweepPage rows={load.rows} view={view} where={which.where} select={select} />;
}

interface PageProps {
  rows: SweepRows;
  view: SweepView;
  where: string;
  select: (ids: ReadonlySet<string>) => void;
}

function SweepPage({ rows, view, where, select }: PageProps) {
  const data = useSweepData(rows, view);
  usePointedInList();
  const isMany = data.trials.length > 1;
  return (
    <div class="sweep">
      <Target data={data} rows={rows} />
      {view.brushes.length > 0 && <Brushed data={data} view={view} where={where} select={select} />}
      {!isMany && <p class="soft">{t("sweep.one")}</p>}
      {data.fields.parameters.length === 0 && data.trials.length > 1 && (
        <p class="soft">{t("sweep.importance.same")}</p>
      )}
      {isMany && <Parallel data={data} view={view} />}
      <div class="sweep-grid">
        <Best data={data} />
        {isMany && <Importance data={data} />}
        <Scatter data={data} view={view} />
        {isMany && <GroupBars data={data} view={view} />}
      </div>
    </div>
  );
}

/** A row of the list beside the pictures that is pointed at stands out in them. */
function usePointedInList(): void {
  useEffect(() => {
    const list = document.querySelector<HTMLElement>(".workspace-list");
    const follow = (event: Event) => {
      pointed.value = (event.target as Element).closest<HTMLElement>("tr[data-trial]")?.dataset.trial ?? null;
    };
    const leave = () => {
      pointed.value = null;
    };
    list?.addEventListener("pointerover", follow);
    list?.addEventListener("pointerleave", leave);
    return () => {
      list?.removeEventListener("pointerover", follow);
      list?.removeEventListener("pointerleave", leave);
      leave();
    };
  }, []);
}

/** The metric that it is all about, which way is better, and what is left out. */
function Target({ data, rows: { isCut, left } }: { data: SweepData; rows: SweepRows }) {
  const { target, trials } = data;
  if (!target) return <p class="soft">{t("sweep.nothing")}</p>;
  const { column, way } = target;
  const early = trials.filter((trial) => isBadEnd(trial.state)).length;
  const running = trials.filter((trial) => trial.state === "Running").length;
  const told = [
    t(trials.length === 1 ? "list.trials.one" : "list.trials.other", { n: trials.length.toLocaleString("en-US") }),
    isCut ? t("sweep.cut", { n: MOST_TRIALS.toLocaleString("en-US") }) : "",
    ...leftOut(target.data),
    early ? t("sweep.early", { n: early }) : "",
    running ? t("sweep.running", { n: running }) : "",
    left ? t("sweep.left", { n: left }) : "",
  ];
  const word = way === "max" ? "sweep.way.max" : way === "min" ? "sweep.way.min" : "sweep.way.none";
  return (
    <div class="bar sweep-target">
      <FieldChoice
        label={t("sweep.target")}
        value={target.data.id}
        fields={{ parameters: [], metrics: data.fields.metrics }}
        choose={(id) => parseColumn(id) && setQuery({ target: id })}
      />
      <button
        type="button"
        title={t("sweep.way.turn")}
        onClick={() => chooseWay(column.name, way === "max" ? "min" : "max")}
      >
        {t(word)}
      </button>
      <span class="soft" aria-live="polite">
        {told.filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

/** What is within the ranges, and what can be done with it. */
function Brushed({ data, view, where, select }: Omit<PageProps, "rows"> & { data: SweepData }) {
  const filter = filterOf(view.brushes);
  const ids = data.trials.filter((_, at) => data.within[at]).map(({ id }) => id);
  return (
    <div class="bar thin sweep-brushed">
      <span aria-live="polite">{t("sweep.within", { n: data.inside, all: data.trials.length })}</span>
      <button type="button" onClick={() => select(new Set(ids))} disabled={!ids.length}>
        {t("sweep.within.select", { n: ids.length })}
      </button>
      <button type="button" onClick={() => setQuery({ where: withCondition(where, filter), brush: null }, true)}>
        {t("sweep.within.filter")}
      </button>
      <button type="button" class="quiet" onClick={() => setBrushes([])}>
        {t("sweep.within.clear")}
      </button>
    </div>
  );
}
