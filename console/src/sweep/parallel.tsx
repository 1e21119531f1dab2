/** Parallel coordinates: a line a trial across axes of parameters and the target; ranges on the axes choose trials. */

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Brush, withBrush } from "../model/brushes";
import { formatRoute } from "../model/route";
import { scaleOf } from "../model/scale";
import { type FieldData, firstAxes } from "../model/sweep";
import { pointed } from "../state/pointed";
import { go, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { locale, t } from "../words";
import { AXIS, type AxisData } from "./axes";
import { Axis } from "./axis";
import { drawLine, drawLines, faintColour, type LinesPicture, nearestLine, prepared, shadesOf } from "./canvas";
import { ColourScale } from "./colour_scale";
import type { SweepData } from "./data";
import { FieldChoice, fieldLabel, leftOut, shownValue } from "./fields";
import { Picture } from "./picture";
import { type SweepView, setAxes, setBrushes } from "./view";
import { useWidth } from "./width";

const SIDE = 60;
/** An axis has at least this width; more of them scroll. */
const LEAST_WIDTH = 104;

/** The axes that are shown: those chosen, or the first that tell something, with the target. */
export function axesOf(data: SweepData, view: SweepView, width: number): string[] {
  if (view.axes) return view.axes;
  const most = Math.max(2, Math.min(9, Math.floor((width || 900) / 130) - 1));
  const fields = data.fields.parameters.map((name) => data.field(`params.${name}`));
  return firstAxes(fields, data.target?.data.id ?? "", most).filter(Boolean);
}

export function Parallel({ data, view }: { data: SweepData; view: SweepView }) {
  const [box, seen] = useWidth();
  const ids = axesOf(data, view, seen);
  const width = seen && Math.max(seen, 2 * SIDE + (ids.length - 1) * LEAST_WIDTH);
  const key = ids.join();
  const language = locale();
  const axes = useMemo(() => {
    const step = ids.length > 1 ? (width - 2 * SIDE) / (ids.length - 1) : 0;
    return ids.map((id, at): AxisData => {
      const field = data.field(id);
      const x = ids.length > 1 ? SIDE + at * step : width / 2;
      return { id, field, scale: scaleOf(field, 6, language), x, length: AXIS.height - AXIS.top - AXIS.bottom };
    });
  }, [key, data.field, width, language]);
  const isDark = dark.value;
  const tint = view.shade ? data.field(view.shade) : (data.target?.data ?? null);
  const picture = useMemo(
    () => pictureOf(data, axes, tint, isDark),
    [data.trials, data.target?.data, data.within, axes, tint, isDark],
  );
  const addable = [...data.fields.parameters.map((name) => `params.${name}`), "duration", "started"];
  const missing = addable.filter((id) => !ids.includes(id));
  const brush = (field: string, next: Brush | null) => setBrushes(withBrush(view.brushes, field, next));
  const move = (from: number, to: number) => {
    const next = ids.filter((_, at) => at !== from);
    next.splice(Math.max(0, Math.min(next.length, to)), 0, ids[from] as string);
    setAxes(next);
  };
  return (
    <Picture
      title={t("sweep.parallel")}
      told={sentence(data, axes)}
      notes={axes.flatMap(({ field }) => leftOut(field))}
      table={{ fields: axes.map(({ field }) => field), data }}
      scene={(part, look) => (width > 0 ? part.linesScene({ axes, picture, width, tint }, look) : null)}
      tools={
        <>
          <FieldChoice
            label={t("sweep.scatter.colour")}
            value={tint?.id ?? ""}
            fields={data.fields}
            withFacts
            choose={(id) => setQuery({ shade: id === data.target?.data.id ? null : id })}
          />
          {missing.length > 0 && (
            <label class="field-choice">
              <span class="told">{t("sweep.axis.add")}</span>
              <select
                value=""
                onChange={(event) => event.currentTarget.value && setAxes([...ids, event.currentTarget.value])}
              >
                <option value="">{t("sweep.axis.add")}</option>
                {missing.map((id) => (
                  <option key={id} value={id}>
                    {fieldLabel(id)}
                  </option>
                ))}
              </select>
            </label>
          )}
        </>
      }
    >
      <div class="parallel-scroll" ref={box}>
        <Lines data={data} axes={axes} picture={picture} width={width}>
          {axes.map((axis, at) => (
            <Axis
              key={axis.id}
              axis={axis}
              at={at}
              count={axes.length}
              xs={picture.xs}
              brush={view.brushes.find(({ field }) => field === axis.id) ?? null}
              choose={(next) => brush(axis.id, next)}
              move={(to) => move(at, to)}
              remove={() => setAxes(ids.filter((id) => id !== axis.id))}
            />
          ))}
        </Lines>
      </div>
      {tint && <ColourScale field={tint} isDark={isDark} />}
    </Picture>
  );
}

function pictureOf(data: SweepData, axes: AxisData[], tint: FieldData | null, isDark: boolean): LinesPicture {
  const { target, within, trials } = data;
  const ys = axes.map(({ field, scale, length }) =>
    Float32Array.from(field.numbers, (value) =>
      Number.isFinite(value) ? AXIS.top + (1 - scale.of(value)) * length : AXIS.top + length + AXIS.nowhere,
    ),
  );
  const colours = shadesOf(tint, tint && scaleOf(tint, 6), trials.length, isDark);
  const worth = (at: number) => {
    const value = target?.data.numbers[at] ?? Number.NaN;
    return Number.isFinite(value) ? (target?.way === "min" ? -value : value) : Number.NEGATIVE_INFINITY;
  };
  const worths = Float64Array.from(trials, (_, at) => worth(at));
  const order = [...trials.keys()].sort((one, other) => compared(worths[one] as number, worths[other] as number));
  return { xs: axes.map(({ x }) => x), ys, colours, within, order };
}

function compared(one: number, other: number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function sentence(data: SweepData, axes: AxisData[]): string {
  const names = axes.map(({ id }) => fieldLabel(id)).join(", ");
  return t("sweep.parallel.told", { n: data.inside, all: data.trials.length, names });
}

interface LinesProps {
  data: SweepData;
  axes: AxisData[];
  picture: LinesPicture;
  width: number;
  children: preact.ComponentChildren;
}

/** The lines, drawn once, and above them the one under the pointer. */
function Lines({ data, axes, picture, width, children }: LinesProps) {
  const [lines, mark] = [useRef<HTMLCanvasElement>(null), useRef<HTMLCanvasElement>(null)];
  const place = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<{ trial: number; x: number; y: number } | null>(null);
  const isDark = dark.value;
  useLayoutEffect(() => {
    const ctx = prepared(lines.current, width, AXIS.height);
    if (ctx && picture.xs.length) drawLines(ctx, picture, faintColour(isDark));
  }, [picture, width, isDark]);
  const shown = useRef(picture);
  shown.current = picture;
  useSignalEffect(() => {
    const id = pointed.value;
    const ctx = prepared(mark.current, width, AXIS.height);
    const trial = id === null ? -1 : data.trials.findIndex((one) => one.id === id);
    if (ctx && trial >= 0 && shown.current.xs.length)
      drawLine(ctx, shown.current, trial, getComputedStyle(mark.current as Element).getPropertyValue("--card"));
  });
  const near = (event: PointerEvent | MouseEvent) => {
    const box = place.current?.getBoundingClientRect();
    // By the path: what was pressed in a menu is gone by now.
    const isOnAxis = event.composedPath().some((one) => one instanceof Element && one.matches(".axis"));
    if (!box || isOnAxis) return { trial: -1, x: 0, y: 0 };
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { trial: axes.length > 1 ? nearestLine(picture, x, y) : -1, x, y };
  };
  const follow = (event: PointerEvent) => {
    const here = near(event);
    pointed.value = data.trials[here.trial]?.id ?? null;
    setTip(here.trial < 0 ? null : here);
  };
  const open = (event: MouseEvent) => {
    const trial = data.trials[near(event).trial];
    if (trial) go(formatRoute("trials", trial.id));
  };
  const leave = () => {
    pointed.value = null;
    setTip(null);
  };
  /** Arrows go from line to line, the best first; Enter opens the trial. */
  const keys = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const trial = way ? nextOf(picture, tip?.trial ?? -1, way) : -1;
    if (trial >= 0) {
      pointed.value = data.trials[trial]?.id ?? null;
      setTip({ trial, x: width / 2, y: AXIS.top });
    } else if (event.key === "Enter" && tip) go(formatRoute("trials", data.trials[tip.trial]?.id ?? ""));
    else return;
    event.preventDefault();
  };
  return (
    <div
      class={`parallel${tip ? " pointing" : ""}`}
      ref={place}
      role="group"
      tabIndex={0}
      aria-label={t("sweep.parallel.keys")}
      onKeyDown={keys}
      onBlur={leave}
      style={{ width: `${width}px`, height: `${AXIS.height}px` }}
      onPointerMove={follow}
      onPointerLeave={leave}
      onClick={open}
    >
      <canvas ref={lines} aria-hidden="true" />
      <canvas ref={mark} aria-hidden="true" />
      {children}
      <div aria-live="polite">{tip && <LineTip data={data} axes={axes} width={width} {...tip} />}</div>
    </div>
  );
}

/** The next line in the order from the best on, of those within. */
function nextOf({ order, within }: LinesPicture, from: number, way: number): number {
  const seen = order.filter((trial) => within[trial]).reverse();
  const at = seen.indexOf(from);
  return seen[at < 0 ? 0 : Math.max(0, Math.min(seen.length - 1, at + way))] ?? -1;
}

interface TipProps {
  data: SweepData;
  axes: AxisData[];
  trial: number;
  x: number;
  y: number;
  width: number;
}

function LineTip({ data, axes, trial, x, y, width }: TipProps) {
  const one = data.trials[trial];
  if (!one) return null;
  const side = x < width / 2 ? { left: `${x + 16}px` } : { right: `${width - x + 16}px` };
  return (
    <div
      class="tip"
      role="presentation"
      style={{ ...side, top: `${Math.max(0, Math.min(y, AXIS.height - 34 - 19 * axes.length))}px` }}
    >
      <b>{one.name}</b>
      {axes.map(({ id, field }) => (
        <div key={id} class="legend-one">
          <span class="clip">{fieldLabel(id)}</span>
          <b>{shownValue(field, field.numbers[trial] as number)}</b>
        </div>
      ))}
    </div>
  );
}
