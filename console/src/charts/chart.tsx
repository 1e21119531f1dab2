/** A chart in its card: its parts are made when it comes near the window, and its series are loaded then. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { oneAtATime } from "../model/turns";
import { errorText } from "../parts/basics";
import { useDrag } from "../parts/drag";
import { dark } from "../state/settings";
import { t } from "../words";
import { copyLink } from "./chart_address";
import { ChartHead } from "./chart_head";
import type { Box, CardProps, ChartProps } from "./chart_props";
import { buildCurves, type Curve, loadSeries, type SeriesMap } from "./curves";
import { emphasised } from "./emphasis";
import { type Cursor, Legend, Tip } from "./legend";
import { colours } from "./palette";
import { axisName, Plot } from "./plot";
import { xRange, yRange } from "./ranges";
import { nearestCurve, nextPlace } from "./readings";
import { sentence } from "./sentence";
import { useVisible } from "./visible";

const HEIGHT = 210;
const LARGE_HEIGHT = 440;
/** What a chart in full screen leaves to its head and legend. */
export const FULL_MARGIN = 130;
const ZOOM_KEYS = ["+", "=", "-"];

interface Loaded {
  series: SeriesMap | null;
  error: unknown;
  again: () => void;
}

type Asked = Pick<ChartProps, "wishes" | "view" | "starts" | "version">;

/** The series of wishes, asked for while they are in sight and again when what is asked changes. */
export function useSeries(props: Asked, visible: boolean, points: number): Loaded {
  const { wishes, view, version } = props;
  const [loaded, setLoaded] = useState<{ series: SeriesMap | null; error: unknown }>({ series: null, error: null });
  const latest = useRef(props);
  latest.current = props;
  const ask = useRef(() => {});
  // In any order and in any groups: the answer is the same.
  const asked = wishes.flatMap((wish) => wish.trials.map((trial) => `${trial} ${wish.metric}`)).sort();
  const key = JSON.stringify([asked, view.x, view.zoom, points]);
  const isWanted = visible && points > 0;
  const shown = useRef("");
  // `key` and the version are all that matters of them.
  useEffect(() => {
    if (!isWanted) return;
    const stop = new AbortController();
    ask.current = oneAtATime(stop.signal, async () => {
      const { wishes, view, starts, version } = latest.current;
      try {
        const series = await loadSeries({ wishes, view, points, starts });
        if (stop.signal.aborted) return;
        shown.current = `${version} ${key}`;
        setLoaded({ series, error: null });
      } catch (error) {
        if (!stop.signal.aborted && !isAbort(error)) setLoaded((old) => ({ ...old, error }));
      }
    });
    return () => stop.abort();
  }, [key, isWanted]);
  useEffect(() => {
    if (isWanted && shown.current !== `${version} ${key}`) ask.current();
  }, [key, isWanted, version]);
  return { ...loaded, again: () => ask.current() };
}

function heightOf(size: ChartProps["size"]): number {
  if (size === "full") return Math.max(HEIGHT, innerHeight - FULL_MARGIN);
  return size === "large" ? LARGE_HEIGHT : HEIGHT;
}

/** Up to how many points a curve has: about one a pixel, fewer where there are many curves. */
export function pointsFor(width: number, trials: number): number {
  if (width === 0) return 0;
  const each = width / (trials > 100 ? 4 : trials > 12 ? 2 : 1);
  return Math.min(2000, Math.max(200, Math.ceil(each / 100) * 100));
}

/** The place of a chart, with its name; what is in it is made when it comes near the window. */
export function Chart(props: ChartProps) {
  const card = useRef<HTMLElement>(null);
  const visible = useVisible(card) && !props.covered;
  const [wasVisible, setWasVisible] = useState(false);
  if (visible && !wasVisible) setWasVisible(true);
  const { name, size, place } = props;
  const drag = useDrag(place ? { kind: "chart", name, along: "x", drop: place.drop } : null);
  const look = `chart ${size}${drag.side ? ` drop-${drag.side}` : ""}`;
  return (
    <section class={look} ref={card} aria-label={name} data-chart={name} {...drag.target}>
      {wasVisible ? (
        <Card {...props} card={card} visible={visible} handle={drag.handle} />
      ) : (
        <>
          <h3 class="clip chart-name">{name}</h3>
          <div class="chart-space" />
        </>
      )}
    </section>
  );
}

/** The width of an element, as it changes. */
export function useWidth(place: Box<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const watcher = new ResizeObserver(() => setWidth(Math.floor(box.clientWidth)));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);
  return width;
}

function Card(props: CardProps) {
  const { name, wishes, view, size, visible } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const width = useWidth(place);
  const cursor = useMemo(() => signal<Cursor | null>(null), []);
  /** A key that was pressed before there was a plot to take it. */
  const early = useRef("");
  const told = useId();
  const trials = wishes.reduce((sum, wish) => sum + wish.trials.length, 0);
  const { series, error, again } = useSeries(props, visible, pointsFor(width, trials));
  const look = JSON.stringify(wishes.map((wish) => [wish.key, wish.label, wish.stroke, wish.trials, wish.lasts]));
  // The wishes by what is seen of them; what is out of sight waits.
  const made = useRef<Curve[]>([]);
  const curves = useMemo(() => {
    if (visible) made.current = series ? buildCurves(wishes, series, view.smooth) : [];
    return made.current;
  }, [series, view.smooth, look, visible]);
  const height = heightOf(size);
  const ranges = useMemo(() => {
    const x = xRange(curves, view);
    return { x, y: yRange(curves, x, view, name) };
  }, [curves, view]);
  const shown = curves.length > 0 && ranges.y !== null;
  usePlot(props, { place, plot, width, height, visible: visible && shown, cursor });
  useEffect(() => {
    if (!ranges.y || !plot.current) return;
    plot.current.show({ curves, x: ranges.x, y: ranges.y });
    const key = early.current;
    early.current = "";
    if (key) plot.current.key(key);
  });
  const keys = useKeys(props, { plot, early, cursor, curves });
  return (
    <>
      <ChartHead {...props} curves={curves} plot={plot} />
      <div
        class="chart-place"
        ref={place}
        tabIndex={0}
        role="group"
        aria-label={t("chart.label", { name, x: axisName(view.x) })}
        aria-describedby={told}
        aria-keyshortcuts={props.place && "Alt+ArrowLeft Alt+ArrowRight"}
        onKeyDown={keys}
        onBlur={() => setCursor(cursor, null)}
        style={{ height: `${height}px` }}
      >
        {!shown && <Nothing series={series} error={error} again={again} noLog={curves.length > 0} />}
      </div>
      <p class="told" id={told}>
        {shown && sentence(curves, name, view, ranges.x)}
      </p>
      <Legend curves={curves} cursor={cursor} view={view} ranges={ranges} />
      <Tip curves={curves} cursor={cursor} view={view} plot={plot} />
    </>
  );
}

interface Parts {
  plot: Box<Plot>;
  early: { current: string };
  cursor: Signal<Cursor | null>;
  curves: Curve[];
}

/** What the keys do on a chart that has the focus. */
function useKeys(props: ChartProps, { plot, early, cursor, curves }: Parts): (event: KeyboardEvent) => void {
  const { size, resize, link, isFixed, pin, place } = props;
  const actions: Record<string, () => void> = {
    ...(isFixed ? {} : { e: () => resize(size === "large" ? "small" : "large") }),
    f: () => resize(size === "full" ? "small" : "full"),
    l: () => copyLink(link()),
    ...(pin ? { p: pin } : {}),
    ",": () => stepTo(-1),
    ".": () => stepTo(1),
  };
  const stepTo = (way: 1 | -1) => {
    const curve = curves.find(({ line }) => line === emphasised.peek()) ?? curves[0];
    if (!curve || !plot.current) return;
    plot.current.point(nextPlace(curve, cursor.peek()?.x ?? null, way, plot.current.current.x));
  };
  const steps: Record<string, 1 | -1> = { ArrowLeft: -1, ArrowRight: 1 };
  return (event) => {
    const step = event.altKey ? steps[event.key] : undefined;
    if (step && place) {
      event.preventDefault(); // it would go back in the browser
      place.step(step);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as HTMLElement).closest("button, a, input")) return;
    if (!plot.current && ZOOM_KEYS.includes(event.key)) early.current = event.key;
    const action = actions[event.key];
    if (action) action();
    else if (event.key === "Escape" && size === "full") resize("small");
    else if (!plot.current?.key(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function setCursor(cursor: Signal<Cursor | null>, value: Cursor | null): void {
  const before = cursor.peek();
  if (before !== value && !(before && value && JSON.stringify(before) === JSON.stringify(value))) cursor.value = value;
  if (!value && before?.here) emphasised.value = null;
}

interface Places {
  place: Box<HTMLDivElement>;
  plot: Box<Plot>;
  width: number;
  height: number;
  visible: boolean;
  cursor: Signal<Cursor | null>;
}

/** Make the plot when there is something to show, again when axes or colours change; let it go out of sight. */
function usePlot(props: ChartProps & { card: Box<HTMLElement> }, places: Places): void {
  const { view, name, card } = props;
  const { place, plot, width, height, visible, cursor } = places;
  const zoom = useRef(props.zoom);
  zoom.current = props.zoom;
  const make = visible && width > 0;
  const look = dark.value;
  // Sizes are changed below, without making it anew.
  useEffect(() => {
    if (!make || !place.current || !card.current) return;
    let next: Cursor | null = null;
    let frame = 0;
    const made = new Plot(place.current, width, height, {
      axis: view.x,
      logX: view.logX,
      logY: view.logY,
      look: colours(card.current),
      sync: `charts ${view.x}`,
      onZoom: (x, y) => zoom.current(name, x, y),
      onCursor: (x, top, here) => {
        next = x === null ? null : { x, top, here };
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => follow(made, cursor, next));
      },
    });
    plot.current = made;
    return () => {
      cancelAnimationFrame(frame);
      setCursor(cursor, null);
      plot.current = null;
      made.destroy();
    };
  }, [make, view.x, view.logX, view.logY, look]);
  useEffect(() => {
    if (width > 0) plot.current?.resize(width, height);
  }, [width, height]);
}

/** Let the numbers follow the pointer, and the curve nearest to it stand out in all charts. */
function follow(plot: Plot, cursor: Signal<Cursor | null>, next: Cursor | null): void {
  if (next?.here && next.top >= 0) {
    const near = nearestCurve(plot.current.curves, plot.frame(), next.x, next.top);
    emphasised.value = near?.curve.line ?? null;
    plot.mark(near && { x: near.reading.x, y: near.y });
  }
  setCursor(cursor, next);
}

interface NothingProps {
  series: SeriesMap | null;
  error: unknown;
  again: () => void;
  noLog: boolean;
}

export function Nothing({ series, error, again, noLog }: NothingProps) {
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
