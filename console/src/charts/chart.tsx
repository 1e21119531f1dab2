/** A chart in its card: it loads its series when it comes into sight, and again when the view or the trials change. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import type { Series } from "../api/metrics";
import { formatNumber } from "../model/format";
import { nearest } from "../model/series";
import { BothEnds, errorText, IconButton } from "../parts/basics";
import { Menu } from "../parts/menu";
import { dark } from "../state/settings";
import { locale, t } from "../words";
import { buildCurves, type Curve, loadSeries, type Starts, type Wish } from "./curves";
import { saveCsv, savePng, saveSvg } from "./export";
import { cursorText, type Look, Plot } from "./plot";
import { type Range, xRange, yRange } from "./ranges";
import type { ChartView } from "./view";

const HEIGHT = 210;
const LARGE_HEIGHT = 440;
const LEGEND_UP_TO = 6;
const TIP_ROWS = 12;
const ZOOM_KEYS = ["+", "=", "-"];

interface ChartProps {
  name: string;
  wishes: Wish[];
  view: ChartView;
  starts: Starts;
  /** Grows when there may be new points. */
  version: number;
  large: boolean;
  enlarge: () => void;
  zoom: (range: Range | null) => void;
}

interface Cursor {
  x: number;
  top: number;
  here: boolean;
}

function useVisible(box: { current: HTMLElement | null }): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => setVisible(entries.some((entry) => entry.isIntersecting)), {
      rootMargin: "250px",
    });
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return visible;
}

interface Found {
  series: Map<string, Series> | null;
  error: unknown;
  again: () => void;
}

function useSeries(props: ChartProps, visible: boolean, points: number): Found {
  const { wishes, view, starts, version } = props;
  const [found, setFound] = useState<{ series: Map<string, Series> | null; error: unknown }>({
    series: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  const wanted = JSON.stringify([
    wishes.map((wish) => [wish.trials, wish.metric]),
    view.x,
    view.zoom,
    points,
    version,
    turn,
  ]);
  const shown = useRef("");
  // `wanted` is all that matters of them.
  useEffect(() => {
    if (!visible || points === 0 || shown.current === wanted) return;
    let gone = false;
    loadSeries({ wishes, view, points, starts }).then(
      (series) => {
        if (gone) return;
        shown.current = wanted;
        setFound({ series, error: null });
      },
      (error) => {
        if (!gone && !isAbort(error)) setFound((old) => ({ ...old, error }));
      },
    );
    return () => {
      gone = true;
    };
  }, [wanted, visible]);
  return { ...found, again: () => setTurn(turn + 1) };
}

export function colours(box: HTMLElement): Look & { back: string } {
  const style = getComputedStyle(box);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { ink: of("--soft"), grid: of("--grid"), back: of("--card") };
}

export function Chart(props: ChartProps) {
  const { name, wishes, view, large } = props;
  const card = useRef<HTMLElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [width, setWidth] = useState(0);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  /** A key that was pressed before there was a plot to take it. */
  const early = useRef("");
  const visible = useVisible(card);
  const points =
    width === 0 ? 0 : Math.min(2000, Math.max(200, Math.ceil(width / (wishes.length > 12 ? 2 : 1) / 100) * 100));
  const { series, error, again } = useSeries(props, visible, points);
  const styleKey = JSON.stringify(wishes.map((wish) => [wish.key, wish.label, wish.stroke]));
  // The wishes by what is seen of them.
  const curves = useMemo(
    () => (series ? buildCurves(wishes, series, view.smooth) : []),
    [series, view.smooth, styleKey],
  );
  const height = large ? LARGE_HEIGHT : HEIGHT;
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const watcher = new ResizeObserver(() => setWidth(Math.floor(box.clientWidth)));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);
  const x = xRange(curves, view);
  const y = yRange(curves, x, view.logY);
  const shown = curves.length > 0 && y !== null;
  usePlot(props, { place, plot, card, width, height, visible: visible && shown, setCursor });
  useEffect(() => {
    if (!y || !plot.current) return;
    plot.current.show({ curves, x, y });
    const key = early.current;
    early.current = "";
    if (key) plot.current.key(key);
  });
  const save = {
    png: () => plot.current && void savePng(plot.current, name, colours(card.current as HTMLElement)),
    svg: () => plot.current && saveSvg(plot.current, name, colours(card.current as HTMLElement)),
  };
  const items = [
    { label: t("chart.png"), action: save.png },
    { label: t("chart.svg"), action: save.svg },
    { label: t("chart.csv"), action: () => saveCsv(curves, name, view.x) },
  ];
  return (
    <section class={`chart${large ? " large" : ""}`} ref={card} aria-label={name}>
      <div class="chart-head">
        <h3 class="clip" title={name}>
          {name}
        </h3>
        <IconButton
          icon={large ? "shrink" : "grow"}
          label={t(large ? "chart.shrink" : "chart.enlarge", { name })}
          onClick={props.enlarge}
        />
        <Menu icon="download" label={t("chart.download", { name })} items={items} />
      </div>
      <div
        class="chart-place"
        ref={place}
        tabIndex={0}
        role="group"
        aria-label={t("chart.label", { name, x: t(`chart.x.${view.x}`) })}
        onKeyDown={(event) => onKey(event, plot.current, early)}
        style={{ height: `${height}px` }}
      >
        {!shown && <Nothing series={series} error={error} again={again} noLog={curves.length > 0} />}
      </div>
      <Legend curves={curves} cursor={cursor} view={view} />
      {cursor?.here && curves.length > LEGEND_UP_TO && (
        <Tip curves={curves} cursor={cursor} view={view} plot={plot.current} />
      )}
    </section>
  );
}

function onKey(event: KeyboardEvent, plot: Plot | null, early: { current: string }): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!plot && ZOOM_KEYS.includes(event.key)) early.current = event.key;
  if (!plot?.key(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}

interface Places {
  place: { current: HTMLDivElement | null };
  plot: { current: Plot | null };
  card: { current: HTMLElement | null };
  width: number;
  height: number;
  visible: boolean;
  setCursor: (cursor: Cursor | null) => void;
}

/** Make the plot when there is something to show, again when axes or colours change; let it go out of sight. */
function usePlot(props: ChartProps, { place, plot, card, width, height, visible, setCursor }: Places): void {
  const { view, name } = props;
  const zoom = useRef(props.zoom);
  zoom.current = props.zoom;
  const make = visible && width > 0;
  const look = dark.value;
  // Sizes are changed below, without making it anew.
  useEffect(() => {
    if (!make || !place.current || !card.current) return;
    let wanted: Cursor | null = null;
    let frame = 0;
    const made = new Plot(place.current, width, height, {
      axis: view.x,
      logX: view.logX,
      logY: view.logY,
      look: colours(card.current),
      sync: `charts ${view.x}`,
      label: name,
      onZoom: (range) => zoom.current(range),
      onCursor: (x, top, here) => {
        wanted = x === null ? null : { x, top, here };
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => setCursor(wanted));
      },
    });
    plot.current = made;
    return () => {
      cancelAnimationFrame(frame);
      plot.current = null;
      made.destroy();
    };
  }, [make, view.x, view.logX, view.logY, look]);
  useEffect(() => {
    if (width > 0) plot.current?.resize(width, height);
  }, [width, height]);
}

function Nothing({
  series,
  error,
  again,
  noLog,
}: {
  series: Map<string, Series> | null;
  error: unknown;
  again: () => void;
  noLog: boolean;
}) {
  if (error && !series) {
    return (
      <div class="chart-nothing" role="alert">
        <p>{errorText(error)}</p>
        <button type="button" onClick={again}>
          {t("error.retry")}
        </button>
      </div>
    );
  }
  if (!series) return <div class="chart-nothing loading" role="status" aria-label={t("common.loading")} />;
  return <div class="chart-nothing">{t(noLog ? "chart.nolog" : "chart.empty")}</div>;
}

function valueAt(curve: Curve, x: number | null): number {
  const at = x === null ? curve.x.length - 1 : nearest(curve.x, x);
  return at < 0 ? Number.NaN : (curve.y[at] as number);
}

export function Swatch({ curve }: { curve: Pick<Curve, "stroke"> }) {
  return (
    <svg class="swatch" width="20" height="8" viewBox="0 0 20 8" aria-hidden="true">
      <path d="M1 4h18" stroke={curve.stroke.colour} stroke-dasharray={curve.stroke.dash.join(" ")} />
    </svg>
  );
}

function Legend({ curves, cursor, view }: { curves: Curve[]; cursor: Cursor | null; view: ChartView }) {
  const nan = curves.reduce((sum, curve) => sum + curve.nan, 0);
  return (
    <div class="legend">
      {curves.length <= LEGEND_UP_TO &&
        curves.map((curve) => (
          <span key={curve.key} class="legend-one">
            <Swatch curve={curve} />
            <span class="clip" title={curve.label}>
              <BothEnds text={curve.label} />
            </span>
            <b>{formatNumber(valueAt(curve, cursor?.x ?? null))}</b>
          </span>
        ))}
      <span class="legend-x">
        {nan > 0 && !cursor && <span class="nan">× {t("chart.nan", { n: nan.toLocaleString("en-US") })}</span>}
        {cursor && `${t(`chart.x.${view.x}`)} ${cursorText(view.x, cursor.x, locale())}`}
      </span>
    </div>
  );
}

/** With many curves: those nearest to the pointer. */
function Tip({ curves, cursor, view, plot }: { curves: Curve[]; cursor: Cursor; view: ChartView; plot: Plot | null }) {
  const toY = plot?.frame().toY ?? (() => 0);
  const rows = curves
    .map((curve) => ({ curve, value: valueAt(curve, cursor.x) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((one, other) => Math.abs(toY(one.value) - cursor.top) - Math.abs(toY(other.value) - cursor.top))
    .slice(0, TIP_ROWS)
    .sort((one, other) => other.value - one.value);
  const left = plot ? plot.frame().toX(cursor.x) : 0;
  const side = plot && left > plot.size[0] / 2 ? "left" : "right";
  return (
    <div
      class={`tip ${side}`}
      role="presentation"
      style={side === "right" ? { left: `${left + 26}px` } : { right: `${(plot?.size[0] ?? 0) - left + 26}px` }}
    >
      <div class="soft">{`${t(`chart.x.${view.x}`)} ${cursorText(view.x, cursor.x, locale())}`}</div>
      {rows.map(({ curve, value }) => (
        <div key={curve.key} class="legend-one">
          <Swatch curve={curve} />
          <span class="clip" title={curve.label}>
            <BothEnds text={curve.label} />
          </span>
          <b>{formatNumber(value)}</b>
        </div>
      ))}
    </div>
  );
}
