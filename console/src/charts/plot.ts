/**
 * One chart on the page: uPlot has the axes, the cursor and the choosing of a range; the curves, each with its own x,
 * are drawn into its canvas here.
 */

import uPlot from "uplot";
import { formatDuration, formatNumber, formatTicks } from "../model/format";
import type { Curve } from "./curves";
import { bandAlpha, type Frame, LOOK, outline } from "./outline";
import { moved, type Range, zoomed } from "./ranges";
import type { XAxis } from "./view";

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
  label: string;
  onZoom: (range: Range | null) => void;
  onCursor: (x: number | null, top: number, isHere: boolean) => void;
}

const FONT = '11px system-ui, "Noto Sans CJK SC", sans-serif';

export class Plot {
  private readonly chart: uPlot;
  private state: PlotState = { curves: [], x: [0, 1], y: [0, 1] };

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
    this.chart.over.addEventListener("wheel", this.onWheel, { passive: false });
  }

  show(state: PlotState): void {
    this.state = state;
    this.chart.setData([state.x, [null, null]] as uPlot.AlignedData);
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) this.chart.setSize({ width, height });
  }

  destroy(): void {
    this.chart.destroy();
  }

  get canvas(): HTMLCanvasElement {
    return this.chart.ctx.canvas;
  }

  get current(): PlotState {
    return this.state;
  }

  /** The axes as they are on the page, in CSS pixels, for the SVG file. */
  frame(): Frame {
    const { left, top, width, height } = this.chart.bbox;
    const scale = devicePixelRatio;
    return {
      ...this.mapping(false),
      left: left / scale,
      top: top / scale,
      width: width / scale,
      height: height / scale,
    };
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
    if (name === "+" || name === "=") onZoom(zoomed(x, 0.6, middle, logX));
    else if (name === "-") onZoom(zoomed(x, 1.7, middle, logX));
    else if (name === "0") onZoom(null);
    else if (name === "ArrowLeft") onZoom(moved(x, -0.15, logX));
    else if (name === "ArrowRight") onZoom(moved(x, 0.15, logX));
    else return false;
    return true;
  }

  private mapping(isCanvas: boolean): Pick<Frame, "toX" | "toY"> {
    const { chart } = this;
    const { left, top } = chart.bbox;
    const shift = isCanvas ? [0, 0] : [left / devicePixelRatio, top / devicePixelRatio];
    return {
      toX: (value) => chart.valToPos(value, "x", isCanvas) + (shift[0] as number),
      toY: (value) => chart.valToPos(value, "y", isCanvas) + (shift[1] as number),
    };
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
        drag: { x: true, y: false, setScale: false },
        sync: { key: sync, scales: ["x", null], setSeries: false },
        points: { show: false },
        y: false,
        bind: { dblclick: () => () => this.reset() },
      },
      hooks: {
        draw: [() => this.draw()],
        setSelect: [() => this.select()],
        setCursor: [(chart) => this.cursor(chart)],
      },
    };
  }

  private reset(): null {
    this.options.onZoom(null);
    return null;
  }

  private select(): void {
    const { left, width } = this.chart.select;
    if (width < 4) return;
    const from = this.chart.posToVal(left, "x");
    const to = this.chart.posToVal(left + width, "x");
    this.chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.options.onZoom([from, to]);
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
    this.options.onZoom(zoomed(this.state.x, turn < 0 ? 0.8 : 1.25, around, this.options.logX));
  };

  private draw(): void {
    const { ctx, bbox } = this.chart;
    const scale = devicePixelRatio;
    const frame: Frame = {
      ...this.mapping(true),
      left: bbox.left,
      top: bbox.top,
      width: bbox.width,
      height: bbox.height,
    };
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineJoin = "round";
    ctx.lineCap = "round";
    const outlines = this.state.curves.map((curve) => ({ curve, paths: outline(curve, frame) }));
    for (const { curve, paths } of outlines) fill(ctx, paths.band, curve.stroke.colour, bandAlpha(outlines.length));
    for (const { curve, paths } of outlines) {
      const { colour, dash } = curve.stroke;
      stroke(ctx, paths.raw, colour, LOOK.raw * scale, [], LOOK.rawAlpha);
      stroke(
        ctx,
        paths.line,
        colour,
        LOOK.line * scale,
        dash.map((length) => length * scale),
        1,
      );
      fill(ctx, paths.dots, colour, 1);
      stroke(ctx, paths.gaps, colour, scale, [], 0.9);
    }
    ctx.restore();
  }
}

function fill(ctx: CanvasRenderingContext2D, path: string, colour: string, alpha: number): void {
  if (!path) return;
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.fill(new Path2D(path));
  ctx.globalAlpha = 1;
}

function stroke(
  ctx: CanvasRenderingContext2D,
  path: string,
  colour: string,
  width: number,
  dash: number[],
  alpha: number,
): void {
  if (!path) return;
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.stroke(new Path2D(path));
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
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
