import { describe, expect, it } from "vitest";
import { fitted } from "../src/model/lineage";
import { nameFamily, partsIn, shownName, tellingPart } from "../src/model/name_parts";

/** Numbers that are the same in each run. */
function randomOf(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

const letters = (text: string) => Array.from(text).length;
const shown = (names: string[], most: number) => {
  const family = nameFamily(names);
  return names.map((name) => shownName(partsIn(family, name), most, letters, (text) => fitted(text, most, letters)));
};

/** The names of a sweep over some parameters, with words between them, perhaps of several models. */
function sweep(seed: number): string[] {
  const random = randomOf(seed);
  const words = ["resnet50", "augmented", "名称", "wide", "adam", "nodecay", "cosine", "bs256", "😀", "final"];
  const pick = () => words[random(words.length)] as string;
  const breaks = "_-/ :"[random(5)] as string;
  const models = Array.from({ length: 1 + random(3) }, (_, at) =>
    [`${pick()}${at}`, pick(), pick()].slice(0, 1 + random(3)),
  );
  const slots = Array.from({ length: 1 + random(3) }, (_, at) => ({
    values: Array.from({ length: 2 + random(3) }, (_, value) => `${"abc"[at]}${random(90)}.${value}`),
    after: Array.from({ length: random(3) }, pick),
  }));
  return Array.from({ length: 2 + random(30) }, () => {
    const values = slots.flatMap(({ values, after }) => [values[random(values.length)] as string, ...after]);
    return [...(models[random(models.length)] as string[]), ...values].join(breaks);
  });
}

describe("names of a list", () => {
  it("stay different where there is room for what tells them apart, at any width", () => {
    let cut = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const names = [...new Set(sweep(seed))];
      const family = nameFamily(names);
      const most = 8 + randomOf(seed)(60);
      const texts = shown(names, most);
      const least = names.map((name) => {
        return letters(tellingPart(partsIn(family, name)));
      });
      names.forEach((name, at) => {
        expect(
          partsIn(family, name)
            .map(({ text }) => text)
            .join(""),
        ).toBe(name);
        expect(letters(texts[at] as string)).toBeLessThanOrEqual(most);
        if (letters(name) <= most) expect(texts[at]).toBe(name);
        else cut++;
      });
      if (Math.max(...least) <= most) expect(new Set(texts).size, `${seed}: ${names.join("\n")}`).toBe(names.length);
    }
    expect(cut).toBeGreaterThan(1000);
  });

  it("are told apart by the parameters of a sweep in the width that a list has", () => {
    const names = [0.1, 0.01].flatMap((rate) =>
      ["1e-4", "5e-4"].flatMap((decay) =>
        [0, 1].map((seed) => `resnet50_augmix_lr${rate}_bs256_wd${decay}_cosine_adam_seed${seed}`),
      ),
    );
    expect(shown(names, 28)[0]).toBe("resnet5…lr0.1_…wd1e-4_…seed0");
    expect(new Set(shown(names, 28)).size).toBe(8);
    expect(shown(["a_long_name_of_one", "a_long_name_of_one"], 10)).toEqual(["a_long…one", "a_long…one"]);
  });

  it("have the parts that the terminal finds", () => {
    type Told = { names: string[]; parts: Record<string, [string, number][]> };
    const all = Object.values(
      import.meta.glob<Told[]>("../../tests/fixtures/name_parts.json", { import: "default", eager: true }),
    ).flat();
    expect(all.length).toBeGreaterThan(5);
    for (const { names, parts } of all) {
      const family = [...nameFamily(names)].map(([name, its]) => [name, its.map(({ text, rank }) => [text, rank])]);
      expect(Object.fromEntries(family)).toEqual(parts);
    }
  });

  it("of one long word each are told apart by where they differ", () => {
    const names = [0, 1, 2].map((at) => `run20261127resnet50augmix${at}`);
    expect(shown(names, 12)).toEqual(["run2026112…0", "run2026112…1", "run2026112…2"]);
  });

  it("take no longer for thousands of long ones than a page may", () => {
    const names = Array.from({ length: 5000 }, (_, at) => `${"word_".repeat(9)}${at}_${"tail_".repeat(3)}`);
    expect(nameFamily(names).size).toBe(5000);
  });
});
