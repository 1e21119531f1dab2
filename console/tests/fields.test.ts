import { describe, expect, it } from "vitest";
import type { TrialDetail } from "../src/api/types";
import { isOtherField, needsMetadata, otherValue } from "../src/model/fields";

const trial = {
  id: "0f2c7a52-0000-4000-8000-000000000000",
  alternative_name: "cnn_261123_150327_f9by70",
  started: "2026-11-23T15:00:00+00:00",
  ended: null,
  nan_since: { "train.loss": 3 },
  segments: [
    { kind: "resume", from_step: 3, offset: 9 },
    { kind: "fork", from_step: 1, offset: 0, parent: "p", parent_name: "old" },
  ],
  metadata: { _git: { branch: "main", is_dirty: true }, platform: { gpu: { name: "H100" } } },
} as unknown as TrialDetail;

const value = (field: string, of = trial) => otherValue(of, field, Date.parse("2026-11-23T18:00:00Z") / 1000, "en");

describe("Fields that no list shows", () => {
  it("are told from its columns", () => {
    expect(["age", "git.branch", "platform.gpu.name", "parent"].every(isOtherField)).toBe(true);
    expect(["name", "params.lr", "val.acc", "git", "metrics.git.branch"].some(isOtherField)).toBe(false);
    expect(["age", "git.branch"].map(needsMetadata)).toEqual([false, true]);
  });
  it("are shown as text", () => {
    expect(value("age")).toBe("3h ago");
    expect([value("id"), value("parent"), value("nan_since"), value("ended")]).toEqual([
      "0f2c7a52",
      "old",
      "train.loss",
      "–",
    ]);
    expect([value("git.branch"), value("git.dirty"), value("platform.gpu.name")]).toEqual(["main", "true", "H100"]);
    expect(value("alternative_name")).toBe("cnn_261123_150327_f9by70");
  });
  it("are a dash where a trial has none", () => {
    const bare = { ...trial, metadata: { _git: [] }, segments: [] } as unknown as TrialDetail;
    expect([value("git.branch", bare), value("parent", bare), value("platform.x", bare)]).toEqual(["–", "–", "–"]);
  });
});
