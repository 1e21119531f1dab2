import { describe, expect, it } from "vitest";
import { type EmbeddedView, viewIn, viewsIn } from "../src/model/embedded";
import { type Block, parseMarkdown } from "../src/model/markdown";

interface Fixture {
  notes: { text: string; blocks: Block[] }[];
  views: { info: string; text: string; view: EmbeddedView }[];
}

const [fixture = { notes: [], views: [] }] = Object.values(
  import.meta.glob<Fixture>("../../tests/fixtures/markdown.json", { import: "default", eager: true }),
);

describe("a report", () => {
  it.each(fixture.notes)("is read as the exported file reads it: $text", ({ text, blocks }) => {
    expect(parseMarkdown(text)).toEqual(blocks);
  });

  it("takes no time for a long line", () => {
    const begun = performance.now();
    for (const filler of [" ", "#", "\t", " #"])
      for (const [before, after] of [
        ["# a", "b"],
        ["# a", "\u2028"],
        ["```a", "b"],
        ["- a", "\u2028"],
      ] as const)
        parseMarkdown(before + filler.repeat(65_000 / filler.length) + after);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  it("counts the views that it embeds, wherever they are", () => {
    const note = "```view a\n```\n\n> ```view b\n> ```\n\n- ```view c\n  ```\n\n```py\n```\n\n```view d\n```";
    expect(viewsIn(parseMarkdown(note)).map((block) => "info" in block && block.info)).toEqual(
      ["a", "b", "c", "d"].map((name) => `view ${name}`),
    );
  });

  it.each(fixture.views)("embeds the view that the exported file embeds: $info $text", ({ info, text, view }) => {
    expect(viewIn(info, text)).toEqual(view);
  });
});
