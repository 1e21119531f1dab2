import { describe, expect, it } from "vitest";
import type { Curve } from "../src/charts/curves";
import { cellsOf, colourRange, placeOf, shareOf } from "../src/charts/heat_cells";
import { filtered, metricFilter, suggestions } from "../src/model/metric_filter";
import { chartSections, movedSection, natural } from "../src/model/sections";

interface Case {
  why: string;
  names: string[];
  pinned?: string[];
  sections: [string, string[]][];
}

const [told] = Object.values(
  import.meta.glob<{ sections: Case[] }>("../../tests/fixtures/sections.json", {
    import: "default",
    eager: true,
  }),
);

const shown = (sections: ReturnType<typeof chartSections>) =>
  sections.map(({ name, charts }) => [name, charts.map((chart) => chart.name)]);

describe("sections", () => {
  it("are those of the terminal", () => {
    expect(told?.sections.length).toBeGreaterThan(5);
    for (const { why, names, pinned, sections } of told?.sections ?? [])
      expect([why, ...shown(chartSections(names, { apart: true, pinned }))]).toEqual([why, ...sections]);
  });
  it("have train, val and test of one name in one chart, and each system metric in its own", () => {
    const sections = chartSections(["system.cpu", "val.loss", "train.loss", "test.loss", "train.lr", "val.f1"], {});
    expect(sections.map(({ name, charts, also }) => [name, charts.map(({ metrics }) => metrics), also])).toEqual([
      ["val", [["val.f1"]], []],
      ["train", [["train.loss", "val.loss", "test.loss"], ["train.lr"]], ["val", "test"]],
      ["system", [["system.cpu"]], []],
    ]);
  });
  it("come in an order that was chosen, pinned ones before, new ones behind", () => {
    const names = ["a.loss", "b.x", "c.y", "d.z", "system.cpu"];
    const wanted = { apart: true, pinned: ["c.y"], order: ["gone", "d", "a"] };
    expect(chartSections(names, wanted).map(({ name }) => name)).toEqual(["pinned", "d", "a", "b", "system"]);
    expect(movedSection(["a", "b", "c"], "c", 0)).toEqual(["c", "a", "b"]);
    expect(movedSection(["a", "b", "c"], "a", 5)).toEqual(["b", "c", "a"]);
  });
  it("pin a chart of several metrics by any of them, once", () => {
    const [pinned, ...rest] = chartSections(["train.loss", "val.loss", "val.acc"], {
      pinned: ["val.loss", "train.loss"],
    });
    expect([pinned?.name, pinned?.charts.map(({ metrics }) => metrics)]).toEqual([
      "pinned",
      [["train.loss", "val.loss"]],
    ]);
    expect(shown(rest)).toEqual([["val", ["acc"]]]);
  });
  it("hold long numbers and zeros in front of them in their natural order", () => {
    const names = ["w9", "w10", "w010", "w123456789012345678901", "w123456789012345678900", "w", "wx"];
    expect([...names].sort(natural)).toEqual([
      "w",
      "w9",
      "w10",
      "w010",
      "w123456789012345678900",
      "w123456789012345678901",
      "wx",
    ]);
  });
});

describe("a filter of metrics", () => {
  const names = ["train.loss", "train.layer1/w", "train.layer10/w", "val.loss", "val.acc"];
  const left = (text: string) => names.filter(metricFilter(text).fits);

  it("takes words, in any order and case, and regular expressions between slashes", () => {
    expect(left("LOSS val")).toEqual(["val.loss"]);
    expect(left("/layer[0-9]$|^val/")).toEqual(["val.loss", "val.acc"]);
    expect(left("/layer\\d+\\/w/")).toEqual(["train.layer1/w", "train.layer10/w"]);
    expect(left("r1/w")).toEqual(["train.layer1/w"]);
    expect([left(""), left("/"), left("/acc")].map((found) => found.length)).toEqual([5, 5, 1]);
  });
  it("says what is wrong with a regular expression and hides nothing", () => {
    expect([metricFilter("/(/").fault, metricFilter("/[z-a]/").fault]).toEqual([
      "Unterminated group",
      "Range out of order in character class",
    ]);
    expect(left("/(/")).toEqual(names);
  });
  it("takes no regular expression that could let the browser stand still", () => {
    const slow = ["(a+)+$", "(a|a)*b", "(a*){9}", "(.*a){20}", "(a?){30}a{30}", "a?".repeat(30), "(a|a)".repeat(30)];
    slow.push(".*.*.*.*x", "(a)\\1", "(?<n>a)\\k<n>", "((a+)b)+", "(?:(?:a+))+", "[ab]*[ab]*[ab]*[ab]*c", "(a{1,9})+");
    for (const pattern of slow) expect([pattern, metricFilter(`/${pattern}/`).fault !== ""]).toEqual([pattern, true]);
    const fine = [
      "^(train|val)/(loss|acc).*\\d+$",
      "layer\\d+\\.(w|b)",
      ".*a.*b.*c",
      "(ab)+",
      "[(+*]+",
      "\\(a\\)+\\*",
      "a{2}b?",
    ];
    fine.push("loss|acc|lr|grad", "(?:ab)*", "(?=a)b", "a+?b", "^(?!system).*");
    for (const pattern of fine) expect([pattern, metricFilter(`/${pattern}/`).fault]).toEqual([pattern, ""]);
    const begun = performance.now();
    for (const pattern of fine) metricFilter(`/${pattern}/`).fits("a".repeat(255));
    expect(performance.now() - begun).toBeLessThan(5000);
  });
  it("narrows what could be meant, beginnings first, with how many metrics they have", () => {
    expect(suggestions(names, "").slice(0, 3)).toEqual([
      { text: "train.", count: 3 },
      { text: "train.layer", count: 2 },
      { text: "val.", count: 2 },
    ]);
    expect(suggestions(names, "lay").map(({ text }) => text)).toEqual([
      "train.",
      "train.layer",
      "train.layer1/w",
      "train.layer10/w",
    ]);
    expect(suggestions(names, "val.acc")).toEqual([]);
    expect(suggestions(names, "/(")).toEqual([]);
  });
  it("leaves sections without a chart out, and those with one as they are", () => {
    const sections = chartSections(names, {});
    expect(shown(filtered(sections, metricFilter("w")))).toEqual([["train.layer*", ["layer1/w", "layer10/w"]]]);
  });
});

describe("a heat map", () => {
  const curve = (x: number[], y: number[]) =>
    ({ x: Float64Array.from(x), y: Float64Array.from(y), measured: Float64Array.from(y), n: null }) as unknown as Curve;
  const steps = [1, 2, 3, 4];

  it("has in each cell the point that is nearest, and nothing where a metric has none", () => {
    const curves = [curve(steps, [10, 20, Number.NaN, 40]), curve([1, 2], [1, 2])];
    const { values, odd } = cellsOf(curves, 4, [0.5, 4.5], false);
    expect(values.map((row) => [...row])).toEqual([
      [10, 20, Number.NaN, 40],
      [1, 2, Number.NaN, Number.NaN],
    ]);
    expect(odd.map((row) => [...row])).toEqual([
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
  });
  it("goes along a log axis by factors", () => {
    expect([0, 1].map((column) => Math.round(placeOf(column, 2, [1, 10_000], true)))).toEqual([10, 1000]);
    expect([0, 1].map((column) => placeOf(column, 2, [0, 8], false))).toEqual([2, 6]);
  });
  it("has colours from the least to the greatest value, or without what is far from the rest", () => {
    const many = Array.from({ length: 100 }, (_, at) => at + 1);
    const cells = cellsOf([curve(many, [...many.slice(0, 99), 1e6])], 100, [0.5, 100.5], false);
    expect(colourRange(cells, false, false)).toEqual([1, 1e6]);
    expect(colourRange(cells, false, true)).toEqual([3, 98]);
    expect(colourRange({ columns: 1, values: [Float64Array.of(-1)], odd: [] }, true, false)).toBeNull();
    expect([1, 10, 100, 1e9, 0].map((value) => shareOf(value, [1, 100], true))).toEqual([0, 0.5, 1, 1, null]);
    expect([shareOf(3, [3, 3], false), shareOf(Number.NaN, [0, 1], false)]).toEqual([0.5, null]);
  });
});
