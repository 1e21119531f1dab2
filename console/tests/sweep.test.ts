import { describe, expect, it } from "vitest";
import { brushBetween, filterOf, readBrushes, withinBrushes, writeBrushes } from "../src/model/brushes";
import { bestOf, type Direction, directionOf, isBetter } from "../src/model/direction";
import { binsOf, importanceOf } from "../src/model/forest";
import { formatDifference, numberOf } from "../src/model/format";
import { ranksOf, spearman } from "../src/model/ranks";
import { scaleOf } from "../src/model/scale";
import { firstAxes, rankedTargets, readField, type SweepTrial, varyingParameters } from "../src/model/sweep";

function fixture<T>(found: Record<string, T>): T {
  return Object.values(found)[0] as T;
}

interface Ways {
  directions: Record<string, Direction | null>;
  best: [(number | string | null)[], Direction | null, number[]][];
  differences: [number, number, string][];
}

const ways = fixture(
  import.meta.glob<Ways>("../../tests/fixtures/directions.json", { import: "default", eager: true }),
);
const told = fixture(
  import.meta.glob<{
    columns: Record<string, (number | null)[]>;
    optimizer: string[];
    target: number[];
    spearman: Record<string, number>;
    ranking: string[];
  }>("../../tests/fixtures/sweep.json", { import: "default", eager: true }),
);

function trial(number: number, parameters: Record<string, unknown>, acc?: unknown, more = {}): SweepTrial {
  const started = `2026-11-23T15:${String(number % 60).padStart(2, "0")}:00Z`;
  const metrics = acc === undefined ? {} : { "val.acc": { last: acc, max: acc, min: acc, mean: acc } };
  return {
    id: `t${number}`,
    name: `run${number}`,
    state: "Succeeded",
    started,
    ended: null,
    parameters,
    metrics,
    ...more,
  };
}

describe("directions", () => {
  it("and the best values are those of the terminal", () => {
    const names = Object.keys(ways.directions);
    expect(names.length).toBeGreaterThan(70);
    expect(Object.fromEntries(names.map((name) => [name, directionOf(name)]))).toEqual(ways.directions);
    for (const [values, way, best] of ways.best) expect([...bestOf(values.map(numberOf), way)]).toEqual(best);
  });
  it("tell what is better, and differences are written as in the terminal", () => {
    expect([isBetter(2, 1, "max"), isBetter(2, 1, "min"), isBetter(2, 2, "min"), isBetter(2, 1, null)]).toEqual([
      true,
      false,
      null,
      null,
    ]);
    expect(ways.differences.map(([value, base]) => formatDifference(value, base))).toEqual(
      ways.differences.map(([, , shown]) => shown),
    );
    expect(formatDifference(Number.NaN, 1)).toBe("");
  });
});

describe("fields of a sweep", () => {
  const trials = [
    trial(0, { lr: 0.1, opt: "adam", deep: { on: true }, seed: 1 }, 0.5),
    trial(1, { lr: 0.0001, opt: "sgd", deep: { on: false }, seed: "two" }, "NaN"),
    trial(2, { lr: 0.01, opt: "adam", deep: { on: true }, seed: 3 }),
    trial(3, { lr: null, opt: "adam2", deep: { on: true }, seed: 4 }, 0.9, { state: "Killed" }),
  ];
  it("say what each has: numbers, choices, nothing, NaN, and texts among numbers", () => {
    const lr = readField(trials, "params.lr");
    expect([lr.kind, lr.isLog, lr.missing, [...lr.numbers]]).toEqual([
      "number",
      true,
      1,
      [0.1, 0.0001, 0.01, Number.NaN],
    ]);
    const opt = readField(trials, "params.opt");
    expect([opt.kind, opt.choices, [...opt.numbers]]).toEqual(["choice", ["adam", "adam2", "sgd"], [0, 2, 0, 1]]);
    expect(readField(trials, "params.deep.on").choices).toEqual(["false", "true"]);
    const seed = readField(trials, "params.seed");
    expect([seed.kind, seed.texts, seed.missing]).toEqual(["number", 1, 0]);
    const acc = readField(trials, "metrics.val.acc");
    expect([acc.missing, acc.odd, acc.isLog]).toEqual([1, 1, false]);
    expect([...readField(trials, "metrics.val.acc@max").numbers]).toEqual([0.5, Number.NaN, Number.NaN, 0.9]);
    expect(readField(trials, "started").unit).toBe("time");
    expect([...readField(trials, "duration").numbers].every(Number.isNaN)).toBe(true);
    expect(readField(trials, "params.none").missing).toBe(4);
    expect(readField([], "params.lr").numbers.length).toBe(0);
  });
  it("begin with what varies and can be read", () => {
    expect(varyingParameters([trial(0, { a: 1, b: 1 }), trial(1, { a: 2, b: 1, c: 1 })])).toEqual(["a", "c"]);
    const many = Array.from({ length: 120 }, (_, at) =>
      trial(at, { path: `/x/${at}`, lr: at, opt: at % 2 ? "a" : "b" }),
    );
    const fields = ["params.path", "params.lr", "params.opt"].map((id) => readField(many, id));
    expect(firstAxes(fields, "metrics.val.acc", 8)).toEqual(["params.lr", "params.opt", "metrics.val.acc"]);
    const names = ["system.gpu", "train.loss", "train.acc", "val.tokens", "val.loss", "val.acc"];
    expect(rankedTargets(names).slice(0, 2)).toEqual(["val.acc", "val.loss"]);
    expect(rankedTargets(["system.cpu"])).toEqual([]);
  });
  it("lie along axes with few, true marks", () => {
    const lr = scaleOf(readField(trials, "params.lr"), 5);
    expect([0.0001, 0.1].map(lr.of)).toEqual([0, 1]);
    expect(lr.ticks.map(({ label }) => label)).toEqual(["0.0001", "0.01", "0.1"]);
    expect(lr.of(lr.back(0.3))).toBeCloseTo(0.3, 12);
    const opt = scaleOf(readField(trials, "params.opt"), 5);
    expect(opt.ticks).toEqual([
      { at: 0, label: "adam" },
      { at: 0.5, label: "adam2" },
      { at: 1, label: "sgd" },
    ]);
    const one = scaleOf(readField([trial(0, { lr: 3 })], "params.lr"), 5);
    expect(one.of(3)).toBe(0.5);
    const marks = (values: number[]) => {
      const some = values.map((lr, at) => trial(at, { lr }));
      return scaleOf(readField(some, "params.lr"), 4).ticks.map((tick) => tick.label);
    };
    expect(marks([0, 1, 2, 3, 4, 5, 10])).toEqual(["0", "2.5", "5", "7.5", "10"]);
    expect(marks([1e-5, 2e-5, 1e-4, 0.001, 0.01, 0.2, 0.5])).toEqual(["1e-05", "0.001", "0.1"]);
    expect(marks([256, 32, 64, 64, 65])).toEqual(["32", "64", "256"]);
    expect(scaleOf(readField([], "params.lr"), 4).of(1)).toBe(1);
  });
  it("are brushed, in an address and as a filter", () => {
    const data = (id: string) => readField(trials, id);
    const brushes = readBrushes(
      writeBrushes([
        { field: "params.lr", range: [0.001, 0.1] },
        { field: "params.opt", choices: ["adam", 'a,"b'] },
      ]),
    );
    expect(brushes).toEqual([
      { field: "params.lr", range: [0.001, 0.1] },
      { field: "params.opt", choices: ["adam", 'a,"b'] },
    ]);
    expect(withinBrushes(4, brushes, data)).toEqual([true, false, true, false]);
    expect(filterOf(brushes)).toBe('params.lr >= 0.001 and params.lr <= 0.1 and params.opt in [adam, "a,\\"b"]');
    expect(filterOf([{ field: "params.deep.on", choices: ["true"] }])).toBe("params.deep.on = true");
    expect(filterOf([{ field: "started", range: [0, 1] }])).toBe(
      "started >= 1970-01-01T00:00:00.000Z and started <= 1970-01-01T00:00:01.000Z",
    );
    expect(readBrushes("params.lr,odd,nope,,started,1")).toEqual([]);
    const lr = data("params.lr");
    expect(brushBetween(lr, scaleOf(lr, 5).back, 1, 0.5)).toEqual({ field: "params.lr", range: [0.00316228, 0.1] });
    const opt = data("params.opt");
    expect(brushBetween(opt, scaleOf(opt, 5).back, 0.4, 1)).toEqual({ field: "params.opt", choices: ["adam2", "sgd"] });
    expect(brushBetween(opt, scaleOf(opt, 5).back, 0.2, 0.3)).toBe(null);
  });
});

describe("importance", () => {
  const column = (values: (number | null)[]) => Float64Array.from(values, (value) => value ?? Number.NaN);
  const grown = (columns: ReturnType<typeof binsOf>[], y: Float64Array) => {
    const growing = importanceOf(columns, y);
    for (;;) {
      const step = growing.next();
      if (step.done) return step.value;
    }
  };
  it("by ranks equals scipy's", () => {
    const target = column(told.target);
    for (const [name, values] of Object.entries(told.columns))
      expect(Math.abs((spearman(column(values), target).rho as number) - (told.spearman[name] as number))).toBeLessThan(
        1e-9,
      );
    expect([...ranksOf(Float64Array.of(3, 1, 3, 2))]).toEqual([3.5, 1, 3.5, 2]);
    expect(spearman(column([1, 2, 3]), column([1, 1, 1]))).toEqual({ rho: null, n: 3 });
    expect(spearman(column([1, null, 3]), column([1, 2, 3]))).toEqual({ rho: null, n: 2 });
  });
  it("by trees ranks as scikit-learn's, and is the same each time", () => {
    const names = Object.keys(told.columns);
    const kinds = [...new Set(told.optimizer)].sort();
    const columns = [
      ...names.map((name) => binsOf(column(told.columns[name] as number[]))),
      { bins: Uint8Array.from(told.optimizer, (kind) => kinds.indexOf(kind)), count: kinds.length, isOrdered: false },
    ];
    const y = ranksOf(column(told.target));
    const { shares, explained } = grown(columns, y);
    const ranking = [...names, "optimizer"].sort(
      (one, other) =>
        (shares[[...names, "optimizer"].indexOf(other)] as number) -
        (shares[[...names, "optimizer"].indexOf(one)] as number),
    );
    expect(ranking.slice(0, 3)).toEqual(told.ranking.slice(0, 3));
    expect(explained).toBeGreaterThan(0.5);
    expect(explained).toBeLessThan(1);
    expect(grown(columns, y).shares).toEqual(shares);
    expect(shares.every((share) => share >= 0)).toBe(true);
  });
  it("of nothing that tells is nothing", () => {
    const constant = binsOf(new Float64Array(20).fill(1));
    expect(constant.count).toBe(1);
    expect(
      grown(
        [constant],
        Float64Array.from({ length: 20 }, (_, at) => at),
      ).shares,
    ).toEqual([0]);
    expect(grown([binsOf(Float64Array.from({ length: 20 }, (_, at) => at))], new Float64Array(20)).explained).toBe(0);
    const own = Float64Array.from({ length: 100 }, (_, at) => (at * 37) % 100);
    expect(grown([binsOf(own)], own).explained).toBeGreaterThan(0.98);
    const wide = binsOf(Float64Array.from({ length: 5000 }, (_, at) => (at % 7 ? Math.sin(at) : Number.NaN)));
    expect([wide.count, Math.max(...wide.bins), wide.bins[0]]).toEqual([64, 63, 0]);
  });
});

describe("a large sweep", () => {
  it("is studied in many small steps, by a part of its trials", () => {
    const random = (at: number) => Math.abs(Math.sin(at * 12.9898) * 43758.5453) % 1;
    const values = Array.from({ length: 20 }, (_, column) =>
      Float64Array.from({ length: 3000 }, (_, at) => random(at * 20 + column)),
    );
    const y = Float64Array.from(
      { length: 3000 },
      (_, at) => (values[0]?.[at] as number) + 0.2 * (values[1]?.[at] as number),
    );
    const growing = importanceOf(values.map(binsOf), y, 10);
    let [pauses, step] = [0, growing.next()];
    for (; !step.done; step = growing.next()) pauses++;
    expect(pauses).toBeGreaterThan(10 * 10);
    const { shares, explained } = step.value;
    expect(shares.indexOf(Math.max(...shares))).toBe(0);
    expect(shares.slice(2).every((share) => share < (shares[1] as number))).toBe(true);
    expect(explained).toBeGreaterThan(0.8);
  });
});
