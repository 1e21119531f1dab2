import { afterEach, describe, expect, it, vi } from "vitest";
import { learnTime, timeS } from "../src/model/clock";

const NOON = "Fri, 27 Nov 2026 12:00:00 GMT";
const NOON_S = Date.parse(NOON) / 1000;
const answer = (cache: string, date: string | null = NOON) =>
  new Headers({ "Cache-Control": cache, ...(date ? { Date: date } : {}) });

afterEach(() => vi.useRealTimers());

describe("the time of the server", () => {
  it.each([86_400, -7_200])("is told though the browser is %d s ahead", (aheadS) => {
    vi.useFakeTimers({ now: (NOON_S + aheadS) * 1000 });
    learnTime(answer("no-store"));
    expect(timeS()).toBe(NOON_S);
  });
  it("is the browser's where they differ by seconds only", () => {
    vi.useFakeTimers({ now: (NOON_S + 3) * 1000 });
    learnTime(answer("no-store"));
    expect(timeS()).toBe(NOON_S + 3);
  });
  it.each([
    ["a cache", "private, max-age=60", NOON],
    ["no clock", "no-store", null],
    ["a broken clock", "no-store", "yesterday"],
  ])("is not taken from %s", (_, cache, date) => {
    vi.useFakeTimers({ now: NOON_S * 1000 });
    learnTime(answer("no-store"));
    vi.setSystemTime((NOON_S + 500) * 1000);
    learnTime(answer(cache, date));
    expect(timeS()).toBe(NOON_S + 500);
  });
});
