import { describe, expect, it } from "vitest";
import { parseAnsi, settle } from "../src/model/ansi";
import { automaticColumns, fieldOf, nextSort, parseColumn, withSorted } from "../src/model/columns";
import { csv } from "../src/model/csv";
import { parseDiff } from "../src/model/diff";
import { differences, flatten } from "../src/model/flat";
import {
  bothEnds,
  DASH,
  exactNumber,
  formatBytes,
  formatCorrelation,
  formatDuration,
  formatNumber,
  formatSpread,
  formatTicks,
} from "../src/model/format";
import { firstGroups, groupTrials } from "../src/model/groups";
import { metricField } from "../src/model/metrics";
import { shortNames } from "../src/model/names";
import { changed, formatRoute, joinNames, parseRange, parseRoute, splitNames } from "../src/model/route";
import { meanOf, nearest, smooth } from "../src/model/series";

const floats = (...values: number[]) => Float64Array.from(values);

describe("permalinks", () => {
  it("are read as they were written, whatever the query holds", () => {
    const where = 'params."a&b" = 1 and name ~ 100% # x';
    const route = parseRoute(formatRoute("folders", "a/b", { where, sort: "-val.acc.max" }));
    expect([route.page, route.id, route.query.get("where"), route.query.get("sort")]).toEqual([
      "folders",
      "a/b",
      where,
      "-val.acc.max",
    ]);
  });
  it("keep what is not changed and drop what is emptied", () => {
    const route = parseRoute("#/trials/x/?tab=output&x=time&artifactVersion=3");
    expect(changed(route, { tab: null, smooth: "0.6" })).toBe("#/trials/x/?x=time&artifactVersion=3&smooth=0.6");
  });
  it("hold names with commas and backslashes", () => {
    const names = ["a,b", "c\\", "d"];
    expect(splitNames(joinNames(names))).toEqual(names);
  });
  it("take no range that is none", () => {
    expect([
      parseRange("1,5"),
      parseRange("5,1"),
      parseRange("a,b"),
      parseRange("1"),
      parseRange("1,2,3"),
      parseRange(null),
    ]).toEqual([[1, 5], null, null, null, null, null]);
  });
});

describe("smoothing", () => {
  it("leaves a constant alone from the first point on", () => {
    expect([...smooth(floats(3, 3, 3), 0.9)].map((value) => value.toFixed(6))).toEqual([
      "3.000000",
      "3.000000",
      "3.000000",
    ]);
  });
  it("keeps a gap a gap and goes on behind it", () => {
    const out = smooth(floats(1, Number.NaN, 1), 0.5);
    expect([out[0], Number.isNaN(out[1] as number), out[2]]).toEqual([1, true, 1]);
  });
});

describe("series", () => {
  it("finds the nearest point, also beyond the ends", () => {
    const x = floats(0, 10, 20);
    expect([-5, 4, 6, 99].map((wanted) => nearest(x, wanted))).toEqual([0, 0, 1, 2]);
    expect(nearest(floats(), 1)).toBe(-1);
  });
  it("takes the mean of lines with other steps, only where they are", () => {
    const mean = meanOf([
      { x: floats(0, 1, 2, 3), y: floats(0, 1, 2, 3) },
      { x: floats(0, 2), y: floats(2, 4) },
    ]);
    expect([...mean.mean]).toEqual([1, 2, 3, 3]);
    expect([...mean.n]).toEqual([2, 2, 2, 1]);
    expect(mean.hi[0]).toBeCloseTo(1 + Math.SQRT2);
    expect(mean.hi[3]).toBeNaN();
  });
});

describe("output of terminals", () => {
  it("gives text and style, and no control byte", () => {
    const pieces = parseAnsi("a\u001b[1;31mred\u001b[0m\u001b]0;title\u0007\u001b[2Jb\u0007<b>");
    expect(pieces).toEqual([
      { text: "a", style: "" },
      { text: "red", style: "ansi-bold ansi-red" },
      { text: "b<b>", style: "" },
    ]);
  });
  it("shows the last state of a progress bar", () => {
    expect(settle("10%\r50%\r100%\r\nnext\n")).toBe("100%\nnext\n");
  });
  it("skips the numbers of 256 colours", () => {
    expect(parseAnsi("\u001b[38;5;31mx")).toEqual([{ text: "x", style: "" }]);
  });
});

describe("a diff", () => {
  it("knows heads from changes that look like them", () => {
    const kinds = parseDiff("diff --git a b\n--- a\n+++ b\n@@ -1 +1 @@\n--- x\n+++ y\n same\n").map(
      (line) => line.kind,
    );
    expect(kinds).toEqual(["file", "meta", "meta", "hunk", "removed", "added", "same"]);
  });
});

describe("parameters", () => {
  it("are flat names", () => {
    expect(flatten({ a: { b: 1, c: {} }, d: [1] })).toEqual([
      ["a.b", 1],
      ["a.c", {}],
      ["d", [1]],
    ]);
  });
  it("differ when one trial has none", () => {
    expect(differences([{ a: 1, b: 1 }, { a: 1 }]).map((row) => row.differs)).toEqual([false, true]);
  });
  it("are shown first whole, however their trials are mixed", () => {
    const trials = [1, 2, 1, 3, 2, 1].map((lr, seed) => ({ lr, seed }));
    expect(firstGroups(trials, null, { groups: 2, trials: 60 })).toEqual({ shown: [0, 2, 5, 1, 4], all: 5 });
    expect(firstGroups(trials, null, { groups: 9, trials: 4 })).toEqual({ shown: [0, 2, 5], all: 3 });
    expect(firstGroups(trials, null, { groups: 9, trials: 2 })).toEqual({ shown: [0, 2], all: 3 });
    expect(firstGroups([], null, { groups: 9, trials: 2 })).toEqual({ shown: [], all: 0 });
  });

  it("writes numbers short, unless two would read the same", () => {
    const labels = (...rates: number[]) =>
      groupTrials(
        rates.map((lr) => ({ lr })),
        null,
      ).map((group) => group.label);
    expect(labels(0.042683780138056016, 0.5)).toEqual(["lr=0.042684", "lr=0.5"]);
    expect(labels(0.1234567, 0.1234568)).toEqual(["lr=0.1234567", "lr=0.1234568"]);
  });

  it("make groups over seeds", () => {
    const groups = groupTrials(
      [
        { lr: 1, seed: 1 },
        { lr: 2, seed: 1 },
        { lr: 1, seed: 2 },
      ],
      null,
    );
    expect(groups.map((group) => [group.label, group.names, group.values, group.members])).toEqual([
      ["lr=1", "lr", "1", [0, 2]],
      ["lr=2", "lr", "2", [1]],
    ]);
  });
});

describe("columns", () => {
  it("are chosen as in the terminal: parameters that tell trials apart, then metrics by importance", () => {
    const rows = [1, 2].map((lr) => ({
      parameters: { epochs: 3, lr, ...(lr === 2 ? { warmup: 5 } : {}) },
      metrics: { "a.b": {}, "train.x": {}, "system.cpu": {}, "val.acc": {} },
    }));
    const facts = ["name", "state", "started", "duration"];
    expect(automaticColumns(rows, false)).toEqual([
      ...facts,
      "params.lr",
      "params.warmup",
      "metrics.val.acc",
      "metrics.train.x",
      "metrics.a.b",
    ]);
    const many = rows.map((row, at) => ({
      parameters: Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`p${n}`, n + at])),
      metrics: { ...row.metrics, "val.b": {}, "val.c": {}, "val.d": {} },
    }));
    expect(automaticColumns(many, false)).toEqual([
      ...facts,
      ...["params.p1", "params.p2", "params.p3", "params.p4"],
      ...["metrics.val.acc", "metrics.val.b", "metrics.val.c", "metrics.val.d"],
    ]);
  });
  it("show what rows are sorted by, behind the facts", () => {
    const rows = [{ parameters: {}, metrics: { "val.acc": {} } }];
    const shown = (...sorted: string[]) => withSorted(["name", "state", "metrics.val.acc"], sorted, rows);
    expect(shown("metrics.val.acc@max", "params.lr", "tags")).toEqual([
      ...["name", "state"],
      ...["metrics.val.acc@max", "params.lr", "tags"],
      "metrics.val.acc",
    ]);
    expect(shown("metrics.val.acc", "metrics.val.none", "name")).toEqual(["name", "state", "metrics.val.acc"]);
  });
  it("sort by their field", () => {
    const column = parseColumn("metrics.val.acc@max");
    expect(column && fieldOf(column)).toBe("val.acc.max");
    expect(parseColumn("metrics.val.acc@evil")).toBeNull();
    expect(["", "-a", "a"].map((sort) => nextSort(sort, "a", true))).toEqual(["-a", "a", ""]);
  });
  it("quote odd names", () => {
    expect(metricField("train.loss/total x")).toBe('train."loss/total x"');
  });
});

describe("words for numbers", () => {
  it("tell the ticks of an axis apart", () => {
    expect(formatTicks([0, null, 0.5, 1])).toEqual(["0", "", "0.5", "1"]);
    expect(formatTicks([0.9875671, 0.9875672])).toEqual(["0.9875671", "0.9875672"]);
    expect(formatTicks([1_000_010, 1_000_020])).toEqual(["1.00001M", "1.00002M"]);
    expect(formatTicks([1e9, 2e9, 0.00025])).toEqual(["1e+09", "2e+09", "0.00025"]);
  });
  it("write a correlation with its sign and two decimals", () => {
    expect([-0.42349, 1, 0.001, -0.0001, null].map(formatCorrelation)).toEqual(["-0.42", "+1.00", "0.00", "0.00", "–"]);
  });
  it("are short and exact", () => {
    expect([Number.NaN, null, "NaN", -Infinity].map(formatNumber)).toEqual(["NaN", "–", "NaN", "-Infinity"]);
    expect([1e-5, 0.0010001, 0.1 + 0.2, 1e-7, 3].map(exactNumber)).toEqual([
      "1e-05",
      "0.0010001",
      "0.30000000000000004",
      "1e-07",
      "3",
    ]);
    const [told] = Object.values(
      import.meta.glob<{ numbers: [number, string][]; spreads: [number, number | null, string][] }>(
        "../../tests/fixtures/numbers.json",
        { import: "default", eager: true },
      ),
    );
    expect(told?.numbers.map(([value]) => formatNumber(value))).toEqual(told?.numbers.map(([, shown]) => shown));
    expect(told?.spreads.map(([mean, deviation]) => formatSpread(mean, deviation))).toEqual(
      told?.spreads.map(([, , shown]) => shown),
    );
    const rows = Object.values(
      import.meta.glob<[number | null, string][]>("../../tests/fixtures/durations.json", {
        import: "default",
        eager: true,
      }),
    ).flat();
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.map(([seconds]) => formatDuration(seconds))).toEqual(rows.map(([, shown]) => shown || DASH));
  });
  it("of a long name are its beginning and its ending", () => {
    expect(bothEnds("short")).toEqual(["short", ""]);
    expect(bothEnds("resnet50_imagenet_seed_17")).toEqual(["resnet50_imagene", "t_seed_17"]);
    expect(bothEnds(`${"名".repeat(20)}😀a`).join("")).toBe(`${"名".repeat(20)}😀a`);
    expect([12, 2048, 5 << 20].map(formatBytes)).toEqual(["12 B", "2.0 KiB", "5.0 MiB"]);
  });
  it("of names beside each other are where they differ", () => {
    expect(shortNames(["resnet50_lr0.1_seed1", "resnet50_lr0.2_seed1"])).toEqual({
      common: "resnet50_…_seed1",
      short: ["lr0.1", "lr0.2"],
    });
    expect(shortNames(["run_1_实验😀 a", "run_2_实验😀 a"]).short).toEqual(["1", "2"]);
    for (const names of [["resnet50_a"], ["a_1", "a_2"], ["resnet50_", "resnet50_a"], []])
      expect(shortNames(names)).toEqual({ common: "", short: names });
  });
  it("are no formulas in CSV", () => {
    expect(csv([["=1+1", 'a"b', Number.NaN, -2]])).toBe('\'=1+1,"a""b",nan,-2\r\n');
  });
});
