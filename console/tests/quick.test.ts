import { describe, expect, it } from "vitest";
import { hasQuick, isSaid, LAST_DAY, type Quick, turned } from "../src/model/quick";

const failed: Quick = { field: "state", value: "Failed" };
const running: Quick = { field: "state", value: "Running" };
const best: Quick = { field: "tags", value: "best" };

describe("a chip", () => {
  it("writes the filter, and shows what it says", () => {
    expect(turned("", failed)).toBe("state = Failed");
    expect(turned("resnet", failed)).toBe("resnet and state = Failed");
    expect(hasQuick("resnet and state = Failed", failed)).toBe(true);
    expect(hasQuick("resnet and state = Failed", running)).toBe(false);
    expect(turned("resnet and state = Failed", failed)).toBe("resnet");
    expect(turned("age < 1d", LAST_DAY)).toBe("");
    expect(turned("state = Failed", LAST_DAY)).toBe("state = Failed and age < 1d");
  });
  it("of several states takes any, of several tags all", () => {
    const both = turned("state = Failed and lr", running);
    expect(both).toBe("state in [Failed, Running] and lr");
    expect([hasQuick(both, failed), hasQuick(both, running)]).toEqual([true, true]);
    expect(turned(both, failed)).toBe("state = Running and lr");
    expect(turned("tags = best", { field: "tags", value: '"two words"' })).toBe('tags = best and tags = "two words"');
    expect(turned('tags = best and tags = "two words"', best)).toBe('tags = "two words"');
  });
  it("leaves what else is written as it is", () => {
    expect(turned("a = 1 or b = 2", failed)).toBe("(a = 1 or b = 2) and state = Failed");
    expect(turned("state != Failed", failed)).toBe("state != Failed and state = Failed");
    expect(hasQuick("not state = Failed", failed)).toBe(false);
    expect(hasQuick("state = Failed or lr = 1", failed)).toBe(false);
    expect(hasQuick("state in [Failed", failed)).toBe(false);
  });
  it("says a condition when it says all of it", () => {
    expect(isSaid("state in [Failed, Running]", [failed, running])).toBe(true);
    expect(isSaid("state in [Failed, Lost]", [failed, running])).toBe(false);
    expect(isSaid("tags = best", [best])).toBe(true);
    expect(isSaid("lr = 1", [failed, best])).toBe(false);
  });
});
