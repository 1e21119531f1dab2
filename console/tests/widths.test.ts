import { describe, expect, it } from "vitest";
import { withShortNames } from "../src/model/widths";

describe("the width of names", () => {
  it("gives way before a metric is pushed off the page", () => {
    expect(withShortNames([300, 128, 100], 0, 500)).toEqual([222, 128, 100]);
  });
  it("stays enough to tell names apart, however many columns there are", () => {
    expect(withShortNames([300, 128, 900], 0, 500)).toEqual([190, 128, 900]);
    expect(withShortNames([150, 128, 900], 0, 500)).toEqual([150, 128, 900]);
  });
  it("is whole where there is room, and nothing where there are no names", () => {
    expect(withShortNames([300, 128], 0, 1000)).toEqual([300, 128]);
    expect(withShortNames([300, 128], -1, 100)).toEqual([300, 128]);
  });
});
