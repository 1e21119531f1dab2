/** A heat map: a row for each metric, steps from left to right, colours for values, the exact number under the cursor. */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../model/format";
import { IconButton } from "../parts/basics";
import { Menu } from "../parts/menu";
import { dark } from "../state/settings";
import { locale, t } from "../words";
import { FULL_MARGIN, Nothing, pointsFor, useSeries, useWidth } from "./chart";
import { copyLink } from "./chart_address";
import type { ChartProps } from "./chart_props";
import { buildCurves, type Curve } from "./curves";
import { saved } from "./files";
import { type Cells, cellReading, cellsOf, colourRange, placeOf } from "./heat_cells";
import { GUTTER_TOP, gutterOf, type HeatFrame, paintHeat } from "./heat_paint";
import { colours, rampColour } from "./palette";
import { axisName, cursorText } from "./plot";
import { type Range, xRange } from "./ranges";
import { readingNote } from "./readings";
import type { ChartView } from "./view";
import { useVisible } from "./visible";

/** A cell is about so wide, and a row so high, where there is room. */
const CELL = 3;
const [ROW_LEAST, ROW_MOST, HEIGHT] = [4, 24, 420];

type HeatProps = Pick<ChartProps, "name" | "wishes" | "view" | "starts" | "version" | "resize" | "link"> & {
  /** Whether it fills the screen. */
  isFull: boolean;
};

interface Place {
  row: number;
  column: number;
}

export function HeatMap(props: HeatProps) {
  const { name, wishes, view, isFull, resize, link } = props;
  const card = useRef<HTMLElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const told = useId();
  const visible = useVisible(card);
  const width = useWidth(place);
  const { series, error, again } = useSeries(props, visible, pointsFor(width, wishes.length));
  const curves = useMemo(() => (series ? buildCurves(wishes, series, view.smooth) : []), [series, wishes, view.smooth]);
  const [at, setAt] = useState<Place | null>(null);
  const drawn = useMemo(
    () => (width > 0 && curves.length ? drawnOf(curves, view, width, isFull) : null),
    [curves, view, width, isFull],
  );
  const isDark = dark.value;
  useEffect(() => {
    if (drawn?.range && canvas.current && card.current)
      paintHeat(canvas.current, drawn.frame, {
        ...drawn,
        range: drawn.range,
        curves,
        isDark,
        ink: colours(card.current).ink,
      });
  }, [drawn, isDark]);
  const shown = drawn?.range ? drawn : null;
  const text = shown && at ? cellText(curves, shown, at, view) : "";
  const file = name.replaceAll("/", "");
  const picture = (kind: "png" | "svg") => {
    const [drawing, box, range] = [canvas.current, card.current, shown?.range];
    if (!drawing || !box || !shown || !range) return;
    const [ends, look] = [range.map(formatNumber) as [string, string], colours(box)];
    saved((part) => {
      if (kind === "png") return part.saveHeatPng(drawing, file, look, ends, isDark);
      return part.saveHeatSvg(drawing, file, look, {
        frame: shown.frame,
        curves,
        painted: { ...shown, range, isDark },
        ends,
      });
    });
  };
  return (
    <section class={`chart ${isFull ? "full" : "large"} metric-heat`} ref={card} aria-label={name} data-chart={name}>
      <div class="chart-head">
        <h3 class="clip" title={name}>
          {name}
        </h3>
        <IconButton icon="link" label={`${t("chart.link")}: ${name}`} onClick={() => copyLink(link())} />
        <IconButton
          icon={isFull ? "close" : "full"}
          label={t(isFull ? "chart.full.end" : "chart.full", { name })}
          onClick={() => resize(isFull ? "small" : "full")}
        />
        <Menu
          icon="download"
          label={t("chart.download", { name })}
          items={[
            ...(shown
              ? [
                  { label: t("chart.png"), action: () => picture("png") },
                  { label: t("chart.svg"), action: () => picture("svg") },
                ]
              : []),
            { label: t("chart.csv"), action: () => saved((part) => part.saveCsv(curves, file, props)) },
          ]}
        />
      </div>
      <div
        class="heat-place"
        ref={place}
        tabIndex={0}
        role="group"
        aria-label={t("heat.label", { name, x: axisName(view.x) })}
        aria-describedby={told}
        style={{ height: `${shown?.frame.height ?? 210}px` }}
        onKeyDown={(event) => {
          if (event.key === "l") copyLink(link());
          else if (event.key === "f") resize(isFull ? "small" : "full");
          else if (shown) onKey(event, shown, at, setAt);
        }}
        onBlur={() => setAt(null)}
        onPointerMove={(event) => shown && setAt(placeAt(event, shown.frame))}
        onPointerLeave={() => setAt(null)}
      >
        {shown ? <canvas ref={canvas} /> : <Nothing series={series} error={error} again={again} noLog={!!drawn} />}
        {shown && at && <div class="heat-cell" style={boxOf(shown.frame, at)} />}
      </div>
      <p class="told" id={told}>
        {shown?.range &&
          t("heat.told", { n: curves.length, low: formatNumber(shown.range[0]), high: formatNumber(shown.range[1]) })}
      </p>
      <div class="legend heat-legend">
        <span role="status">{text}</span>
        {shown?.range && <Scale range={shown.range} isDark={isDark} />}
      </div>
    </section>
  );
}

interface Drawn {
  cells: Cells;
  frame: HeatFrame;
  x: Range;
  range: Range | null;
  logX: boolean;
  logY: boolean;
}

function drawnOf(curves: Curve[], view: ChartView, width: number, isFull: boolean): Drawn {
  const x = xRange(curves, view);
  const left = gutterOf(curves, width);
  const most = Math.max(...curves.map((curve) => curve.x.length));
  const columns = Math.max(1, Math.min(most, Math.floor((width - left) / CELL)));
  const room = isFull ? Math.max(HEIGHT, innerHeight - FULL_MARGIN) : HEIGHT;
  const rowHeight = Math.max(ROW_LEAST, Math.min(isFull ? room : ROW_MOST, room / curves.length));
  const height = GUTTER_TOP + rowHeight * curves.length + 20;
  const cells = cellsOf(curves, columns, x, view.logX);
  const ends: [string, string] = [cursorText(view.x, x[0], locale()), cursorText(view.x, x[1], locale())];
  const frame = { width, height, left, columns, rows: curves.length, rowHeight, ends };
  return { cells, frame, x, range: colourRange(cells, view.logY, view.outliers), logX: view.logX, logY: view.logY };
}

function cellText(curves: Curve[], { frame, x, logX }: Drawn, { row, column }: Place, view: ChartView): string {
  const curve = curves[row];
  if (!curve) return "";
  const reading = cellReading(curve, column, frame.columns, x, logX);
  const value = reading ? formatNumber(reading.value) : t("heat.nothing");
  const note = reading ? readingNote(curve, reading) : "";
  const where = `${axisName(view.x)} ${cursorText(view.x, reading?.x ?? placeOf(column, frame.columns, x, logX), locale())}`;
  return [curve.label, where, value, note].filter(Boolean).join(" · ");
}

function placeAt(event: PointerEvent, frame: HeatFrame): Place | null {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const column = Math.floor(((event.clientX - box.left - frame.left) / (frame.width - frame.left)) * frame.columns);
  const row = Math.floor((event.clientY - box.top - GUTTER_TOP) / frame.rowHeight);
  const isInside = row >= 0 && row < frame.rows && column >= 0 && column < frame.columns;
  return isInside ? { row, column } : null;
}

function boxOf(frame: HeatFrame, { row, column }: Place) {
  const wide = (frame.width - frame.left) / frame.columns;
  return {
    left: `${frame.left + column * wide}px`,
    top: `${GUTTER_TOP + row * frame.rowHeight}px`,
    width: `${wide}px`,
    height: `${frame.rowHeight}px`,
  };
}

/** Arrows move the cursor, from the first row's last cell on. */
function onKey(event: KeyboardEvent, { frame }: Drawn, at: Place | null, set: (place: Place) => void): void {
  const moves: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    Home: [0, -frame.columns],
    End: [0, frame.columns],
  };
  const move = moves[event.key];
  if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const within = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
  const next = at && { row: at.row + move[0], column: at.column + move[1] };
  set(
    next
      ? { row: within(next.row, frame.rows), column: within(next.column, frame.columns) }
      : { row: 0, column: frame.columns - 1 },
  );
}

const STOPS = 12;

/** What the colours mean. */
function Scale({ range, isDark }: { range: Range; isDark: boolean }) {
  const stops = Array.from({ length: STOPS }, (_, at) => rampColour(at / (STOPS - 1), isDark));
  return (
    <span class="heat-scale" aria-hidden="true">
      <b>{formatNumber(range[0])}</b>
      <svg width="96" height="10" aria-hidden="true">
        {stops.map((colour, at) => (
          <rect key={colour} x={at * 8} width="8.5" height="10" fill={colour} />
        ))}
      </svg>
      <b>{formatNumber(range[1])}</b>
    </span>
  );
}
