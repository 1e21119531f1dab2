/** Names beside each other: what they share is said once, and each is told by where it differs. */

export interface ShortNames {
  /** What all share, with `…` where they differ; empty where that is short, or where it is all there is of one. */
  common: string;
  /** Each name without it, in the same order. */
  short: string[];
}

const LEAST = 6;
const BREAK = /[\s_\-/:,=]/;

/** How many characters all names begin with, up to where a word ends. */
function commonStart(names: readonly string[]): number {
  const [first = "", ...others] = names;
  let end = first.length;
  for (const name of others) {
    let at = 0;
    while (at < end && name[at] === first[at]) at++;
    end = at;
  }
  while (end > 0 && !BREAK.test(first[end - 1] as string)) end--;
  return end;
}

function reversed(name: string): string {
  return Array.from(name).reverse().join("");
}

/**
 * Names without what all begin and end with, cut where words end: of `resnet50_lr0.1_adam` and `resnet50_lr0.2_adam`,
 * `lr0.1` and `lr0.2`, with `resnet50_…_adam` in common.
 */
export function shortNames(names: readonly string[]): ShortNames {
  const whole = { common: "", short: [...names] };
  const first = names[0] ?? "";
  if (names.length < 2) return whole;
  const start = commonStart(names);
  const rests = names.map((name) => name.slice(start));
  const endings = commonStart(rests.map(reversed));
  const isTelling = start + endings >= LEAST && names.every((name) => name.length > start + endings);
  if (!isTelling) return whole;
  const ending = first.slice(first.length - endings);
  return {
    common: `${first.slice(0, start)}${endings ? `…${ending}` : ""}`,
    short: names.map((name) => name.slice(start, name.length - endings)),
  };
}
