import { describe, expect, it } from "vitest";
import { told } from "../src/model/tidings";

const running = { state: "Running", nan_since: {}, ended: null } as const;
const ended = (state: "Failed" | "Succeeded", at: string) => ({ state, nan_since: {}, ended: at }) as const;
const EARLY = "2026-11-26T10:00:00Z";
const LATE = "2026-11-26T12:00:00Z";
const SINCE = Date.parse("2026-11-26T11:00:00Z") / 1000;

describe("of a trial", () => {
  it("an end is told once, and a failure as one", () => {
    expect(told(running, ended("Failed", LATE), SINCE)).toBe("failed");
    expect(told(ended("Failed", LATE), ended("Failed", LATE), SINCE)).toBeNull();
    expect(told(running, ended("Succeeded", LATE), SINCE)).toBe("succeeded");
  });

  it("that was never seen, an end is told if it is new", () => {
    expect(told(undefined, ended("Succeeded", LATE), SINCE)).toBe("succeeded");
    expect(told(undefined, ended("Succeeded", EARLY), SINCE)).toBeNull();
    expect(told(undefined, running, SINCE)).toBeNull();
  });

  it("the beginning of NaN is told, and not that there is some", () => {
    const nan = { ...running, nan_since: { "train.loss": 7 } };
    expect(told(running, nan, SINCE)).toBe("nan");
    expect(told(nan, nan, SINCE)).toBeNull();
    expect(told(undefined, nan, SINCE)).toBeNull();
  });
});
