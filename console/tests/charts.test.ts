/** Every number of a chart is the API's, over generated series and views; each check would fail on the bug named with it. */

import { describe, expect, it } from "vitest";
import type { Series } from "../src/api/metrics";
import { buildCurves, lastOf, type Wish } from "../src/charts/curves";
import { drawLine, type Frame, SvgPen } from "../src/charts/outline";
import { outside, xRange, yRange } from "../src/charts/ranges";
import { readingAt, readingNote, roomOf } from "../src/charts/readings";
import { readView } from "../src/charts/view";

/** Random numbers that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Made {
  x: number[];
  y: number[];
}

function make(next: () => number, length: number): Made {
  const x: number[] = [];
  let at = Math.floor(next() * 5);
  while (x.length < length) {
    x.push(at);
    at += 1 + Math.floor(next() * 3);
  }
  const scale = 10 ** Math.floor(next() * 12 - 8);
  return { x, y: x.map(() => (next() < 0.05 ? Number.NaN : (next() - 0.3) * scale)) };
}

/** What the server answers: every point, or buckets of about as many points each. */
function answer(trial: string, { x, y }: Made, points: number): Series {
  const count = x.length;
  const nan = y.filter((value) => !Number.isFinite(value)).length;
  const head = { trial, metric: "m", count, nan };
  if (count <= points) {
    const values = Float64Array.from(y);
    return { ...head, exact: true, x: Float64Array.from(x), lo: values, hi: values, mean: values, finite: null };
  }
  const buckets: number[][] = Array.from({ length: points }, () => []);
  for (let at = 0; at < count; at++) buckets[Math.floor((at * points) / count)]?.push(at);
  const of = (measure: (values: number[]) => number) =>
    Float64Array.from(buckets, (places) => measure(places.map((at) => y[at] as number).filter(Number.isFinite)));
  return {
    ...head,
    exact: false,
    x: Float64Array.from(buckets, (places) => x[places[0] as number] as number),
    lo: of((values) => (values.length ? Math.min(...values) : Number.NaN)),
    hi: of((values) => (values.length ? Math.max(...values) : Number.NaN)),
    mean: of((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    finite: of((values) => values.length),
  };
}

function wish(trials: string[], lasts: (number | null)[]): Wish {
  return {
    key: "k",
    line: "k",
    label: "k",
    short: "k",
    stroke: { colour: "#000", dash: [] },
    trials,
    metric: "m",
    lasts,
  };
}

const SIZES = [1, 2, 7, 60, 1000];

describe("the numbers of a chart", () => {
  it("are those of the API, whatever the length, the width and the smoothing", () => {
    const next = random(7);
    let checked = 0;
    for (const length of SIZES) {
      for (const points of [5, 50, 400]) {
        for (const smoothing of [0, 0.5, 0.99]) {
          const made = make(next, length);
          const series = answer("a", made, points);
          const last = made.y[length - 1] as number;
          const [curve] = buildCurves([wish(["a"], [last])], new Map([["a m", series]]), smoothing);
          if (!curve) throw new Error("no curve");
          expect(curve.last?.value).toBe(last); // not the mean of the last bucket
          for (let at = 0; at < series.x.length; at++) {
            const reading = readingAt(curve, series.x[at] as number, roomOf(curve));
            expect(reading?.value).toBe(series.mean[at]); // not the smoothed one
            expect(reading?.x).toBe(series.x[at]);
            const count = series.finite ? (series.finite[at] as number) : 1;
            expect(reading?.n).toBe(count);
            if (reading && !smoothing)
              expect(readingNote(curve, reading)).toBe(count > 1 ? `mean of ${count} points` : "");
            checked++;
          }
          const end = series.x[series.x.length - 1] as number;
          if (series.x.length > 1) expect(readingAt(curve, end * 2 + 100, roomOf(curve))).toBeNull(); // it has ended
        }
      }
    }
    expect(checked).toBeGreaterThan(1500);
  });

  it("of a group are the mean of those that are there, and do not end with the first that was killed", () => {
    const next = random(11);
    for (let turn = 0; turn < 40; turn++) {
      const names = ["a", "b", "c", "d"].slice(0, 2 + (turn % 3));
      const made = names.map(() => make(next, 1 + Math.floor(next() * 40)));
      const series = new Map(made.map((each, at) => [`${names[at]} m`, answer(names[at] as string, each, 100)]));
      const lasts = made.map(({ y }) => y[y.length - 1] as number);
      const [curve] = buildCurves([wish(names, lasts)], series, 0);
      if (!curve) throw new Error("no curve");
      expect([...curve.x]).toEqual([...new Set(made.flatMap(({ x }) => x))].sort((one, other) => one - other));
      curve.x.forEach((x, at) => {
        const there = made.map((each) => valueAt(each, x)).filter(Number.isFinite);
        expect(curve.n?.[at]).toBe(there.length);
        if (!there.length) return;
        const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
        const size = Math.max(...there.map(Math.abs), Number.MIN_VALUE);
        expect(Math.abs((curve.y[at] as number) - mean) / size).toBeLessThan(1e-9);
        if (there.length === 1) expect(curve.lo?.[at]).toBeNaN(); // one value has no deviation
      });
      const finite = lasts.filter(Number.isFinite);
      expect(lastOf(lasts)?.n).toBe(finite.length);
    }
  });
});

/** A value on the line between two points; nothing before the first and behind the last. */
function valueAt({ x, y }: Made, place: number): number {
  const at = x.indexOf(place);
  if (at >= 0) return y[at] as number;
  const behind = x.findIndex((value) => value > place);
  if (behind <= 0) return Number.NaN;
  const [x0, x1, y0, y1] = [x[behind - 1], x[behind], y[behind - 1], y[behind]] as [number, number, number, number];
  return y0 + ((y1 - y0) * (place - x0)) / (x1 - x0);
}

describe("the ranges of a chart", () => {
  const values = Array.from({ length: 200 }, (_, at) => (at === 50 ? 1e9 : 1 + (at % 10)));
  const series = answer("a", { x: values.map((_, at) => at), y: values }, 500);
  const curves = buildCurves([wish(["a"], [1])], new Map([["a m", series]]), 0);
  const view = (text: string) => readView(new URLSearchParams(text));
  it("hold all that is there, or leave out what is far from the rest, and say so", () => {
    const x = xRange(curves, view(""));
    expect(x).toEqual([0, 199]);
    expect(yRange(curves, x, view(""))?.[1]).toBeGreaterThan(1e9);
    const inner = yRange(curves, x, view("outliers=1"));
    expect(inner?.[1]).toBeLessThan(12);
    expect(outside(curves, x, inner as [number, number])).toEqual({ above: 1, below: 0 });
  });
  it("are what was chosen for that chart alone", () => {
    const chosen = view("y:loss=2,3&y:bad=3,2");
    expect(yRange(curves, [0, 199], chosen, "loss")).toEqual([2, 3]);
    expect(yRange(curves, [0, 199], chosen, "bad")?.[0]).toBeLessThan(2);
  });
  it("put a value where it is on the picture, and break the line at a gap", () => {
    const frame: Frame = { x: [0, 10], y: [1, 100], logX: false, logY: true, left: 0, top: 0, width: 100, height: 200 };
    const pen = new SvgPen();
    drawLine(pen, Float64Array.of(0, 5, 6, 10), Float64Array.of(1, 10, Number.NaN, 100), frame);
    expect(pen.data).toBe("M0 200L50 100M100 0L100.1 0");
  });
});
