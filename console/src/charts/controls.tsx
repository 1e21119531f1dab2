/** What is common to all charts of a page: x axis, log axes, smoothing, zoom. */

import { useMemo } from "preact/hooks";
import { Menu } from "../parts/menu";
import { route, setQuery } from "../state/route";
import { t } from "../words";
import { axisMetric, type ChartView, metricAxis, readView, X_AXES, yName } from "./view";

interface ControlsProps {
  view: ChartView;
  /** Metrics that can be the x axis. */
  metrics: string[];
  children?: preact.ComponentChildren;
}

export function ChartControls({ view, metrics, children }: ControlsProps) {
  const isZoomed = view.zoom !== null || view.y.size > 0;
  return (
    <div class="bar controls">
      <Axis view={view} metrics={metrics} />
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
      {children}
      <Menu
        label={t("chart.more")}
        text={t("chart.more")}
        items={[
          { label: t("chart.log.x"), ticked: view.logX, action: () => setQuery({ logx: view.logX ? null : "1" }) },
          {
            label: t("chart.outliers"),
            ticked: view.outliers,
            action: () => setQuery({ outliers: view.outliers ? null : "1" }),
          },
          {
            label: t("chart.dashes"),
            ticked: view.dashes,
            action: () => setQuery({ dashes: view.dashes ? null : "1" }),
          },
        ]}
      />
      {isZoomed && (
        <button type="button" onClick={resetZoom}>
          {t("chart.zoom.reset")}
        </button>
      )}
    </div>
  );
}

function Axis({ view, metrics }: { view: ChartView; metrics: string[] }) {
  const along = axisMetric(view.x);
  const choose = (x: string | null) => setQuery({ x, zoom: null });
  return (
    <>
      <fieldset class="segments" aria-label={t("chart.x")}>
        {X_AXES.map((axis) => (
          <label key={axis}>
            <input
              type="radio"
              name="x"
              checked={view.x === axis}
              onChange={() => choose(axis === "step" ? null : axis)}
            />
            <span>{t(`chart.x.${axis}`)}</span>
          </label>
        ))}
      </fieldset>
      {metrics.length > 1 && (
        <select
          class={along ? "axis-metric chosen" : "axis-metric"}
          aria-label={t("chart.x.metric")}
          value={along ?? ""}
          onChange={(event) => choose(event.currentTarget.value ? metricAxis(event.currentTarget.value) : null)}
        >
          <option value="">{t("chart.x.metric")}</option>
          {metrics.map((metric) => (
            <option key={metric} value={metric}>
              {metric}
            </option>
          ))}
        </select>
      )}
    </>
  );
}

function resetZoom(): void {
  const ranges = [...route.value.query.keys()].filter((name) => name.startsWith(yName("")));
  setQuery({ zoom: null, ...Object.fromEntries(ranges.map((name) => [name, null])) });
}

export function useChartView(): ChartView {
  const text = route.value.query.toString();
  // The text holds all of the query.
  return useMemo(() => readView(route.value.query), [text]);
}
