/** What is common to all charts of a page: x axis, log axes, smoothing, zoom; and the grid of charts. */

import { useMemo } from "preact/hooks";
import { chartGroups, singleCharts } from "../model/metrics";
import { route, setQuery } from "../state/route";
import { t } from "../words";
import { Chart } from "./chart";
import type { Starts, Wish } from "./curves";
import type { Range } from "./ranges";
import { type ChartView, readView, X_AXES } from "./view";

export function ChartControls({ view, children }: { view: ChartView; children?: preact.ComponentChildren }) {
  return (
    <div class="bar controls">
      <fieldset class="segments" aria-label={t("chart.x")}>
        {X_AXES.map((axis) => (
          <label key={axis}>
            <input
              type="radio"
              name="x"
              checked={view.x === axis}
              onChange={() => setQuery({ x: axis === "step" ? null : axis, zoom: null })}
            />
            <span>{t(`chart.x.${axis}`)}</span>
          </label>
        ))}
      </fieldset>
      <label class="slider">
        <span>{t("chart.smooth")}</span>
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={view.smooth}
          onInput={(event) =>
            setQuery({ smooth: Number(event.currentTarget.value) ? event.currentTarget.value : null })
          }
        />
        <output>{view.smooth.toFixed(2)}</output>
      </label>
      <label class="check">
        <input type="checkbox" checked={view.logY} onChange={() => setQuery({ logy: view.logY ? null : "1" })} />
        {t("chart.log.y")}
      </label>
      <label class="check">
        <input type="checkbox" checked={view.logX} onChange={() => setQuery({ logx: view.logX ? null : "1" })} />
        {t("chart.log.x")}
      </label>
      {children}
      {view.zoom && (
        <button type="button" onClick={() => setQuery({ zoom: null })}>
          {t("chart.zoom.reset")}
        </button>
      )}
    </div>
  );
}

export function useChartView(): ChartView {
  const text = route.value.query.toString();
  // The text holds all of the query.
  return useMemo(() => readView(route.value.query), [text]);
}

interface GridProps {
  metrics: string[];
  view: ChartView;
  starts: Starts;
  version: number;
  /** The curves of one metric. */
  wishes: (metric: string, inGroup: number) => Wish[];
  filter: string;
  /** One chart a metric, rather than train, val and test of one name in one. */
  apart?: boolean;
}

function setZoom(range: Range | null): void {
  setQuery({ zoom: range ? range.map((value) => String(Number(value.toPrecision(9)))).join(",") : null });
}

export function ChartGrid({ metrics, view, starts, version, wishes, filter, apart }: GridProps) {
  const large = route.value.query.get("large");
  const key = metrics.join("\n");
  // The names by their text.
  const groups = useMemo(() => (apart ? singleCharts(metrics) : chartGroups(metrics)), [key, apart]);
  const shown = groups.filter((group) =>
    group.metrics.some((metric) => metric.toLowerCase().includes(filter.toLowerCase())),
  );
  const plain = shown.filter((group) => !group.system);
  const system = shown.filter((group) => group.system);
  const draw = (group: (typeof groups)[number]) => (
    <Chart
      key={group.name}
      name={group.name}
      wishes={group.metrics.flatMap((metric) => wishes(metric, group.metrics.length))}
      view={view}
      starts={starts}
      version={version}
      large={large === group.name}
      enlarge={() => setQuery({ large: large === group.name ? null : group.name })}
      zoom={setZoom}
    />
  );
  return (
    <>
      <div class="charts">{plain.map(draw)}</div>
      {system.length > 0 && (
        <details class="system" open={plain.length === 0}>
          <summary>
            {t("chart.system")} <span class="soft">{system.length}</span>
          </summary>
          <div class="charts">{system.map(draw)}</div>
        </details>
      )}
    </>
  );
}
