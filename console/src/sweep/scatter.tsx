/** A scatter chart of any two fields, coloured by a third; a point leads to its trial. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatCorrelation } from "../model/format";
import { spearman } from "../model/ranks";
import { formatRoute } from "../model/route";
import { type Scale, scaleOf } from "../model/scale";
import type { FieldData } from "../model/sweep";
import { pointed } from "../state/pointed";
import { go, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { locale, t } from "../words";
import { type DotsPicture, drawDots, faintColour, nearestDot, prepared, shadesOf } from "./canvas";
import { ColourScale } from "./colour_scale";
import type { SweepData } from "./data";
import type { DotsParts } from "./export";
import { FieldChoice, fieldLabel, leftOut, shownValue } from "./fields";
import { Picture } from "./picture";
import type { SweepView } from "./view";
import { useWidth } from "./width";

const HEIGHT = 300;
const ROOM = { left: 64, right: 16, top: 14, bottom: 30 };
/** Choices are spread a little, so that points on each other can be told apart. */
const SPREAD_PX = 16;

interface Fields {
  across: FieldData;
  up: FieldData;
  tint: FieldData | null;
}

export function Scatter({ data, view }: { data: SweepData; view: SweepView }) {
  const target = data.target?.data.id;
  const parameters = data.fields.parameters.map((name) => `params.${name}`);
  const across = view.across ?? parameters.find((id) => data.field(id).kind === "number") ?? parameters[0] ?? "started";
  const up = view.up ?? target ?? "duration";
  const chosen: Fields = {
    across: data.field(across),
    up: data.field(up),
    tint: view.tint ? data.field(view.tint) : null,
  };
  const shown = [chosen.across, chosen.up, ...(chosen.tint ? [chosen.tint] : [])];
  const drawn = useRef<DotsParts | null>(null);
  return (
    <Picture
      title={t("sweep.scatter")}
      told={sentence(data, chosen)}
      notes={shown.flatMap(leftOut)}
      table={{ fields: shown, data }}
      scene={(part, look) => drawn.current && part.dotsScene(drawn.current, look)}
    >
      <div class="sweep-choices">
        <FieldChoice
          label={t("sweep.scatter.x")}
          value={across}
          fields={data.fields}
          withFacts
          choose={(id) => setQuery({ across: id })}
        />
        <FieldChoice
          label={t("sweep.scatter.y")}
          value={up}
          fields={data.fields}
          withFacts
          choose={(id) => setQuery({ up: id })}
        />
        <FieldChoice
          label={t("sweep.scatter.colour")}
          value={view.tint ?? ""}
          fields={data.fields}
          withFacts
          none={t("sweep.scatter.plain")}
          choose={(id) => setQuery({ tint: id || null })}
        />
      </div>
      <Dots data={data} fields={chosen} drawn={drawn} />
    </Picture>
  );
}

function sentence({ within, inside }: SweepData, { across, up }: Fields): string {
  const of = (field: FieldData) => field.numbers.map((value, at) => (within[at] ? value : Number.NaN));
  const { rho, n } = spearman(of(across), of(up));
  const told = { n, all: inside, x: fieldLabel(across.id), y: fieldLabel(up.id) };
  const isOrdered = across.kind === "number" && up.kind === "number" && rho !== null;
  return isOrdered
    ? t("sweep.scatter.told.rho", { ...told, rho: formatCorrelation(rho) })
    : t("sweep.scatter.told", told);
}

function pictureOf(
  data: SweepData,
  { across, up, tint }: Fields,
  scales: [Scale, Scale],
  width: number,
  isDark: boolean,
): DotsPicture {
  const [long, high] = [width - ROOM.left - ROOM.right, HEIGHT - ROOM.top - ROOM.bottom];
  const spread = (at: number, field: FieldData) =>
    field.kind === "choice" ? (((at * 0.618034) % 1) - 0.5) * SPREAD_PX : 0;
  const place = (field: FieldData, scale: Scale, at: number) => scale.of(field.numbers[at] as number);
  const indices = [...data.trials.keys()];
  return {
    xs: Float32Array.from(
      indices,
      (at) => ROOM.left + 6 + place(across, scales[0], at) * (long - 12) + spread(at, across),
    ),
    ys: Float32Array.from(
      indices,
      (at) => ROOM.top + 6 + (1 - place(up, scales[1], at)) * (high - 12) + spread(at, up),
    ),
    colours: shadesOf(tint, tint && scaleOf(tint, 4), data.trials.length, isDark),
    within: data.within,
  };
}

interface DotsProps {
  data: SweepData;
  fields: Fields;
  /** What is drawn, for a file. */
  drawn: { current: DotsParts | null };
}

function Dots({ data, fields, drawn }: DotsProps) {
  const [box, width] = useWidth();
  const [dots, mark] = [useRef<HTMLCanvasElement>(null), useRef<HTMLCanvasElement>(null)];
  const [tip, setTip] = useState(-1);
  const isDark = dark.value;
  const language = locale();
  const { across, up, tint } = fields;
  const few = Math.max(2, Math.floor(width / 90));
  const scales = useMemo(
    (): [Scale, Scale] => [scaleOf(across, few, language), scaleOf(up, 6, language)],
    [across, up, few, language],
  );
  const picture = useMemo(
    () => pictureOf(data, fields, scales, width, isDark),
    [data.trials, data.within, across, up, tint, scales, width, isDark],
  );
  drawn.current = {
    picture,
    across: { field: across, scale: scales[0] },
    up: { field: up, scale: scales[1] },
    ...frameOf(width),
    tint,
  };
  useLayoutEffect(() => {
    const ctx = prepared(dots.current, width, HEIGHT);
    if (ctx) drawDots(ctx, picture, faintColour(isDark));
  }, [picture, width]);
  const latest = useRef(picture);
  latest.current = picture;
  useSignalEffect(() => {
    const ctx = prepared(mark.current, width, HEIGHT);
    const at = pointed.value === null ? -1 : data.trials.findIndex((trial) => trial.id === pointed.value);
    const [x, y] = [latest.current.xs[at], latest.current.ys[at]];
    if (!ctx || x === undefined || y === undefined || Number.isNaN(x + y)) return;
    ctx.strokeStyle = getComputedStyle(mark.current as Element).getPropertyValue("--ink");
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(x, y, 7, 0, 2 * Math.PI);
    ctx.stroke();
  });
  const point = (at: number) => {
    pointed.value = data.trials[at]?.id ?? null;
    setTip(at);
  };
  const near = (event: MouseEvent) => {
    const place = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return nearestDot(picture, event.clientX - place.left, event.clientY - place.top);
  };
  const open = (at: number) => {
    const trial = data.trials[at];
    if (trial) go(formatRoute("trials", trial.id));
  };
  useEffect(() => () => point(-1), []);
  const keys = (event: KeyboardEvent) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (way) point(nextDot(picture, tip, way));
    else if (event.key === "Enter") open(tip);
    else return;
    event.preventDefault();
  };
  const name = t("sweep.scatter.label", { x: fieldLabel(across.id), y: fieldLabel(up.id) });
  return (
    <>
      <div
        class={`scatter${tip >= 0 ? " pointing" : ""}`}
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={name}
        style={{ height: `${HEIGHT}px` }}
        onPointerMove={(event) => point(near(event))}
        onPointerLeave={() => point(-1)}
        onBlur={() => point(-1)}
        onClick={(event) => open(near(event))}
        onKeyDown={keys}
      >
        <Grid scales={scales} width={width} />
        <canvas ref={dots} aria-hidden="true" />
        <canvas ref={mark} aria-hidden="true" />
        <DotTip data={data} fields={fields} picture={picture} at={tip} width={width} />
      </div>
      {tint && <ColourScale field={tint} isDark={isDark} />}
    </>
  );
}

/** The size of the picture, and where the points are in it. */
function frameOf(width: number): Pick<DotsParts, "area" | "width" | "height"> {
  const [right, bottom] = [width - ROOM.right - 6, HEIGHT - ROOM.bottom - 6];
  return { area: { left: ROOM.left + 6, right, top: ROOM.top + 6, bottom }, width, height: HEIGHT };
}

/** The next dot to the right or to the left, of those that are seen. */
function nextDot({ xs, ys, within }: DotsPicture, from: number, way: number): number {
  const order = [...within.keys()]
    .filter((at) => within[at] && Number.isFinite((xs[at] as number) + (ys[at] as number)))
    .sort((one, other) => (xs[one] as number) - (xs[other] as number));
  const at = order.indexOf(from);
  return order[at < 0 ? (way > 0 ? 0 : order.length - 1) : Math.max(0, Math.min(order.length - 1, at + way))] ?? -1;
}

function Grid({ scales, width }: { scales: [Scale, Scale]; width: number }) {
  const [long, high] = [width - ROOM.left - ROOM.right, HEIGHT - ROOM.top - ROOM.bottom];
  if (long <= 0) return null;
  return (
    <svg class="scatter-grid" width={width} height={HEIGHT} aria-hidden="true">
      {scales[1].ticks.map(({ at, label }) => {
        const y = ROOM.top + 6 + (1 - at) * (high - 12);
        return (
          <g key={`y ${at}`}>
            <line x1={ROOM.left} x2={width - ROOM.right} y1={y} y2={y} />
            <text x={ROOM.left - 8} y={y + 4} text-anchor="end">
              {cut(label, 9)}
            </text>
          </g>
        );
      })}
      {scales[0].ticks.map(({ at, label }) => {
        const x = ROOM.left + 6 + at * (long - 12);
        return (
          <g key={`x ${at}`}>
            <line x1={x} x2={x} y1={ROOM.top} y2={HEIGHT - ROOM.bottom} />
            <text x={x} y={HEIGHT - 10} text-anchor="middle">
              {cut(label, 12)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function cut(text: string, most: number): string {
  const letters = Array.from(text);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

interface TipProps {
  data: SweepData;
  fields: Fields;
  picture: DotsPicture;
  at: number;
  width: number;
}

/** Read out as it changes: by keys one goes from point to point. */
function DotTip({ data, fields, picture, at, width }: TipProps) {
  const trial = data.trials[at];
  const x = picture.xs[at] ?? 0;
  const side = x < width / 2 ? { left: `${x + 14}px` } : { right: `${width - x + 14}px` };
  const shown = [fields.across, fields.up, ...(fields.tint ? [fields.tint] : [])];
  return (
    <div aria-live="polite">
      {trial && (
        <div class="tip" style={{ ...side, top: `${Math.min(picture.ys[at] ?? 0, HEIGHT - 80)}px` }}>
          <b>{trial.name}</b>
          {shown.map((field) => (
            <div key={field.id} class="legend-one">
              <span class="clip">{fieldLabel(field.id)}</span>
              <b>{shownValue(field, field.numbers[at] as number)}</b>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
