/** The charts of a page in sections: of a trial, and of trials beside each other. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { filtered, type MetricFilter } from "../model/metric_filter";
import { type ChartGroup, type ChartSection, chartSections, movedSection, PINNED } from "../model/sections";
import { later } from "../parts/later";
import { notify } from "../parts/toasts";
import { route, setQuery } from "../state/route";
import { t } from "../words";
import {
  type Arrangement,
  movePins,
  openByThemselves,
  readArrangement,
  remembered,
  setOpen,
  setOrder,
  setPinned,
} from "./arrangement";
import { Chart } from "./chart";
import { linkTo, overlayName, resize, setZoom } from "./chart_address";
import type { ChartPlace } from "./chart_props";
import type { TrialLine } from "./colouring";
import type { Starts, Wish } from "./curves";
import { SectionHead, sectionTitle } from "./section_head";
import type { ChartView } from "./view";

const Overlay = later(() => import("./overlay").then((part) => part.Overlay));

export interface SectionsProps {
  metrics: string[];
  view: ChartView;
  starts: Starts;
  version: number;
  /** The curves of one metric. */
  wishes: (metric: string, inGroup: number) => Wish[];
  filter: MetricFilter;
  /** What is shown of each of, when a section is one chart. */
  lines: TrialLine[];
  /** One chart a metric, rather than train, val and test of one name in one. */
  apart?: boolean;
  /** Whether this browser keeps pins and order, where no saved view does. */
  remembers?: boolean;
}

export function ChartSections(props: SectionsProps) {
  const { metrics, filter, apart, remembers = false } = props;
  const { query } = route.value;
  const arrangement = readArrangement(query, remembered(), remembers);
  const key = JSON.stringify([metrics, apart, arrangement.pinned, arrangement.order]);
  // The names by their text.
  const sections = useMemo(() => chartSections(metrics, { ...arrangement, apart }), [key]);
  const byThemselves = openByThemselves(sections);
  for (const name of arrangement.looks.keys()) byThemselves.add(name); // one chart is small
  const left = filtered(sections, filter);
  const isFiltered = chartCount(left) < chartCount(sections);
  const [turned, turn] = useTurned(query.get("metrics") ?? "");
  const order = useOrder(sections, left);
  const asked = query.get("full");
  const full = left.some((section) => hasChart(section, asked)) ? asked : null;
  useFull(asked);
  const isOpen = (section: ChartSection) => {
    if (hasChart(section, full)) return true;
    if (isFiltered) return !turned.has(section.name);
    return arrangement.open.get(section.name) ?? byThemselves.has(section.name);
  };
  const toggle = (section: ChartSection) => {
    if (isFiltered) turn(section.name);
    else setOpen(section.name, !isOpen(section), byThemselves.has(section.name));
  };
  return (
    <div class="chart-sections">
      {left.length === 0 && metrics.length > 0 && <p class="soft">{t("section.nothing")}</p>}
      {left.map((section) => (
        <section
          key={section.name}
          class="chart-section"
          data-section={section.name}
          style={{ "--charts": isOpen(section) ? chartsAcross(section, arrangement) : WHOLE_LINE }}
          aria-label={sectionTitle(section.name)}
        >
          {(sections.length > 1 || section.charts.length > 1) && (
            <SectionHead
              section={section}
              all={sizeOf(sections, section.name)}
              isOpen={isOpen(section)}
              look={arrangement.looks.get(section.name) ?? "charts"}
              toggle={() => toggle(section)}
              move={(step) => order.step(section.name, step)}
              drop={(dragged, isBehind) => order.put(dragged, section.name, isBehind)}
            />
          )}
          {isOpen(section) && <Body {...props} section={section} arrangement={arrangement} full={full} />}
        </section>
      ))}
      <p class="told" role="status">
        {order.told}
      </p>
    </div>
  );
}

/** More than there is room for in a line. */
const WHOLE_LINE = 20;

/** How many charts a section would like beside each other. */
function chartsAcross({ name, charts }: ChartSection, { looks }: Arrangement): number {
  const large = route.value.query.get("large");
  return looks.has(name) || charts.some((chart) => chart.name === large) ? WHOLE_LINE : charts.length;
}

function sizeOf(sections: ChartSection[], name: string): number {
  return sections.find((section) => section.name === name)?.charts.length ?? 0;
}

function chartCount(sections: ChartSection[]): number {
  return sections.reduce((sum, section) => sum + section.charts.length, 0);
}

function hasChart({ name, charts }: ChartSection, chart: string | null): boolean {
  return chart !== null && (chart === overlayName(name) || charts.some((one) => one.name === chart));
}

/** Sections that were opened or closed while a filter was there: another filter forgets them. */
function useTurned(filter: string): [ReadonlySet<string>, (name: string) => void] {
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setTurned(new Set()), [filter]);
  const turn = (name: string) => {
    const next = new Set(turned);
    if (!next.delete(name)) next.add(name);
    setTurned(next);
  };
  return [turned, turn];
}

/** Moving sections: the heading keeps the focus, and who listens hears its new place. */
function useOrder(sections: ChartSection[], shown: ChartSection[]) {
  const [told, setTold] = useState("");
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (moved.current === null) return;
    document.querySelector<HTMLElement>(`[data-section="${CSS.escape(moved.current)}"] .section-title`)?.focus();
    moved.current = null;
  }, [sections]);
  const namesOf = (some: ChartSection[]) => some.map(({ name }) => name).filter((name) => name !== PINNED);
  const put = (name: string, beside: string, isBehind: boolean) => {
    const rest = namesOf(sections).filter((other) => other !== name);
    const to = rest.indexOf(beside) + Number(isBehind);
    moved.current = name;
    setOrder(movedSection(rest, name, to));
    setTold(t("section.moved", { name: sectionTitle(name), n: to + 1, all: rest.length + 1 }));
  };
  const step = (name: string, by: number) => {
    const names = namesOf(shown);
    const beside = names[names.indexOf(name) + by];
    if (beside !== undefined) put(name, beside, by > 0);
  };
  return { put, step, told };
}

interface BodyProps extends SectionsProps {
  section: ChartSection;
  arrangement: Arrangement;
  full: string | null;
}

function Body(props: BodyProps) {
  const { section, arrangement, full, lines, view, starts, version, wishes } = props;
  const places = usePinOrder(section.charts, arrangement.pinned);
  const look = arrangement.looks.get(section.name) ?? "charts";
  const metrics = section.charts.flatMap((chart) => chart.metrics);
  if (look !== "charts" && metrics.length > 1)
    return <Overlay {...{ section: section.name, metrics, look, lines, view, starts, version, full }} />;
  const large = route.value.query.get("large");
  const isPinned = section.name === PINNED;
  const draw = (group: ChartGroup) => (
    <Chart
      key={group.name}
      name={group.name}
      wishes={group.metrics.flatMap((metric) => wishes(metric, group.metrics.length))}
      view={view}
      starts={starts}
      version={version}
      size={full === group.name ? "full" : large === group.name ? "large" : "small"}
      covered={full !== null && full !== group.name}
      resize={(size) => resize(group.name, size)}
      zoom={setZoom}
      link={() => linkTo(group.name)}
      isPinned={isPinned}
      {...(isPinned && section.charts.length > 1 ? { place: places.of(group.name) } : {})}
      pin={() => {
        keepFocus(group.name);
        setPinned(group.metrics, !isPinned, arrangement.pinned);
        notify(t(isPinned ? "chart.unpinned" : "chart.pinned", { name: group.name }));
      }}
    />
  );
  return (
    <>
      <div class="charts">{section.charts.map(draw)}</div>
      <p class="told" role="status">
        {places.told}
      </p>
    </>
  );
}

/** Moving pinned charts: the chart keeps the focus, and who listens hears its new place. */
function usePinOrder(charts: ChartGroup[], pinned: readonly string[]) {
  const [told, setTold] = useState("");
  const moved = useRef<{ name: string; had: string } | null>(null);
  useEffect(() => {
    if (!moved.current) return;
    const { name, had } = moved.current;
    moved.current = null;
    document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(name)}"] ${had}`)?.focus({ preventScroll: true });
  }, [charts]);
  const put = (name: string, other: string, isBehind: boolean) => {
    const [chart, beside] = [name, other].map((one) => charts.find((each) => each.name === one));
    if (!chart || !beside || chart === beside) return;
    const isInMenu = document.activeElement?.closest(".chart-more");
    moved.current = { name, had: isInMenu ? ".chart-more > button" : ".chart-place" };
    movePins(chart.metrics, beside.metrics, isBehind, pinned);
    const to = charts.filter((each) => each !== chart).indexOf(beside) + Number(isBehind);
    setTold(t("chart.place.told", { name, n: to + 1, all: charts.length }));
  };
  const of = (name: string): ChartPlace => {
    const at = charts.findIndex((chart) => chart.name === name);
    return {
      isFirst: at === 0,
      isLast: at === charts.length - 1,
      step: (by) => put(name, charts[at + by]?.name ?? name, by > 0),
      drop: (dragged, isBehind) => put(dragged, name, isBehind),
    };
  };
  return { told, of };
}

/** A chart that goes to another section leaves the focus to the one behind it, or to the heading. */
function keepFocus(name: string): void {
  const chart = document.querySelector(`[data-chart="${CSS.escape(name)}"]`);
  if (!chart?.contains(document.activeElement)) return;
  const beside = (chart.nextElementSibling ?? chart.previousElementSibling)?.querySelector<HTMLElement>(".chart-place");
  const next = beside ?? chart.closest(".chart-section")?.querySelector<HTMLElement>(".section-title");
  next?.focus({ preventScroll: true });
}

/** A chart in full screen has the focus, and Escape ends it wherever the focus is. */
function useFull(full: string | null): void {
  useEffect(() => {
    if (full === null) return;
    const listen = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open], [role=menu]")) setQuery({ full: null });
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [full]);
}
