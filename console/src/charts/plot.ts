/**
 * One chart on the page, in layers: uPlot's canvas with the axes, a canvas with the curves, each with its own x, and above
 * them what a pointer moves: the cursor, the range being chosen, the curve that stands out.
 */

import { effect } from "@preact/signals";
import uPlot from "uplot";
import { formatDuration, formatNumber, formatTicks } from "../model/format";
import { t } from "../words";
import { CurveLayer } from "./curve_layer";
import type { Curve } from "./curves";
import { EmphasisLayer, emphasised } from "./emphasis";
import type { Frame } from "./outline";
import { moved, type Range, zoomed } from "./ranges";
import { axisMetric, type XAxis } from "./view";

export interface Look {
  ink: string;
  grid: string;
}

export interface PlotState {
  curves: Curve[];
  x: Range;
  y: Range;
}

export interface PlotOptions {
  axis: XAxis;
  logX: boolean;
  logY: boolean;
  look: Look;
  sync: string;
  onZoom: (x: Range | null | undefined, y: Range | null | undefined) => void;
  onCursor: (x: number | null, top: number, isHere: boolean) => void;
}

const FONT = '11px system-ui, "Noto Sans CJK SC", sans-serif';
/** A range is chosen along one axis, unless the pointer goes this far along both, in pixels. */
const BOTH_PX = 40;

export class Plot {
  private readonly chart: uPlot;
  private readonly layer = new CurveLayer();
  private readonly emphasis = new EmphasisLayer();
  private readonly stop: () => void;
  private state: PlotState = { curves: [], x: [0, 1], y: [0, 1] };
  /** The frame within the plot's area, for what moves there; the same object as long as nothing changes. */
  private inner: Frame | null = null;
  private isPressed = false;

  constructor(
    place: HTMLElement,
    width: number,
    height: number,
    private readonly options: PlotOptions,
  ) {
    this.chart = new uPlot(
      this.uplotOptions(width, height),
      [
        [0, 1],
        [null, null],
      ],
      place,
    );
    const { over } = this.chart;
    over.before(this.layer.canvas);
    over.append(this.emphasis.svg);
    over.addEventListener("wheel", this.onWheel, { passive: false });
    over.addEventListener("mousedown", () => {
      this.isPressed = true;
    });
    this.stop = effect(() => this.emphasise(emphasised.value));
  }

  show(state: PlotState): void {
    const { curves, x, y } = this.state;
    const isSame = [...x, ...y].join() === [...state.x, ...state.y].join();
    if (curves === state.curves && isSame) return;
    this.state = state;
    if (isSame) this.drawCurves();
    else this.chart.setData([state.x, [null, null]] as uPlot.AlignedData);
    this.emphasise(emphasised.peek());
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) this.chart.setSize({ width, height });
  }

  destroy(): void {
    this.stop();
    this.chart.destroy();
  }

  /** All that is drawn, but for what a pointer moves. */
  picture(): HTMLCanvasElement {
    const { canvas } = this.chart.ctx;
    const picture = document.createElement("canvas");
    picture.width = canvas.width;
    picture.height = canvas.height;
    const ctx = picture.getContext("2d");
    ctx?.drawImage(canvas, 0, 0);
    ctx?.drawImage(this.layer.canvas, this.chart.bbox.left, this.chart.bbox.top);
    return picture;
  }

  get current(): PlotState {
    return this.state;
  }

  /** The axes as they are on the page, in CSS pixels. */
  frame(): Frame {
    const { left, top, width, height } = this.chart.bbox;
    const scale = devicePixelRatio;
    const { logX, logY } = this.options;
    const { x, y } = this.state;
    return { x, y, logX, logY, left: left / scale, top: top / scale, width: width / scale, height: height / scale };
  }

  ticks(): { x: [number, string][]; y: [number, string][] } {
    const of = (at: number): [number, string][] => {
      const axis = this.chart.axes[at] as unknown as { _splits?: number[]; _values?: (string | null)[] };
      return (axis._splits ?? []).map((value, tick) => [value, axis._values?.[tick] ?? ""]);
    };
    return { x: of(0), y: of(1) };
  }

  get size(): [number, number] {
    return [this.chart.width, this.chart.height];
  }

  /** Zoom and move by keys; true when the key meant something. */
  key(name: string): boolean {
    const { x } = this.state;
    const { logX, onZoom } = this.options;
    const middle = logX && x[0] > 0 ? Math.sqrt(x[0] * x[1]) : (x[0] + x[1]) / 2;
    if (name === "+" || name === "=") onZoom(zoomed(x, 0.6, middle, logX), undefined);
    else if (name === "-") onZoom(zoomed(x, 1.7, middle, logX), undefined);
    else if (name === "0") onZoom(null, null);
    else if (name === "ArrowLeft") onZoom(moved(x, -0.15, logX), undefined);
    else if (name === "ArrowRight") onZoom(moved(x, 0.15, logX), undefined);
    else return this.yKey(name);
    return true;
  }

  private yKey(name: string): boolean {
    const { y } = this.state;
    const { logY, onZoom } = this.options;
    const middle = logY && y[0] > 0 ? Math.sqrt(y[0] * y[1]) : (y[0] + y[1]) / 2;
    if (name === "ArrowUp") onZoom(undefined, moved(y, 0.15, logY));
    else if (name === "ArrowDown") onZoom(undefined, moved(y, -0.15, logY));
    else if (name === "]") onZoom(undefined, zoomed(y, 0.6, middle, logY));
    else if (name === "[") onZoom(undefined, zoomed(y, 1.7, middle, logY));
    else return false;
    return true;
  }

  /** Put the cursor on a place without a pointer. */
  point(x: number): void {
    const left = this.chart.valToPos(x, "x");
    this.chart.setCursor({ left, top: this.chart.over.clientHeight / 2 });
    this.options.onCursor(x, -1, true);
  }

  /** Mark the point of the curve that stands out. */
  mark(at: { x: number; y: number } | null): void {
    this.emphasis.point(at);
  }

  private emphasise(line: string | null): void {
    const { curves } = this.state;
    const strong = line === null || curves.length < 2 ? [] : curves.filter((curve) => curve.line === line);
    this.inner ??= { ...this.frame(), left: 0, top: 0 };
    this.emphasis.show(strong, this.inner);
    this.layer.canvas.classList.toggle("faded", strong.length > 0 && strong.length < curves.length);
  }

  private drawCurves(): void {
    const frame = this.frame();
    this.layer.draw(this.state.curves, frame, devicePixelRatio);
    this.inner = { ...frame, left: 0, top: 0 };
  }

  private uplotOptions(width: number, height: number): uPlot.Options {
    const { axis, logX, logY, look, sync } = this.options;
    const line = { stroke: look.grid, width: 1 };
    return {
      width,
      height,
      legend: { show: false },
      padding: [8, 14, 0, 0],
      scales: {
        x: { time: axis === "time", distr: logX ? 3 : 1, range: () => this.state.x },
        y: { distr: logY ? 3 : 1, range: () => this.state.y },
      },
      axes: [
        {
          stroke: look.ink,
          font: FONT,
          grid: line,
          ticks: { ...line, size: 4 },
          gap: 4,
          size: axis === "time" ? 40 : 26,
          space: 70,
          ...xValues(axis, logX),
        },
        {
          stroke: look.ink,
          font: FONT,
          grid: line,
          ticks: { show: false },
          gap: 6,
          size: axisWidth,
          space: 34,
          values: yValues(logY),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        drag: { x: true, y: true, uni: BOTH_PX, setScale: false },
        sync: { key: sync, scales: ["x", null], setSeries: false },
        points: { show: false },
        y: false,
        bind: { dblclick: () => () => this.reset() },
      },
      hooks: {
        draw: [() => this.drawCurves()],
        setSelect: [() => this.select()],
        setCursor: [(chart) => this.cursor(chart)],
      },
    };
  }

  private reset(): null {
    this.options.onZoom(null, null);
    return null;
  }

  private select(): void {
    const { left, top, width, height } = this.chart.select;
    const { width: most, height: highest } = this.frame();
    // Along the axis that was not chosen, it is as wide or as high as the chart.
    const isChosen = (size: number, all: number) => size >= 4 && size < all - 1;
    const isMine = this.isPressed;
    this.isPressed = false;
    if (width < 4 && height < 4) return;
    const x: Range = [this.chart.posToVal(left, "x"), this.chart.posToVal(left + width, "x")];
    const y: Range = [this.chart.posToVal(top + height, "y"), this.chart.posToVal(top, "y")];
    this.chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    if (isMine) this.options.onZoom(isChosen(width, most) ? x : undefined, isChosen(height, highest) ? y : undefined);
  }

  private cursor(chart: uPlot): void {
    const { left = -1, top = -1 } = chart.cursor;
    const here = (chart.cursor.event ?? null) !== null && chart.over.matches(":hover");
    this.options.onCursor(left < 0 ? null : chart.posToVal(left, "x"), top, here);
  }

  private readonly onWheel = (event: WheelEvent): void => {
    const isMeant =
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey ||
      this.chart.root.contains(document.activeElement) ||
      this.chart.root.closest(":focus") !== null;
    if (!isMeant) return;
    event.preventDefault();
    const around = this.chart.posToVal(event.clientX - this.chart.over.getBoundingClientRect().left, "x");
    const turn = event.deltaY || event.deltaX;
    this.options.onZoom(zoomed(this.state.x, turn < 0 ? 0.8 : 1.25, around, this.options.logX), undefined);
  };
}

function axisWidth(_chart: uPlot, values: string[] | null): number {
  const longest = Math.max(0, ...(values ?? []).map((value) => (value ?? "").length));
  return Math.max(34, longest * 6.6 + 12);
}

/** In wall time uPlot writes dates and hours itself. */
function xValues(axis: XAxis, log: boolean): { values?: uPlot.Axis.Values } {
  if (axis === "time") return {};
  return {
    values: (_chart, splits) => {
      const shown = splits.map((value) => (log && !isPower(value) ? null : value));
      return axis === "relative"
        ? shown.map((value) => (value === null ? "" : formatDuration(value)))
        : formatTicks(shown);
    },
  };
}

function yValues(log: boolean): uPlot.Axis.Values {
  return (_chart, splits) => {
    const powers = splits.filter((value) => isPower(value)).length;
    if (!log) return formatTicks(splits);
    return formatTicks(
      splits.map((value) => (value === null || (powers > 1 && !isPower(value)) ? null : Number(value.toPrecision(3)))),
    );
  };
}

function isPower(value: number | null): boolean {
  if (value === null || value <= 0) return false;
  const power = Math.log10(value);
  return Math.abs(power - Math.round(power)) < 1e-6;
}

export function cursorText(axis: XAxis, value: number, language: string): string {
  if (axis === "time") return new Date(value * 1000).toLocaleString(language);
  if (axis === "relative") return formatDuration(value);
  return formatNumber(axis === "step" ? Math.round(value) : value);
}

/** What an axis is called: in words, or by its metric. */
export function axisName(axis: XAxis): string {
  return axisMetric(axis) ?? t(`chart.x.${axis as "step" | "epoch" | "time" | "relative"}`);
}
