import { effect } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { type Listing, matchingTrials, pageOf, withPage } from "../src/api/trials";
import type { Trial, TrialPage } from "../src/api/types";
import { oneAtATime } from "../src/model/turns";
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

describe("a trial that moves on in the order while pages come", () => {
  const [first, second, third] = ["a", "b", "c"].map((id) => ({ id }) as Trial) as [Trial, Trial, Trial];
  const moved = { id: "a", name: "moved" } as Trial;

  it("is in the list once, where it is now", () => {
    expect(withPage([first, second], [third, moved])).toEqual([second, third, moved]);
  });

  it("is once among all that match", async () => {
    const { ask } = answering([
      { trials: [first, second], next: "1" },
      { trials: [third, moved], next: null },
    ]);
    expect((await matchingTrials(wanted, undefined, ask)).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });
});

describe("work that is asked for again and again", () => {
  function work() {
    const ends: (() => void)[] = [];
    const fails: (() => void)[] = [];
    const run = () => new Promise<void>((end, fail) => ends.push(end) && fails.push(() => fail(new Error("x"))));
    return { ends, fails, run };
  }
  const turn = () => new Promise((resume) => setTimeout(resume));

  it("comes to its end, and is done once more after the last time", async () => {
    const { ends, run } = work();
    const ask = oneAtATime(new AbortController().signal, run);
    for (let time = 0; time < 5; time++) ask();
    expect(ends.length).toBe(1);
    ends[0]?.();
    await turn();
    expect(ends.length).toBe(2);
    ends[1]?.();
    await turn();
    expect(ends.length).toBe(2);
    ask();
    expect(ends.length).toBe(3);
  });

  it("goes on after a failure, and ends with its signal", async () => {
    const { ends, fails, run } = work();
    const stop = new AbortController();
    const ask = oneAtATime(stop.signal, run);
    ask();
    ask();
    fails[0]?.();
    await turn();
    expect(ends.length).toBe(2);
    ask();
    stop.abort();
    ends[1]?.();
    await turn();
    expect(ends.length).toBe(2);
  });
});
