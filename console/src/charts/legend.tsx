/** What a chart says in numbers: its last values, and what is under the cursor. */

import type { Signal } from "@preact/signals";
import { formatNumber } from "../model/format";
import { BothEnds, Names } from "../parts/basics";
import { locale, t } from "../words";
import type { Curve } from "./curves";
import { emphasised } from "./emphasis";
import { toX, toY } from "./outline";
import { axisName, cursorText, type Plot } from "./plot";
import { outside, type Range } from "./ranges";
import { lastText, type Reading, readingAt, readingNote, roomOf } from "./readings";
import type { ChartView } from "./view";

export const LEGEND_UP_TO = 6;
const TIP_ROWS = 12;

export interface Cursor {
  x: number;
  top: number;
  here: boolean;
}

export function Swatch({ curve }: { curve: Pick<Curve, "stroke"> }) {
  return (
    <svg class="swatch" width="20" height="8" viewBox="0 0 20 8" aria-hidden="true">
      <path
        d="M1 4h18"
        stroke={curve.stroke.colour}
        stroke-dasharray={curve.stroke.dash.join(" ")}
        style={{ strokeWidth: curve.stroke.width }}
      />
    </svg>
  );
}

interface LegendProps {
  curves: Curve[];
  cursor: Signal<Cursor | null>;
  view: ChartView;
  ranges: { x: Range; y: Range | null };
}

export function Legend({ curves, cursor, view, ranges }: LegendProps) {
  const at = cursor.value;
  const nan = curves.reduce((sum, curve) => sum + curve.nan, 0);
  const few = curves.length <= LEGEND_UP_TO;
  const readings = at && few ? curves.map((curve) => readingAt(curve, at.x, roomOf(curve))) : [];
  const notes = curves.map((curve, place) => (readings[place] ? readingNote(curve, readings[place]) : ""));
  const common = commonNote(notes);
  const isGroup = curves.some((curve) => curve.of === "trials");
  return (
    <div class={`legend${isGroup ? " rows" : ""}`}>
      {few && (
        <Names names={curves.map(({ short }) => short)}>
          {curves.map((curve, place) => (
            <Entry
              key={curve.key}
              curve={curve}
              text={at ? formatNumber(readings[place]?.value) : lastText(curve.last)}
              note={common ? "" : (notes[place] ?? "")}
            />
          ))}
        </Names>
      )}
      <span class="legend-x clip">
        {!at && ranges.y && <Outside curves={curves} x={ranges.x} y={ranges.y} view={view} />}
        {nan > 0 && !at && <span class="nan">× {t("chart.nan", { n: nan.toLocaleString("en-US") })}</span>}
        {at && <CursorText view={view} x={at.x} note={common} />}
      </span>
    </div>
  );
}

/** What all numbers are the mean of, where that is the same for all; it is said once then. */
function commonNote(notes: string[]): string {
  const said = new Set(notes.filter(Boolean));
  return said.size === 1 ? ([...said][0] as string) : "";
}

function CursorText({ view, x, note }: { view: ChartView; x: number; note: string }) {
  return (
    <>
      <span>{`${axisName(view.x)} ${cursorText(view.x, x, locale())}`}</span>
      {note && <small> · {note}</small>}
    </>
  );
}

/** Where a range was chosen or outliers are left out: how many curves go on beyond. */
function Outside({ curves, x, y, view }: { curves: Curve[]; x: Range; y: Range; view: ChartView }) {
  if (!view.outliers && !view.y.size) return null;
  const { above, below } = outside(curves, x, y);
  if (!above && !below) return null;
  return (
    <span class="soft">
      {above > 0 && `▲ ${t("chart.above", { n: above })} `}
      {below > 0 && `▼ ${t("chart.below", { n: below })} `}
    </span>
  );
}

function Entry({ curve, text, note }: { curve: Curve; text: string; note: string }) {
  return (
    <span class="legend-one">
      <Swatch curve={curve} />
      <span class="clip" title={curve.label}>
        <BothEnds text={curve.short} />
      </span>
      <b>{text}</b>
      {note && <small>{note}</small>}
    </span>
  );
}

interface TipProps {
  curves: Curve[];
  cursor: Signal<Cursor | null>;
  view: ChartView;
  plot: { current: Plot | null };
}

interface TipRow {
  curve: Curve;
  reading: Reading;
  away: number;
}

/** With many curves: those nearest to the pointer. */
export function Tip({ curves, cursor, view, plot }: TipProps) {
  const at = cursor.value;
  const drawn = plot.current;
  if (!at?.here || !drawn || curves.length <= LEGEND_UP_TO) return null;
  const frame = { ...drawn.frame(), top: 0 };
  const down = toY(frame);
  const rows = curves
    .flatMap((curve): TipRow[] => {
      const reading = readingAt(curve, at.x, roomOf(curve));
      if (!reading || !Number.isFinite(reading.value)) return [];
      return [{ curve, reading, away: at.top < 0 ? 0 : Math.abs(down(reading.smoothed ?? reading.value) - at.top) }];
    })
    .sort((one, other) => one.away - other.away)
    .slice(0, TIP_ROWS)
    .sort((one, other) => other.reading.value - one.reading.value);
  const left = toX(frame)(at.x);
  const isRight = left <= drawn.size[0] / 2;
  const strong = emphasised.value;
  const notes = rows.map(({ curve, reading }) => readingNote(curve, reading));
  const common = commonNote(notes);
  return (
    <div
      class="tip"
      role="presentation"
      style={isRight ? { left: `${left + 26}px` } : { right: `${drawn.size[0] - left + 26}px` }}
    >
      <div class="soft">
        <CursorText view={view} x={at.x} note={common} />
      </div>
      <Names names={rows.map(({ curve }) => curve.short)}>
        {rows.map(({ curve, reading }, place) => (
          <div key={curve.key} class={`legend-one${curve.line === strong ? " strong" : ""}`}>
            <Swatch curve={curve} />
            <span class="clip" title={curve.label}>
              <BothEnds text={curve.short} />
            </span>
            <b>{formatNumber(reading.value)}</b>
            {!common && <small>{notes[place]}</small>}
          </div>
        ))}
      </Names>
    </div>
  );
}
