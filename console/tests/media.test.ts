import { describe, expect, it } from "vitest";
import { parseInline, parseMarkdown, safeAddress } from "../src/model/markdown";
import { arrangeRows, heatMapOf, parseTable, sectionsOf, stepAt, unionOf } from "../src/model/media";

describe("steps", () => {
  it("of several trials are one list, and each trial shows its last one that is not behind", () => {
    expect(unionOf([[0, 10, 20], [5, 10], []])).toEqual([0, 5, 10, 20]);
    expect([stepAt([0, 10, 20], 15), stepAt([0, 10, 20], 10), stepAt([5, 9], 1), stepAt([], 3)]).toEqual([
      10,
      10,
      5,
      undefined,
    ]);
  });
});

describe("sections", () => {
  it("are paths, in natural order", () => {
    const keys = ["layers/conv10", "layers/conv2", "samples", "a/b/c"].map((key) => ({ key }));
    expect(sectionsOf(keys).map(({ name, keys }) => [name, keys.map(({ key }) => key)])).toEqual([
      ["", ["samples"]],
      ["a/b", ["a/b/c"]],
      ["layers", ["layers/conv2", "layers/conv10"]],
    ]);
  });
});

describe("a table", () => {
  it("is sorted by numbers, then texts, with what is missing last, both ways", () => {
    const table = parseTable('{"columns":["n","x"],"data":[["b",2],["a",10],["c",null],["d","NaN"],["e",-1]]}');
    expect(table).not.toBeNull();
    if (!table) return;
    expect(arrangeRows(table, "", 1, false).map((row) => row[0])).toEqual(["e", "b", "a", "d", "c"]);
    expect(arrangeRows(table, "", 1, true).map((row) => row[0])).toEqual(["d", "a", "b", "e", "c"]);
    expect(arrangeRows(table, "nan", null, false).map((row) => row[0])).toEqual(["d"]);
    expect(table.rows[0]).toEqual(["b", 2]);
  });
  it("is none of other bytes", () => {
    expect([parseTable("{"), parseTable("[]"), parseTable('{"columns":1,"data":[]}')]).toEqual([null, null, null]);
    expect(parseTable(`{"columns":["a"],"data":[${"[1],".repeat(2_100_000)}[1]]}`)).toBe(null);
    expect(parseTable(`{"columns":["a","b"],"data":[${"[1,2],".repeat(600_000)}[1,2]]}`)).toBe(null);
    expect(parseTable(`{"columns":["a"],"data":[["${",".repeat(2_100_000)}\\"",2]]}`)?.rows.length).toBe(1);
    expect(parseTable('{"columns":["a"],"data":[[{"b":1}],7]}')?.rows).toEqual([['{"b":1}']]);
  });
});

describe("a heat map of histograms", () => {
  it("has all values on one axis, and loses none", () => {
    const map = heatMapOf(
      [
        { edges: [0, 1, 2], counts: [1, 3] },
        { edges: [1, 4], counts: [10] },
      ],
      4,
    );
    expect([map.low, map.high]).toEqual([0, 4]);
    expect(map.columns[0]).toEqual([1 / 3, 1, 0, 0]);
    const shares = map.columns.map((column) => column.reduce((sum, share) => sum + share, 0));
    expect(shares[0]).toBeCloseTo(shares[1] as number);
  });
  it("is finite for one value, none, and odd edges", () => {
    const odd = [
      { edges: [3, 3], counts: [5] },
      { edges: [], counts: [] },
      { edges: [Number.NaN, 1], counts: [2] },
    ];
    for (const column of heatMapOf(odd, 8).columns) expect(column.every(Number.isFinite)).toBe(true);
    expect(heatMapOf([], 8)).toEqual({ low: 0, high: 1, columns: [] });
  });
});

describe("Markdown", () => {
  it("has headings, lists, quotes, code and tables", () => {
    const text =
      "# Title #\n\nsome *text*\nmore\n- one\n- two\n  - inner\n\n1. first\n\n> said\n\n```py\n<b>\n```\n\n|a|b|\n|-|-|\n|1|2|\n---";
    expect(parseMarkdown(text).map((block) => block.kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "list",
      "quote",
      "code",
      "table",
      "rule",
    ]);
  });
  it("keeps HTML and odd links as text", () => {
    const texts = [
      "<script>alert(1)</script>",
      "[x](javascript:alert(1))",
      "[x](data:text/html,1)",
      "[x](//127.0.0.2/)",
      "![x](y)",
      "*not closed",
      "snake_case_name",
      "2 * 3 * 4",
    ];
    for (const text of texts) {
      const parts = parseInline(text);
      expect(parts.every((part) => part.kind === "text" || part.kind === "emphasis")).toBe(true);
      expect(parts.map((part) => ("text" in part ? part.text : "")).join("")).toBe(text);
    }
  });
  it("leads to pages of the console and of the web only", () => {
    expect(safeAddress("#/trials/1/?a=b")).toBe("#/trials/1/?a=b");
    expect(safeAddress("#x")).toBeNull();
    expect([safeAddress("JavaScript:alert(1)"), safeAddress("#/a b"), safeAddress("file:///etc")]).toEqual([
      null,
      null,
      null,
    ]);
    expect(parseInline("see [run 7](#/trials/7/)")[1]).toMatchObject({ kind: "link", address: "#/trials/7/" });
  });
  it("of any shape and the greatest length is read, and not in quadratic time", () => {
    const shapes = ["*", "_", "`", "[", "**a", "> ", "- ", "[a](", "~~", "|a", "http", "\\", "a*b_"];
    for (const shape of shapes) {
      expect(parseMarkdown(shape.repeat(65_536 / shape.length)).length, shape).toBeGreaterThan(0);
    }
  });
});
