/** A view that a report embeds: the charts, the list or the best of trials, as they are now. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { openAddress } from "../api/addresses";
import { watch } from "../api/events";
import { getTrials, pageOf } from "../api/trials";
import type { Trial } from "../api/types";
import { listViews } from "../api/views";
import { Chart } from "../charts/chart";
import type { ChartProps } from "../charts/chart_props";
import { colouringOf, type TrialLine } from "../charts/colouring";
import { type ChartView, readView } from "../charts/view";
import { wishesOf } from "../charts/wishes";
import { automaticColumns, type Column, fieldOf, parameterOf, parseColumn, withSorted } from "../model/columns";
import { type EmbeddedView, type Show, viewIn } from "../model/embedded";
import { isOtherField, isPlainField, needsMetadata, otherValue } from "../model/fields";
import { isNumber, seconds } from "../model/format";
import { shortNames } from "../model/names";
import { formatRoute, joinNames, parseRoute, splitNames } from "../model/route";
import { changesOf, sortColumns } from "../model/views";
import { errorText, Names, Skeleton } from "../parts/basics";
import { later } from "../parts/later";
import { throttle, useLoaded } from "../parts/load";
import { Cell } from "../parts/trial_cells";
import { columnLabel } from "../parts/trial_widths";
import { ROOT } from "../state/folders";
import { go } from "../state/route";
import { dark, now } from "../state/settings";
import { locale, t } from "../words";

// Few reports have media.
const MediaPanel = later(() => import("../parts/media_panel").then((part) => part.MediaPanel));

const ROWS: Record<Show, number> = { list: 20, best: 10, charts: 10, media: 10 };
const USUAL = 6;
const MOST_LINES = 50;

/** What an embedded view shows: trials, and how. */
interface Selected {
  folder: string;
  below: boolean;
  ids: string[];
  view: EmbeddedView;
}

/** The view with what its target says where it says nothing itself. */
function filled(view: EmbeddedView, fields: Record<string, unknown>): EmbeddedView {
  const text = (name: "query" | "sort" | "columns" | "x" | "title") => view[name] || String(fields[name] ?? "");
  const charts = view.charts.length || !Array.isArray(fields.charts) ? view.charts : fields.charts.map(String);
  return {
    ...view,
    query: text("query"),
    sort: text("sort"),
    columns: text("columns"),
    x: text("x"),
    title: text("title"),
    smoothing: view.smoothing || weightOf(fields.smoothing),
    charts,
  };
}

/** The weight in a saved view or an address, 0 where there is none. */
function weightOf(value: unknown): number {
  const weight = Number(value ?? 0);
  return weight > 0 && weight < 1 ? weight : 0;
}

async function select(view: EmbeddedView, folder: string, signal: AbortSignal, isShort = false): Promise<Selected> {
  if (!view.target) return { folder, below: true, ids: [], view };
  if (!view.target.startsWith("#")) {
    const saved = (await listViews(folder, signal)).find(({ name }) => name === view.target);
    if (!saved) throw new Error(t("report.view.none", { name: view.target }));
    return { folder, below: true, ids: [], view: filled(view, { ...saved.view, title: view.target }) };
  }
  const { page, id, query } = parseRoute(view.target);
  if (page === "v" && !isShort) {
    return select({ ...view, target: (await openAddress(id, signal)).address }, folder, signal, true);
  }
  const fields = { query: query.get("where"), sort: query.get("sort"), x: query.get("x") };
  const whole = filled(view, { ...fields, smoothing: query.get("smooth") });
  if (page === "trials" && id) return { folder: "", below: true, ids: [id], view: whole };
  if (page === "compare") return { folder: "", below: true, ids: splitNames(query.get("trials")), view: whole };
  if (page !== "" && page !== "folders") throw new Error(t("report.view.page"));
  return { folder: id || ROOT, below: query.get("below") !== "0", ids: splitNames(query.get("selected")), view: whole };
}

interface Loaded {
  selected: Selected;
  trials: Trial[];
  isCut: boolean;
}

function showsOf({ show, charts, media }: EmbeddedView): Show[] {
  if (show.length) return show;
  const named: Show[] = [...(charts.length ? ["charts" as const] : []), ...(media.length ? ["media" as const] : [])];
  return named.length ? named : ["list"];
}

function hasTable(shows: Show[]): boolean {
  return shows.includes("list") || shows.includes("best");
}

async function load(view: EmbeddedView, folder: string, signal: AbortSignal): Promise<Loaded> {
  const selected = await select(view, folder, signal);
  const shows = showsOf(selected.view);
  const wanted = selected.view.limit || Math.max(...shows.map((one) => ROWS[one]));
  const limit = hasTable(shows) ? wanted : Math.min(wanted, MOST_LINES);
  const isDetailed = hasTable(shows) && fieldsIn(selected.view).some(needsMetadata);
  if (selected.ids.length) {
    const { trials } = await getTrials(selected.ids.slice(0, limit), signal, isDetailed);
    return { selected, trials, isCut: selected.ids.length > limit };
  }
  const { below, view: shown } = selected;
  const listing = { folderId: selected.folder, below, where: shown.query, sort: shown.sort, limit };
  const page = await pageOf(listing, signal);
  const ids = page.trials.map(({ id }) => id);
  const trials = isDetailed ? (await getTrials(ids, signal, true)).trials : page.trials;
  return { selected, trials, isCut: page.next !== null };
}

interface Props {
  info: string;
  text: string;
  folder: string;
}

export function ReportView({ info, text, folder }: Props) {
  const view = useMemo(() => viewIn(info, text), [info, text]);
  const loaded = useLoaded(`${folder} ${info}\n${text}`, (signal) =>
    view.fault ? Promise.reject(new Error(view.fault)) : load(view, folder, signal),
  );
  const [version, setVersion] = useState(0);
  const { reload } = loaded;
  const ids = loaded.data?.trials.map(({ id }) => id).join() ?? "";
  // The trials by their ids.
  useEffect(() => {
    if (!ids) return;
    const again = throttle(() => {
      reload();
      setVersion((old) => old + 1);
    }, 3000);
    return watch({ trials: ids.split(","), onTrial: again, poll: again });
  }, [ids, reload]);
  if (loaded.error && !loaded.data) {
    return (
      <p class="bad" role="note">
        {errorText(loaded.error)}
      </p>
    );
  }
  return loaded.data ? <Body {...loaded.data} version={version} /> : <Skeleton lines={4} />;
}

function Body({ selected, trials, isCut, version }: Loaded & { version: number }) {
  const { view } = selected;
  const shows = showsOf(view);
  const title = view.title || (view.target.startsWith("#") ? "" : view.target);
  const address = view.target.startsWith("#")
    ? view.target
    : formatRoute("folders", selected.folder, { where: view.query, sort: view.sort });
  const count = t(isCut ? "report.view.first" : trials.length === 1 ? "list.trials.one" : "list.trials.other", {
    n: trials.length,
  });
  return (
    <figure class="report-view">
      <figcaption>
        <a href={address}>{title || t("report.view.open")}</a> <span class="soft">{count}</span>
        {shows.includes("charts") && view.smoothing > 0 && (
          <span class="soft"> · {t("report.view.smoothed", { value: view.smoothing })}</span>
        )}
      </figcaption>
      {shows.includes("charts") && <Charts view={view} trials={trials} version={version} />}
      {hasTable(shows) && <Table view={view} trials={trials} isRanked={shows.includes("best")} />}
      {shows.includes("media") &&
        view.media.map((key) => <MediaPanel key={key} trials={trials} name={key} kinds={[]} version={`${version}`} />)}
    </figure>
  );
}

function linesOf(trials: Trial[]): TrialLine[] {
  const { short } = shortNames(trials.map(({ name }) => name));
  return trials.map((trial, at) => ({ key: trial.id, label: trial.name, short: short[at] as string, trials: [trial] }));
}

function usualMetrics(trials: Trial[]): string[] {
  const names = new Set(trials.flatMap(({ metrics }) => Object.keys(metrics)));
  return [...names].filter((name) => !name.startsWith("system.")).slice(0, USUAL);
}

function Charts({ view, trials, version }: { view: EmbeddedView; trials: Trial[]; version: number }) {
  const lines = useMemo(() => linesOf(trials.slice(0, MOST_LINES)), [trials]);
  const isDark = dark.value;
  const colouring = useMemo(() => colouringOf(lines, "trial", isDark, false), [lines, isDark]);
  const metrics = view.charts.length ? view.charts : usualMetrics(trials);
  const starts = useMemo(() => {
    const begun = new Map(trials.map((trial) => [trial.id, seconds(trial.started) ?? 0]));
    return (trial: string) => begun.get(trial) ?? 0;
  }, [trials]);
  return (
    <div class="charts">
      {metrics.map((metric) => (
        <OneChart
          key={metric}
          name={metric}
          x={view.x}
          smoothing={view.smoothing}
          ids={lines.map(({ key }) => key)}
          wishes={wishesOf(lines, colouring.strokes, metric)}
          starts={starts}
          version={version}
        />
      ))}
    </div>
  );
}

type OneProps = Pick<ChartProps, "name" | "wishes" | "starts" | "version"> & {
  x: string;
  smoothing: number;
  ids: string[];
};

/** A chart whose size and zoom are its own: the address is the report's. */
function OneChart({ name, wishes, starts, version, x, smoothing, ids }: OneProps) {
  const [size, setSize] = useState<"small" | "large">("small");
  const look = { x, ...(smoothing ? { smooth: String(smoothing) } : {}) };
  const [view, setView] = useState<ChartView>(() => readView(new URLSearchParams(look)));
  const alone = formatRoute("compare", "", { trials: joinNames(ids), full: name, ...look });
  const zoom: ChartProps["zoom"] = (_, to, y) =>
    setView((old) => ({
      ...old,
      zoom: to === undefined ? old.zoom : to,
      y: y === undefined ? old.y : new Map(y ? [[name, y]] : []),
    }));
  return (
    <Chart
      name={name}
      wishes={wishes}
      view={view}
      starts={starts}
      version={version}
      size={size}
      covered={false}
      resize={(wanted) => (wanted === "full" ? go(alone) : setSize(wanted))}
      zoom={zoom}
      link={() => new URL(alone, location.href).href}
    />
  );
}

/** A column of a table: one that lists have, or a field that they have not. */
type Shown = Column | { id: string; kind: "other" };

/** The fields that a view names as columns. */
function fieldsIn({ columns }: EmbeddedView): string[] {
  return columns
    .replace(/^\+/, "")
    .split(",")
    .map((field) => field.trim())
    .filter(Boolean);
}

function columnsOf(view: EmbeddedView, trials: Trial[]): Shown[] {
  const chosen = fieldsIn(view).flatMap((field): Shown[] => {
    if (isOtherField(field)) return [{ id: field, kind: "other" }];
    const [id] = splitNames(changesOf({ columns: field }).columns ?? null);
    const column = id ? parseColumn(id) : null;
    return column ? [column] : [];
  });
  const names = chosen.some(({ id }) => id === "name") ? [] : ["name"];
  const others = chosen.length ? names : withSorted(automaticColumns(trials, false), sortColumns(view.sort), trials);
  return [...others.map(parseColumn).filter((column) => column !== null), ...chosen];
}

/** Whether the values of a column are numbers, which stand one above the other. */
function isNumeric(column: Shown, trials: Trial[]): boolean {
  if (column.kind === "metric") return true;
  if (column.kind !== "parameter") return column.id === "duration";
  const values = trials.map(({ parameters }) => parameterOf(parameters, column.name));
  return values.every((value) => value === undefined || isNumber(value));
}

function Table({ view, trials, isRanked }: { view: EmbeddedView; trials: Trial[]; isRanked: boolean }) {
  const columns = useMemo(() => columnsOf(view, trials), [view, trials]);
  const numeric = new Set(columns.filter((column) => isNumeric(column, trials)));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={view.title || t("workspace.list")}>
      <table class="plain">
        <thead>
          <tr>
            {isRanked && <th scope="col">#</th>}
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={numeric.has(column) ? "number" : undefined}
                title={column.kind === "other" ? column.id : fieldOf(column)}
              >
                {column.kind !== "other"
                  ? columnLabel(column)
                  : isPlainField(column.id)
                    ? t(`field.${column.id}`)
                    : column.id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Names names={trials.map(({ name }) => name)}>
            {trials.map((trial, at) => (
              <tr key={trial.id}>
                {isRanked && <td>{at + 1}</td>}
                {columns.map((column) => (
                  <td key={column.id} class={numeric.has(column) ? "number" : undefined}>
                    {column.kind === "other" ? (
                      otherValue(trial, column.id, now.value, locale())
                    ) : (
                      <Cell trial={trial} column={column} diverged={false} />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </Names>
        </tbody>
      </table>
    </div>
  );
}
