/** Any number of trials beside each other: metrics overlaid, parameters that differ, groups over seeds. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { watch } from "../api/events";
import { getTrials } from "../api/trials";
import type { Trial } from "../api/types";
import { withBaseline, withBaselineStroke } from "../charts/baseline";
import { ChartSections } from "../charts/chart_sections";
import { type Colouring, colouringOf, type TrialLine } from "../charts/colouring";
import { ChartControls, useChartView } from "../charts/controls";
import { LineLegend } from "../charts/line_legend";
import { MetricSearch, useMetricFilter } from "../charts/metric_search";
import type { ChartView } from "../charts/view";
import { wishesOf } from "../charts/wishes";
import { differences } from "../model/flat";
import { seconds } from "../model/format";
import { groupTrials } from "../model/groups";
import { joinNames, splitNames } from "../model/route";
import { useBaseline } from "../parts/baseline";
import { Empty, Failure, Skeleton, Stale } from "../parts/basics";
import { Crumbs } from "../parts/crumbs";
import { Icon } from "../parts/icons";
import { later } from "../parts/later";
import { copyPageLink } from "../parts/links";
import { throttle, useLoaded } from "../parts/load";
import { Head } from "../parts/shell";
import { baseline } from "../state/baseline";
import { type DrawnLine, drawn } from "../state/drawn";
import { route, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { locale, t } from "../words";
import { linesOf } from "./compare_lines";
import { DifferenceTable } from "./compare_table";

const MediaTab = later(() => import("./trial_media").then((part) => part.MediaTab));

export function ComparePage() {
  const ids = splitNames(route.value.query.get("trials"));
  useEffect(() => {
    document.title = `${titleOf(ids.length)} · ${t("app.name")}`;
  });
  return <Comparison ids={ids} remove={(gone) => setQuery({ trials: joinNames(ids.filter((id) => !gone.has(id))) })} />;
}

interface ComparisonProps {
  ids: string[];
  remove: (ids: ReadonlySet<string>) => void;
  /** Whether it is part of another page, which says which trials they are. */
  isPart?: boolean;
}

/** Some trials beside each other, as they are now. */
export function Comparison({ ids, remove, isPart = false }: ComparisonProps) {
  const key = ids.join(",");
  const loaded = useLoaded(key, (signal) =>
    ids.length ? getTrials(ids, signal) : Promise.resolve({ trials: [], missing: [] }),
  );
  const [version, setVersion] = useState(0);
  const { reload } = loaded;
  useBaseline(isPart ? undefined : loaded.data?.trials[0]?.folder.id);
  // More may follow: a trial goes on, or is not there yet.
  const unfinished = loaded.data?.missing.length || loaded.data?.trials.some((trial) => trial.state === "Running");
  // The ids by their text.
  useEffect(() => {
    if (!ids.length) return;
    const again = throttle(() => {
      reload();
      setVersion((old) => old + 1);
    }, 1000);
    return watch({ trials: ids, onTrial: again, poll: () => unfinished && again() });
  }, [key, reload, unfinished]);
  // What is shown stays while other trials are chosen.
  const latest = useRef(loaded.data);
  if (loaded.data) latest.current = loaded.data;
  const data = loaded.data ?? (isPart ? latest.current : undefined);
  if (loaded.error && !data) return <Failure error={loaded.error} retry={reload} />;
  if (!data) return <Skeleton lines={10} />;
  const { trials, missing } = data;
  if (!trials.length) {
    return (
      <Empty title={t("compare.none")} next={t("compare.none.next")}>
        <a href="#/">{t("error.home")}</a>
      </Empty>
    );
  }
  return (
    <>
      {!isPart && <Stale error={loaded.error} retry={reload} />}
      <CompareView trials={trials} missing={missing.length} version={version} remove={remove} isPart={isPart} />
    </>
  );
}

function titleOf(n: number): string {
  return t(n === 1 ? "compare.title.one" : "compare.title", { n });
}

interface ViewProps {
  trials: Trial[];
  missing: number;
  version: number;
  remove: ComparisonProps["remove"];
  isPart: boolean;
}

function CompareView({ trials, missing, version, remove, isPart }: ViewProps) {
  const { query } = route.value;
  const by = query.get("group");
  const chosen = query.get("tab");
  const tab = chosen === "parameters" || chosen === "media" ? chosen : "metrics";
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
  const base = baseline.value?.trial;
  const language = locale();
  const lines = useMemo(
    () => withBaseline(linesOf(trials, groups), base, (name) => t("baseline.line", { name })),
    [trials, groups, base, language],
  );
  const hidden = new Set(splitNames(query.get("hidden")));
  const gone = [...hidden].join();
  const view = useChartView();
  const colour = query.get("colour") ?? "trial";
  const isDark = dark.value;
  const colouring = useMemo(
    () => withBaselineStroke(colouringOf(lines, colour, isDark, view.dashes), base?.id, isDark),
    [lines, colour, isDark, view.dashes, base?.id],
  );
  // The list beside it shows which line is whose.
  useEffect(() => {
    if (isPart) drawn.value = drawnLines(lines, colouring, hidden);
  }, [isPart, lines, colouring, gone]);
  useEffect(
    () => () => {
      drawn.value = null;
    },
    [],
  );
  const { folder } = trials[0] as Trial;
  const isOfOne = trials.every((trial) => trial.folder.id === folder.id);
  const metrics = useMemo(() => [...new Set(trials.flatMap((trial) => Object.keys(trial.metrics)))], [trials]);
  const differing = useMemo(() => rows.filter((row) => row.differs).map((row) => row.name), [rows]);
  return (
    <div class={isPart ? "compare" : "page compare"}>
      {!isPart && (
        <Head
          crumbs={isOfOne && <Crumbs folder={{ ...folder, parent: null }} linkLast />}
          title={titleOf(trials.length)}
          actions={
            <button type="button" onClick={copyPageLink}>
              <Icon name="copy" />
              <span class="wide-only">{t("link.copy")}</span>
            </button>
          }
          below={missing > 0 && <p class="soft">{t("compare.missing", { n: missing })}</p>}
        />
      )}
      <div class="tabs" role="tablist" aria-label={t("trial.tabs")}>
        {(["metrics", "media", "parameters"] as const).map((one) => (
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
      {tab === "media" ? (
        <MediaTab
          trials={lines.flatMap((line) => line.trials.map(({ id, name }) => ({ id, name })))}
          version={trials.map((trial) => trial.updated).join()}
        />
      ) : tab === "parameters" ? (
        <DifferenceTable trials={trials} rows={rows} />
      ) : (
        <>
          <div class="compare-body">
            <Lines
              lines={lines}
              colouring={colouring}
              hidden={hidden}
              metrics={metrics}
              names={differing}
              remove={remove}
            />
            <Overlays
              lines={lines}
              colouring={colouring}
              hidden={hidden}
              trials={base ? [...trials, base] : trials}
              version={version}
              view={view}
              metrics={metrics}
            />
          </div>
          <DifferenceTable trials={trials} rows={rows} />
        </>
      )}
    </div>
  );
}

function drawnLines(
  lines: TrialLine[],
  colouring: Colouring,
  hidden: ReadonlySet<string>,
): ReadonlyMap<string, DrawnLine> {
  return new Map(
    lines.flatMap((line) => {
      const isHidden = hidden.has(line.key);
      const others = [...hidden].filter((key) => key !== line.key);
      const shown = {
        name: line.label,
        colour: colouring.strokes.get(line.key)?.colour ?? "",
        isHidden,
        toggle: () => hide(isHidden ? others : [...others, line.key]),
      };
      return line.trials.map((trial): [string, DrawnLine] => [trial.id, shown]);
    }),
  );
}

function hide(keys: string[]): void {
  setQuery({ hidden: joinNames(keys) });
}

interface LinesProps {
  lines: TrialLine[];
  colouring: Colouring;
  hidden: ReadonlySet<string>;
  metrics: string[];
  /** Parameters that differ. */
  names: string[];
  remove: ComparisonProps["remove"];
}

/** The lines, and how they are grouped, coloured and sorted. */
function Lines({ lines, colouring, hidden, metrics, names, remove }: LinesProps) {
  const { query } = route.value;
  const sort = query.get("order") ?? "";
  const own = metrics.filter((name) => !name.startsWith("system."));
  const removal = useRef(remove);
  removal.current = remove;
  const gone = [...hidden].join();
  // Made again when a line changes, not at each step of a slider.
  const legend = useMemo(
    () => (
      <LineLegend
        lines={lines}
        colouring={colouring}
        hidden={hidden}
        hide={hide}
        sort={sort}
        remove={(line) => removal.current(new Set(line.trials.map((trial) => trial.id)))}
      />
    ),
    [lines, colouring, gone, sort],
  );
  return (
    <aside class="compare-legend" aria-label={t("compare.legend")}>
      <Choice
        label={t("compare.group")}
        value={query.get("group") ?? ""}
        choose={(group) => setQuery({ group, hidden: null })}
        options={[
          ["", t("compare.group.none")],
          ["seeds", t("compare.group.seeds")],
          ...names.slice(0, 100).map((name): [string, string] => [joinNames([name]), t("compare.group.by", { name })]),
        ]}
      />
      <Choice
        label={t("compare.colour")}
        value={query.get("colour") ?? ""}
        choose={(colour) => setQuery({ colour })}
        options={[
          ["", t("compare.colour.own")],
          ...names.slice(0, 100).map((name): [string, string] => [`params.${name}`, name]),
          ...own.slice(0, 100).map((name): [string, string] => [`metrics.${name}`, name]),
        ]}
      />
      <Choice
        label={t("compare.order")}
        value={sort}
        choose={(order) => setQuery({ order })}
        options={[
          ["", t("compare.order.none")],
          ...own.slice(0, 100).flatMap((name): [string, string][] => [
            [`-${name}`, t("compare.order.down", { name })],
            [name, t("compare.order.up", { name })],
          ]),
        ]}
      />
      {hidden.size > 0 && (
        <button type="button" class="quiet" onClick={() => setQuery({ hidden: null })}>
          {t("compare.all")}
        </button>
      )}
      {legend}
    </aside>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  choose: (value: string | null) => void;
  options: [string, string][];
}

function Choice({ label, value, choose, options }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value || null)}>
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface OverlaysProps {
  lines: TrialLine[];
  colouring: Colouring;
  hidden: ReadonlySet<string>;
  trials: Trial[];
  version: number;
  view: ChartView;
  metrics: string[];
}

function Overlays({ lines, colouring, hidden, trials, version, view, metrics }: OverlaysProps) {
  const filter = useMetricFilter();
  const begun = useMemo(() => new Map(trials.map((trial) => [trial.id, seconds(trial.started) ?? 0])), [trials]);
  const starts = useCallback((trial: string) => begun.get(trial) ?? 0, [begun]);
  const gone = [...hidden].join();
  const shown = useMemo(() => lines.filter((line) => !hidden.has(line.key)), [lines, gone]);
  // Each metric has a chart of its own here: the curves of one chart are the trials.
  const wishes = useMemo(
    () => new Map(metrics.map((metric) => [metric, wishesOf(shown, colouring.strokes, metric)])),
    [metrics, shown, colouring],
  );
  return (
    <div class="compare-charts">
      <ChartControls view={view} metrics={metrics}>
        <MetricSearch metrics={metrics} />
      </ChartControls>
      <ChartSections
        metrics={metrics}
        apart
        view={view}
        starts={starts}
        version={version}
        wishes={(metric) => wishes.get(metric) ?? []}
        filter={filter}
        lines={shown}
      />
    </div>
  );
}
