import { describe, expect, it } from "vitest";
import { parseAnsi, settle } from "../src/model/ansi";
import { cellConditions } from "../src/model/cell_conditions";
import { differences, flatten } from "../src/model/flat";
import { formatValue } from "../src/model/format";
import { groupTrials } from "../src/model/groups";
import { parseJson } from "../src/model/json";
import { parseMarkdown } from "../src/model/markdown";
import { parseTable } from "../src/model/media";
import { blocksOf, isError, outputLines } from "../src/model/output";
import { previewOf } from "../src/model/preview";
import { commandLine } from "../src/model/process";

const DEEP = 100_000;
/** What JSON may hold where a text is expected, but no text can be made of. */
const ODD = [
  '{"toString":1,"valueOf":1}',
  '[{"toString":null}]',
  `${"[".repeat(DEEP)}${"]".repeat(DEEP)}`,
  "null",
  "7",
];
const NESTED = `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`;

function preview(name: string, text: string) {
  const bytes = new TextEncoder().encode(text);
  return previewOf(name, bytes, bytes.length);
}

describe("values that are not what they should be", () => {
  it.each(ODD)("are shown wherever a text is expected, and stop nothing: %.20s", (odd) => {
    const cells = [
      `{"source": ${odd}}`,
      `{"source": [${odd}], "cell_type": ${odd}}`,
      `{"outputs": [{"text": ${odd}}, {"ename": ${odd}, "evalue": ${odd}}, {"ename": "E", "evalue": ${odd}}]}`,
      `{"outputs": ${odd}}`,
      `{"outputs": [{"data": {"text/plain": ${odd}}}, {"data": ${odd}}]}`,
      odd,
    ];
    for (const cell of cells) expect(preview("a.ipynb", `{"cells": [${cell}]}`).kind).toBe("text");
    expect(preview("a.json", odd).kind).toBe("text");
    const value = JSON.parse(odd);
    expect(typeof commandLine(value)).toBe("string");
    expect(typeof commandLine([value])).toBe("string");
    expect(typeof formatValue(value)).toBe("string");
    for (const table of [`{"columns": [${odd}], "data": [[${odd}]]}`, `{"columns": ${odd}, "data": ${odd}}`])
      expect(() => parseTable(table)).not.toThrow();
  });

  it("are no names with a hundred thousand dots", () => {
    const [[name, value] = ["", null]] = flatten(JSON.parse(NESTED));
    expect(name.length).toBeLessThan(1000);
    expect(formatValue(value)).toBe("…");
    expect(preview("a.json", NESTED)).toEqual({ kind: "text", text: NESTED, isCut: false });
  });
});

describe("long texts", () => {
  // Each is a second at most; by a pattern that tries each of n places n times, it was a minute or more.
  const n = 200_000;
  it.each(["\r", "1", "1/", "[=", "`", "*", "[", "\u001b]", "\u001b[", "%", "A", "|"])(
    "of one letter take no time: %j",
    (letter) => {
      for (const end of ["", "x", "\nx"]) {
        const text = letter.repeat(n / letter.length) + end;
        expect(settle(text).length).toBeLessThanOrEqual(text.length);
        parseAnsi(text);
        const lines = outputLines(text);
        expect(blocksOf(lines).length).toBeLessThanOrEqual(2);
        lines.filter(isError);
        parseMarkdown(text.slice(0, 65_536)); // the server takes no longer note
      }
    },
  );

  it("are settled as before", () => {
    expect(settle("a\r\r\nb\rc\r\r")).toBe("a\nc");
    expect(settle("\r\r")).toBe("");
    expect(settle("\rx")).toBe("x");
    expect(blocksOf(outputLines("1%|█\n10% |█\n100/100 [00:01\n")).map(({ isProgress }) => isProgress)).toEqual([true]);
  });
});

describe("whole numbers that no number holds exactly", () => {
  const seeds = [
    "9007199254740993",
    "6371562874136734421",
    "-9223372036854775809",
    `1${"0".repeat(30)}`,
    "1152921504606846976",
  ];
  const read = (text: string) =>
    parseJson(`{"seed": ${text}, "nested": {"list": [${text}]}}`) as Record<string, unknown>;

  it.each(seeds)("are shown, told apart, filtered by and copied as they are: %s", (seed) => {
    const [one, other] = [read(seed), read(seed.replace(/.$/, "5"))];
    expect(formatValue(one.seed)).toBe(seed);
    expect(differences([one, other]).map(({ differs }) => differs)).toEqual([true, true]);
    expect(groupTrials([one, other], ["seed"]).map(({ label }) => label)[0]).toContain(seed);
    const row = { parameters: one } as unknown as Parameters<typeof cellConditions>[0];
    const column = { kind: "parameter", name: "seed", id: "params.seed" } as unknown as Parameters<
      typeof cellConditions
    >[1];
    expect(cellConditions(row, column, 0)[0]?.condition).toContain(`= ${seed}`);
    if ("rawJSON" in JSON) expect(JSON.stringify(one)).toContain(`"seed":${seed},`);
  });

  it("are the only ones that are read in another way than JSON is", () => {
    const texts = [
      '{"a": "9007199254740993", "b": "\\"9007199254740993"}',
      "[1.0000000000000000001, 1e400, 9007199254740991]",
    ];
    for (const text of [...texts, '["12345678901234567890, 5"]', '{"12345678901234567890": 1}', "1234567890123456.5"])
      expect(parseJson(text)).toEqual(JSON.parse(text));
    expect(parseJson('[9007199254740993, "9007199254740993"]')).toEqual([9007199254740993n, "9007199254740993"]);
    expect(() => parseJson("[12345678901234567890")).toThrow();
  });
});
