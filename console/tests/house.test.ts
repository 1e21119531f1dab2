import { describe, expect, it } from "vitest";
import { apiBase } from "../src/api/client";
import { decodeColumns } from "../src/api/metrics";
import { strokeOf } from "../src/charts/palette";
import { moved, zoomed } from "../src/charts/ranges";
import { assigned } from "../src/model/colours";
import { preferred } from "../src/words";
import { en } from "../src/words/en";
import { zh } from "../src/words/zh";

const SOURCES = Object.entries(
  import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }),
);

describe("the source", () => {
  it("makes no markup of text and calls no other host", () => {
    const forbidden =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DangerouslySet|srcdoc|\beval\(|new Function|https?:\/\/(?!www\.w3\.org\/2000\/svg)/;
    expect(SOURCES.length).toBeGreaterThan(40);
    expect(SOURCES.filter(([, text]) => forbidden.test(text)).map(([name]) => name)).toEqual([]);
  });
  it("has files of fewer than 400 lines, and catalogues of fewer than 700", () => {
    const most = (name: string) => (/words\/(en|zh)\.ts$/.test(name) ? 700 : 400);
    expect(SOURCES.filter(([name, text]) => text.split("\n").length > most(name)).map(([name]) => name)).toEqual([]);
  });
});

describe("the list of keys", () => {
  it("has each key that a page listens to", () => {
    const source = SOURCES.find(([name]) => name.endsWith("/shortcuts.tsx"))?.[1] ?? "";
    const told = source.slice(source.indexOf("GROUPS"), source.indexOf("function HelpDialog"));
    const heard = SOURCES.flatMap(([, text]) => [
      ...[...text.matchAll(/event\.key(?:\.toLowerCase\(\))? [!=]== "([a-zB])"/g)].map(([, key]) => key),
      ...[
        ...text.matchAll(/^\s+(?:\.\.\.\(.*\{ )?"?([a-z?,.[/])"?: (?:\(\) =>|openHelp|undoLast|copyPageLink|pin\b)/gm),
      ].map(([, key]) => key),
    ]);
    expect(new Set(heard).size).toBeGreaterThan(15);
    expect(heard.filter((key) => !told.includes(`"${key}"`))).toEqual([]);
  });
});

describe("languages", () => {
  it("have the same places for values", () => {
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort().join();
    const keys = Object.keys(en) as (keyof typeof en)[];
    expect(keys.filter((key) => key !== "compare.group.size" && places(en[key]) !== places(zh[key]))).toEqual([]);
  });
  it("name states alike, as queries do", () => {
    const states = (Object.keys(en) as (keyof typeof en)[]).filter((key) => /^state\.(?!Unknown)[A-Z]/.test(key));
    expect(states.length).toBe(7);
    expect(states.filter((key) => zh[key] !== en[key] || en[key] !== key.replace("state.", ""))).toEqual([]);
  });
  it("have Chinese punctuation in Chinese", () => {
    const mixed = /[\u4e00-\u9fff”}][,;:!?]|[,;:!?(][\u4e00-\u9fff]|[\u4e00-\u9fff]\)/;
    expect(Object.values(zh).filter((text) => mixed.test(text))).toEqual([]);
  });
  it("are chosen by what the browser prefers", () => {
    expect([preferred(["zh-TW", "en"]), preferred(["fr", "en-US"]), preferred(["fr"])]).toEqual(["zh", "en", "en"]);
  });
});

describe("the API", () => {
  it("lies beside the console, also below a proxy's path", () => {
    expect(apiBase("https://lab/x/t9k/experiment/web/#/trials/1/?a=b")).toBe(
      "https://lab/x/t9k/experiment/server/apis/v2/",
    );
  });
  it("sends columns that are read as they were written", () => {
    const series = {
      trial: "t",
      metric: "m",
      count: 2,
      exact: true,
      nan: 1,
      x: { offset: 0, length: 2 },
      lo: { offset: 16, length: 2 },
    };
    const header = new TextEncoder().encode(JSON.stringify({ series: [series] }));
    const start = Math.ceil((16 + header.length) / 8) * 8;
    const body = new Uint8Array(start + 32);
    body.set(new TextEncoder().encode("AIMDCOL1"));
    new DataView(body.buffer).setUint32(8, header.length, true);
    body.set(header, 16);
    body.set(new Uint8Array(Float64Array.of(1, 2, 0.5, Number.NaN).buffer), start);
    const [read] = decodeColumns(body.buffer);
    expect([[...(read?.x ?? [])], [...(read?.lo ?? [])], read?.mean === read?.lo]).toEqual([
      [1, 2],
      [0.5, Number.NaN],
      true,
    ]);
    expect(() => decodeColumns(new ArrayBuffer(4))).toThrow();
  });
});

describe("charts", () => {
  it("have a stroke of its own for each of 32 curves", () => {
    const strokes = Array.from({ length: 32 }, (_, index) => JSON.stringify(strokeOf(index, false, true)));
    expect(new Set(strokes).size).toBe(32);
  });
  it("give a trial the same colour again, and trials that are shown together different ones", () => {
    const first = assigned(["a", "b", "c", "d"], new Map(), 22);
    expect(new Set(first.values()).size).toBe(4);
    expect(Math.max(...first.values())).toBeLessThan(8);
    const later = assigned(["x", "c", "y"], first, 22);
    expect(later.get("c")).toBe(first.get("c"));
    const ids = Array.from({ length: 44 }, (_, at) => `trial ${at}`);
    const counts = new Map<number, number>();
    for (const number of assigned(ids, new Map(), 22).values()) counts.set(number, (counts.get(number) ?? 0) + 1);
    expect([...counts.values()]).toEqual(new Array(22).fill(2));
  });
  it("zoom around a place and move, on log axes by factors", () => {
    expect(zoomed([0, 10], 0.5, 5, false)).toEqual([2.5, 7.5]);
    expect(moved([0, 10], 0.5, false)).toEqual([5, 15]);
    expect(zoomed([1, 100], 0.5, 10, true).map((value) => Math.round(value * 100) / 100)).toEqual([3.16, 31.62]);
  });
});
