import { effect } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { type Listing, pageOf } from "../src/api/trials";
import type { Trial, TrialPage } from "../src/api/types";
import { Part } from "../src/parts/later";

const wanted: Listing = { folderId: "root", below: true, where: "x", sort: "", limit: 100, count: true };
const trial = { id: "a" } as Trial;

function answering(pages: TrialPage[]) {
  const asked: Listing[] = [];
  const ask = async (one: Listing) => {
    asked.push(one);
    return pages[asked.length - 1] as TrialPage;
  };
  return { ask, asked };
}

describe("a list", () => {
  it("is asked for until a page has something, and counted once", async () => {
    const count = { value: 1, capped: true };
    const { ask, asked } = answering([
      { trials: [], next: "1", count },
      { trials: [], next: "2" },
      { trials: [trial], next: "3" },
    ]);
    expect(await pageOf(wanted, undefined, ask)).toEqual({ trials: [trial], next: "3", count });
    expect(asked.map(({ cursor, count }) => [cursor, count])).toEqual([
      [undefined, true],
      ["1", false],
      ["2", false],
    ]);
  });
  it("that has nothing ends", async () => {
    const { ask, asked } = answering([{ trials: [], next: null }]);
    expect(await pageOf(wanted, undefined, ask)).toEqual({ trials: [], next: null });
    expect(asked.length).toBe(1);
  });
});

describe("a part that is loaded later", () => {
  it("appears for who waits, whoever loads it, and is loaded again after a failure", async () => {
    const Page = () => null;
    let isThere = false;
    const part = new Part(async () => {
      if (!isThere) throw new Error("unreachable");
      return Page;
    });
    const seen: unknown[] = [];
    effect(() => {
      seen.push(part.code.value);
    });
    await expect(part.load()).rejects.toThrow("unreachable");
    isThere = true;
    await part.load(); // in an idle moment, say, while a page has been drawn but not asked yet
    await part.load();
    expect(seen).toEqual([null, Page]);
  });
});
