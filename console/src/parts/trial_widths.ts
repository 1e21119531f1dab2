/** How wide the columns of a list of trials are, and which of them hold numbers. */

import { useMemo, useRef } from "preact/hooks";
import type { Trial } from "../api/types";
import { type Column, parameterOf } from "../model/columns";
import { formatNumber, formatValue, isNumber } from "../model/format";
import { nameFamily, partsIn, tellingPart } from "../model/name_parts";
import { grown, parseWidths, withShortNames } from "../model/widths";
import { baseline } from "../state/baseline";
import { wayOf } from "../state/directions";
import { route } from "../state/route";
import { t } from "../words";
import { isBaseline, metricText } from "./baseline";

const FACT_WIDTHS: Record<string, number> = {
  state: 128,
  started: 104,
  duration: 104,
  owner: 100,
  tags: 150,
  note: 200,
  reason: 200,
  folder: 170,
};
const SAMPLE = 60;
const AGAIN = 300;
/** Below this width, in pixels, names give way to numbers. */
export const NARROW = 600;
const NARROW_STATE = 44;
const PADDING = 26;
const NAN_ROOM = 30;
const STAR_ROOM = 14;
const BASELINE_ROOM = 92;
/** What `with-lines` adds to the first column. */
const LINE_ROOM = 40;
const NAME = 340;

interface Measured {
  key: string;
  rows: number;
  widths: number[];
}

/**
 * Widths by what the rows hold: a number is measured, and never cut. Columns only grow while one scrolls, and are as wide
 * as somebody made them.
 *
 * @param width The width of the table, in pixels.
 * @param hasLines Whether rows begin with the lines of their trials in the charts.
 */
export function useWidths(
  trials: Trial[],
  columns: Column[],
  width: number,
  hasNan: boolean,
  hasLines: boolean,
): number[] {
  const narrow = width < NARROW ? width : null;
  const room = width - (hasLines ? LINE_ROOM : 0);
  const key = `${columns.map((column) => column.id).join()} ${narrow !== null} ${baseline.value?.trial.id}`;
  const kept = useRef<Measured>({ key: "", rows: 0, widths: [] });
  const needed = useMemo(() => {
    const before = kept.current.key === key ? kept.current : { key, rows: 0, widths: columns.map(() => 0) };
    const fresh = trials.length > before.rows ? trials.slice(before.rows) : trials.slice(0, AGAIN);
    const widths = columns.map((column, at) =>
      Math.max(before.widths[at] as number, widthOf(column, fresh, before.rows === 0, narrow)),
    );
    kept.current = { key, rows: trials.length, widths };
    return widths;
    // A sign beside the state, where a metric is not finite, has room of its own.
  }, [key, trials, narrow]);
  const whole = needed.map((one, at) => one + roomBeside(columns[at]?.id, trials, hasNan));
  const name = columns.findIndex((column) => column.id === "name");
  const least = useMemo(() => telling(trials.slice(0, SAMPLE)), [trials.length]);
  const shared = grown(narrow === null ? withShortNames(whole, name, room, least) : whole, room);
  const chosen = parseWidths(route.value.query.get("widths"));
  return shared.map((one, at) => chosen.get(columns[at]?.id ?? "") ?? one);
}

/** How wide a column is in which names are told apart, as wide as names may be at most. */
function telling(trials: Trial[]): number {
  const names = trials.map((trial) => trial.name);
  const family = nameFamily(names);
  const least = names.map((name) => textWidth(tellingPart(partsIn(family, name)), true));
  return Math.min(NAME, Math.max(0, ...least) + PADDING);
}

/** The room of a sign beside what a column has: NaN beside the state, the word for the baseline beside its name. */
function roomBeside(id: string | undefined, trials: Trial[], hasNan: boolean): number {
  if (id === "state") return hasNan ? NAN_ROOM : 0;
  return id === "name" && trials.some(isBaseline) ? BASELINE_ROOM : 0;
}

function widthOf(column: Column, trials: Trial[], isFirst: boolean, narrow: number | null): number {
  const head = isFirst ? textWidth(columnLabel(column), true) + PADDING + 18 : 0;
  if (column.kind === "fact" && column.fact !== "name") {
    if (narrow !== null && column.fact === "state") return NARROW_STATE;
    return Math.max(FACT_WIDTHS[column.fact] ?? 120, head);
  }
  if (column.kind === "fact") {
    const name = isFirst ? Math.max(...trials.slice(0, SAMPLE).map((trial) => textWidth(trial.name, true)), 0) : 0;
    return Math.min(narrow === null ? NAME : narrow * 0.42, Math.max(narrow === null ? 180 : 90, name + PADDING));
  }
  let [number, text] = [0, 0];
  for (const trial of trials) {
    const value =
      column.kind === "metric"
        ? trial.metrics[column.name]?.[column.aggregate]
        : parameterOf(trial.parameters, column.name);
    const isOfNumbers = isNumber(value);
    const plain = isOfNumbers ? formatNumber(Number(value)) : formatValue(value);
    const shown = column.kind === "metric" ? metricText(trial, column.name, column.aggregate) : plain;
    if (column.kind === "metric" || isOfNumbers) number = Math.max(number, textWidth(shown, false));
    else text = Math.max(text, textWidth(shown, false));
  }
  const star = column.kind === "metric" && wayOf(column.name) ? STAR_ROOM : 0;
  return Math.ceil(Math.max(Math.min(190, Math.max(72, head, text + PADDING)), number + star + PADDING));
}

let ruler: CanvasRenderingContext2D | null = null;
let font = "";

/** The width of a text in the table, in pixels; all digits are as wide as a zero there. */
function textWidth(text: string, isBold: boolean): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * 8;
  if (!font) {
    const { fontFamily, fontSize } = getComputedStyle(document.body);
    font = `${fontSize} ${fontFamily}`;
  }
  ruler.font = isBold ? `600 ${font}` : font;
  return ruler.measureText(text.replace(/\d/g, "0")).width;
}

export function columnLabel(column: Column): string {
  if (column.kind === "fact") return t(`column.${column.fact}`);
  if (column.kind === "parameter") return column.name;
  return column.aggregate === "last" ? column.name : `${column.name} ${t(`metric.${column.aggregate}`).toLowerCase()}`;
}

/** Whether a column holds numbers: then they, and its head, are at its right. */
export function isNumeric(column: Column, trials: Trial[]): boolean {
  if (column.kind === "metric") return true;
  if (column.kind === "fact") return column.fact === "started" || column.fact === "duration";
  const values = trials.slice(0, SAMPLE).map((trial) => parameterOf(trial.parameters, column.name));
  const present = values.filter((value) => value !== undefined && value !== null);
  return present.length > 0 && present.every(isNumber);
}
