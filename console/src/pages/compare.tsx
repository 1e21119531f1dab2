/** Any number of trials beside each other: metrics overlaid, parameters that differ, groups over seeds. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { watch } from "../api/events";
import { getTrials } from "../api/trials";
import type { Trial } from "../api/types";
import { ChartControls, ChartGrid, useChartView } from "../charts/controls";
import { strokeOf } from "../charts/palette";
import { differences } from "../model/flat";
import { seconds } from "../model/format";
import { type Group, groupTrials } from "../model/groups";
import { joinNames, splitNames } from "../model/route";
import { Empty, Failure, Skeleton } from "../parts/basics";
import { throttle, useLoaded } from "../parts/load";
import { Head } from "../parts/shell";
import { route, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { t } from "../words";
import { type ComparedLine, CompareLegend } from "./compare_legend";
import { DifferenceTable } from "./compare_table";

export function ComparePage() {
  const ids = splitNames(route.value.query.get("trials"));
  const key = ids.join(",");
  const loaded = useLoaded(key, (signal) =>
    ids.length ? getTrials(ids, signal) : Promise.resolve({ trials: [], missing: [] }),
  );
  const [version, setVersion] = useState(0);
  const { reload } = loaded;
  const running = loaded.data?.trials.some((trial) => trial.state === "Running") ?? false;
  // The ids by their text.
  useEffect(() => {
    if (!ids.length) return;
    const again = throttle(() => {
      reload();
      setVersion((old) => old + 1);
    }, 1000);
    return watch({ trials: ids, onTrial: again, poll: () => running && again() });
  }, [key, reload, running]);
  useEffect(() => {
    document.title = `${titleOf(ids.length)} · ${t("app.name")}`;
  });
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={reload} />;
  if (!loaded.data) return <Skeleton lines={10} />;
  const { trials, missing } = loaded.data;
  if (!trials.length) {
    return (
      <Empty title={t("compare.none")} next={t("compare.none.next")}>
        <a href="#/">{t("error.home")}</a>
      </Empty>
    );
  }
  return <CompareView trials={trials} missing={missing.length} version={version} />;
}

function titleOf(n: number): string {
  return t(n === 1 ? "compare.title.one" : "compare.title", { n });
}

/** Trials of one name are told apart by the beginning of their id. */
function labelsOf(trials: Trial[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of trials) counts.set(name, (counts.get(name) ?? 0) + 1);
  return trials.map((trial) =>
    (counts.get(trial.name) ?? 0) > 1 ? `${trial.name} ${trial.id.slice(0, 6)}` : trial.name,
  );
}

function linesOf(trials: Trial[], groups: Group[] | null): ComparedLine[] {
  const labels = labelsOf(trials);
  if (!groups)
    return trials.map((trial, index) => ({ key: trial.id, label: labels[index] as string, trials: [trial], index }));
  return groups.map((group, index) => {
    const members = group.members.map((at) => trials[at] as Trial);
    const label =
      group.label || (members.length === 1 ? (labels[group.members[0] as number] as string) : t("common.all"));
    return { key: group.members.map((at) => trials[at]?.id.slice(0, 8)).join("+"), label, trials: members, index };
  });
}

function CompareView({ trials, missing, version }: { trials: Trial[]; missing: number; version: number }) {
  const { query } = route.value;
  const by = query.get("group");
  const tab = query.get("tab") === "parameters" ? "parameters" : "metrics";
  const rows = useMemo(() => differences(trials.map((trial) => trial.parameters)), [trials]);
  const groups = useMemo(
    () =>
      by === null
        ? null
        : groupTrials(
            trials.map((trial) => trial.parameters),
            by === "seeds" ? null : splitNames(by),
          ),
    [trials, by],
  );
  const lines = useMemo(() => linesOf(trials, groups), [trials, groups]);
  const hidden = new Set(splitNames(query.get("hidden")));
  const hide = (keys: string[]) => setQuery({ hidden: joinNames(keys) });
  return (
    <div class="page compare">
      <Head
        title={titleOf(trials.length)}
        below={missing > 0 && <p class="soft">{t("compare.missing", { n: missing })}</p>}
      />
      <div class="tabs" role="tablist" aria-label={t("trial.tabs")}>
        {(["metrics", "parameters"] as const).map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            aria-selected={tab === one}
            onClick={() => setQuery({ tab: one === "metrics" ? null : one })}
          >
            {t(`trial.tab.${one}`)}
          </button>
        ))}
      </div>
      {tab === "parameters" ? (
        <DifferenceTable trials={trials} rows={rows} />
      ) : (
        <>
          <div class="compare-body">
            <CompareLegend
              lines={lines}
              hidden={hidden}
              hide={hide}
              by={by}
              names={rows.filter((row) => row.differs).map((row) => row.name)}
            />
            <Overlays lines={lines.filter((line) => !hidden.has(line.key))} trials={trials} version={version} />
          </div>
          <DifferenceTable trials={trials} rows={rows} />
        </>
      )}
    </div>
  );
}

function Overlays({ lines, trials, version }: { lines: ComparedLine[]; trials: Trial[]; version: number }) {
  const view = useChartView();
  const [filter, setFilter] = useState("");
  const isDark = dark.value;
  const begun = useMemo(() => new Map(trials.map((trial) => [trial.id, seconds(trial.started) ?? 0])), [trials]);
  const starts = useCallback((trial: string) => begun.get(trial) ?? 0, [begun]);
  const metrics = useMemo(() => [...new Set(trials.flatMap((trial) => Object.keys(trial.metrics)))], [trials]);
  // Each metric has a chart of its own here: the curves of one chart are the trials.
  const wishes = (metric: string) =>
    lines.flatMap((line) => {
      const having = line.trials.filter((trial) => metric in trial.metrics);
      if (!having.length) return [];
      return [
        {
          key: `${line.key} ${metric}`,
          label: line.label,
          stroke: strokeOf(line.index, isDark),
          trials: having.map((trial) => trial.id),
          metric,
        },
      ];
    });
  return (
    <div class="compare-charts">
      <ChartControls view={view}>
        <input
          type="search"
          class="grow-some"
          placeholder={t("trial.filter")}
          aria-label={t("trial.filter")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </ChartControls>
      <ChartGrid
        metrics={metrics}
        apart
        view={view}
        starts={starts}
        version={version}
        wishes={wishes}
        filter={filter}
      />
    </div>
  );
}
