/** One axis of parallel coordinates: its marks, its range by pointer or by keys, its place among the others. */

import { useRef, useState } from "preact/hooks";
import { type Brush, brushBetween } from "../model/brushes";
import { openDialog } from "../parts/dialog";
import { Menu } from "../parts/menu";
import { t } from "../words";
import { AXIS, type AxisData } from "./axes";
import { fieldLabel, leftOut, shownValue } from "./fields";
import { RangeDialog } from "./range_dialog";

const STEP = 0.05;
/** A pointer that moves less than this has pressed, not dragged. */
const STILL_PX = 4;

interface AxisProps {
  axis: AxisData;
  at: number;
  count: number;
  xs: number[];
  brush: Brush | null;
  choose: (brush: Brush | null) => void;
  move: (to: number) => void;
  remove: () => void;
}

/** Where a brush is on its axis, from 0 to 1. */
function placesOf({ field, scale }: AxisData, brush: Brush | null): [number, number] | null {
  if (!brush) return null;
  const values = "range" in brush ? brush.range : brush.choices.map((choice) => field.choices.indexOf(choice));
  const places = values.filter((value) => "range" in brush || value >= 0).map(scale.of);
  if (!places.length) return null;
  const room = "range" in brush ? 0 : Math.min(0.03, 0.5 / Math.max(1, field.choices.length - 1));
  return [Math.max(-0.02, Math.min(...places) - room), Math.min(1.02, Math.max(...places) + room)];
}

export function brushText({ field }: AxisData, brush: Brush): string {
  if ("choices" in brush) return brush.choices.join(", ");
  return `${shownValue(field, brush.range[0])} … ${shownValue(field, brush.range[1])}`;
}

export function Axis(props: AxisProps) {
  const { axis, at, count, brush, choose, move, remove } = props;
  const name = fieldLabel(axis.id);
  const typed = () => openDialog(<RangeDialog axis={axis} brush={brush} choose={choose} />);
  const drag = useBrushDrag(axis, choose);
  const carry = useCarry(props);
  const places = drag.places ?? placesOf(axis, brush);
  const items = [
    { label: t("sweep.range"), action: typed },
    ...(brush ? [{ label: t("sweep.range.clear"), action: () => choose(null) }] : []),
    ...(at > 0 ? [{ label: t("sweep.axis.left"), action: () => move(at - 1) }] : []),
    ...(at < count - 1 ? [{ label: t("sweep.axis.right"), action: () => move(at + 1) }] : []),
    ...(count > 2 ? [{ label: t("sweep.axis.remove"), action: remove }] : []),
  ];
  const keys = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey) return;
    if (byKey(event, axis, brush, choose)) return;
    if (event.altKey && event.key === "ArrowLeft" && at > 0) move(at - 1);
    else if (event.altKey && event.key === "ArrowRight" && at < count - 1) move(at + 1);
    else if (event.key === "Enter") typed();
    else if ((event.key === "Escape" || event.key === "Delete" || event.key === "Backspace") && brush) choose(null);
    else return;
    event.preventDefault();
  };
  const told = [
    t(axis.field.isLog ? "sweep.axis.told.log" : "sweep.axis.told", { name, ...endsOf(axis) }),
    brush ? t("sweep.axis.range", { range: brushText(axis, brush) }) : "",
    ...leftOut(axis.field),
  ];
  const isEdge = at === 0 ? " first" : at === count - 1 ? " last" : "";
  return (
    <div
      class={`axis${isEdge}${carry.by === 0 ? "" : " carried"}`}
      style={{ left: `${axis.x + carry.by}px` }}
      tabIndex={0}
      role="group"
      aria-label={told.filter(Boolean).join(". ")}
      onKeyDown={keys}
    >
      <div class="axis-name" onPointerDown={carry.start}>
        <Menu label={t("sweep.axis", { name })} text={<span class="axis-words">{name}</span>} items={items} />
        {axis.field.isLog && <small class="soft">{t("sweep.axis.log")}</small>}
      </div>
      <div
        class="axis-line"
        role="presentation"
        style={{ top: `${AXIS.top}px`, height: `${axis.length}px` }}
        onPointerDown={drag.start}
        onPointerMove={drag.move}
        onPointerUp={drag.end}
        onPointerCancel={drag.end}
      >
        {axis.scale.ticks.map((tick) => (
          <span key={tick.at} class="axis-tick" style={{ top: `${(1 - tick.at) * 100}%` }}>
            <span class="clip">{tick.label}</span>
          </span>
        ))}
        {places && (
          <span
            class="axis-brush"
            style={{ top: `${(1 - places[1]) * 100}%`, height: `${Math.max(0.01, places[1] - places[0]) * 100}%` }}
          />
        )}
      </div>
      {axis.field.missing + axis.field.odd + axis.field.texts > 0 && (
        <span
          class="axis-none"
          title={leftOut(axis.field).join("\n")}
          style={{ top: `${AXIS.top + axis.length + 10}px` }}
        >
          ∅
        </span>
      )}
    </div>
  );
}

function endsOf({ field, scale }: AxisData): { from: string; to: string } {
  return { from: shownValue(field, scale.back(0)), to: shownValue(field, scale.back(1)) };
}

/** Arrows move the range or, with Shift, its upper end; from none, they begin one at the end that they point to. */
function byKey(
  event: KeyboardEvent,
  axis: AxisData,
  brush: Brush | null,
  choose: (brush: Brush | null) => void,
): boolean {
  const way = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
  if (!way || event.altKey) return false;
  event.preventDefault();
  const last = axis.field.choices.length - 1;
  const step = axis.field.kind === "choice" && last > 0 ? 1 / last : STEP;
  const places = placesOf(axis, brush);
  const start: [number, number] = axis.field.kind === "choice" ? [0, 0] : [0, 0.25];
  const begun = way > 0 ? ([1 - start[1], 1] as const) : start;
  const [low, high] = places ?? begun;
  const held = (value: number) => Math.max(0, Math.min(1, value));
  const next: [number, number] = !places
    ? [low, high]
    : event.shiftKey
      ? [held(low), Math.max(held(low), held(high + way * step))]
      : moved(held(low), held(high), way * step);
  choose(brushBetween(axis.field, axis.scale.back, ...next) ?? brush);
  return true;
}

function moved(low: number, high: number, by: number): [number, number] {
  const step = Math.max(-low, Math.min(1 - high, by));
  return [low + step, high + step];
}

interface Drag {
  places: [number, number] | null;
  start: (event: PointerEvent) => void;
  move: (event: PointerEvent) => void;
  end: (event: PointerEvent) => void;
}

/** Drag a new range; a press without a drag takes it away. */
function useBrushDrag(axis: AxisData, choose: (brush: Brush | null) => void): Drag {
  const [places, setPlaces] = useState<[number, number] | null>(null);
  const begun = useRef<{ top: number; at: number } | null>(null);
  const placeOf = (event: PointerEvent, top: number) => 1 - (event.clientY - top) / axis.length;
  return {
    places,
    start: (event) => {
      if (event.button !== 0) return;
      const line = event.currentTarget as HTMLElement;
      const { top } = line.getBoundingClientRect();
      line.setPointerCapture(event.pointerId);
      begun.current = { top, at: placeOf(event, top) };
    },
    move: (event) => {
      const from = begun.current;
      if (!from) return;
      const [one, other] = [from.at, placeOf(event, from.top)];
      setPlaces([Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))]);
    },
    end: (event) => {
      const from = begun.current;
      begun.current = null;
      setPlaces(null);
      if (!from) return;
      const to = placeOf(event, from.top);
      if (Math.abs(to - from.at) * axis.length < STILL_PX) choose(null);
      else choose(brushBetween(axis.field, axis.scale.back, from.at, to));
    },
  };
}

/** Carry an axis by its name to another place. */
function useCarry({ at, xs, move }: AxisProps): { by: number; start: (event: PointerEvent) => void } {
  const [by, setBy] = useState(0);
  const start = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const from = event.clientX;
    let isCarried = false;
    const follow = (next: PointerEvent) => {
      isCarried ||= Math.abs(next.clientX - from) > STILL_PX;
      if (isCarried) setBy(next.clientX - from);
    };
    const end = (next: PointerEvent) => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", end);
      setBy(0);
      if (!isCarried) return;
      // The press that ends here is no press of the menu.
      addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
      const x = (xs[at] as number) + next.clientX - from;
      const to = xs.filter((place, other) => other !== at && place < x).length;
      if (to !== at) move(to);
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", end);
  };
  return { by, start };
}
