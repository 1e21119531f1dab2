/**
 * What of a name gives way where there is no room, so that the names of a list stay different as long as there is.
 *
 * A name is read as words. Words that all names have give way first, then those that follow from the words before them;
 * what tells a name from the others comes last.
 */

import { bothEnds } from "./format";

/** 2: all names have it; 1: it follows from what is before it; 0: it tells the name from others. */
export type Rank = 0 | 1 | 2;

export interface NamePart {
  text: string;
  rank: Rank;
}

/** The parts of each name of a list. */
export type NameFamily = ReadonlyMap<string, readonly NamePart[]>;

/** A word with the signs that end it; the dash of `1e-4` ends none. */
const WORD = /(?:[0-9]e-(?=[0-9])|[^\s_\-/:,=])*[\s_\-/:,=]+|(?:[0-9]e-(?=[0-9])|[^\s_\-/:,=])+$/g;
/** A shorter name has room anywhere, and what is shorter is no shorter as `…`. */
const LONG = 12;
const LEAST = 3;
/** Beyond this many names, only what is right for the first ones is known of all. */
const MOST = 5000;

interface Branch {
  next: Map<string, Branch>;
  isEnd: boolean;
}

export function nameFamily(names: readonly string[]): NameFamily {
  const all = [...new Set(names)].slice(0, MOST);
  const family = new Map<string, readonly NamePart[]>();
  if (all.length < 2) return family;
  const words = all.map((name): string[] => name.match(WORD) ?? []);
  const root: Branch = { next: new Map(), isEnd: false };
  for (const line of words) grow(root, line);
  const shared = inAll(words);
  all.forEach((name, at) => {
    if (name.length > LONG) family.set(name, partsOf(words[at] ?? [], root, shared));
  });
  return family;
}

function grow(root: Branch, words: readonly string[]): void {
  let branch = root;
  for (const word of words) {
    const next = branch.next.get(word) ?? { next: new Map(), isEnd: false };
    branch.next.set(word, next);
    branch = next;
  }
  branch.isEnd = true;
}

/** The words that all names have. */
function inAll(words: readonly (readonly string[])[]): Set<string> {
  const left = new Set(words[0]);
  for (const line of words) {
    const here = new Set(line);
    for (const word of left) if (!here.has(word)) left.delete(word);
  }
  return left;
}

function partsOf(words: readonly string[], root: Branch, shared: ReadonlySet<string>): NamePart[] {
  const parts: NamePart[] = [];
  let branch = root;
  for (const word of words) {
    if (branch.next.size + Number(branch.isEnd) === 1) add(parts, word, shared.has(word) ? 2 : 1);
    else {
      const begun = branch.isEnd ? 0 : sharedLetters([...branch.next.keys()]);
      if (begun > 0) add(parts, word.slice(0, begun), 1);
      add(parts, word.slice(begun), 0);
    }
    branch = branch.next.get(word) as Branch;
  }
  return joined(parts);
}

/** How many letters long words begin with alike; 0 for few, or where one word has no others. */
function sharedLetters(words: readonly string[]): number {
  const [first = "", ...others] = words;
  let end = first.length;
  for (const word of others) {
    let at = 0;
    while (at < end && word[at] === first[at]) at++;
    end = at;
  }
  if (/[\uD800-\uDBFF]/.test(first[end - 1] ?? "")) end--;
  return end > LONG / 2 && words.every((word) => word.length > end) ? end : 0;
}

function add(parts: NamePart[], text: string, rank: Rank): void {
  const last = parts.at(-1);
  if (last?.rank === rank) last.text += text;
  else parts.push({ text, rank });
}

/** Parts without those that are hardly longer than the sign for what is left out. */
function joined(parts: readonly NamePart[]): NamePart[] {
  const whole: NamePart[] = [];
  for (const { text, rank } of parts) add(whole, text, text.length < LEAST ? 0 : rank);
  return whole;
}

/** The parts of a name in a list, or of one that is in none: then its beginning gives way before its ending. */
export function partsIn(family: NameFamily, name: string): readonly NamePart[] {
  const known = family.get(name);
  if (known && known.length > 1) return known;
  const [beginning, ending] = bothEnds(name);
  return ending
    ? [
        { text: beginning, rank: 1 },
        { text: ending, rank: 0 },
      ]
    : [{ text: name, rank: 0 }];
}

/** What is left of a name if all that may gives way. */
export function tellingPart(parts: readonly NamePart[]): string {
  return parts
    .map(({ text, rank }) => (rank ? "…" : text))
    .join("")
    .replace(/…{2,}/g, "…");
}

/** A name in so much room, as text: what gives way is `…`; what has no room even so is cut in its middle by `cut`. */
export function shownName(
  parts: readonly NamePart[],
  most: number,
  widthOf: (text: string) => number,
  cut: (text: string) => string,
): string {
  const texts = parts.map(({ text }) => text);
  const line = () => texts.join("").replace(/…{2,}/g, "…");
  for (const rank of [2, 1] as const) {
    for (let at = parts.length - 1; at >= 0; at--) {
      if (widthOf(line()) <= most) return line();
      const letters = Array.from(parts[at]?.text ?? "");
      if (parts[at]?.rank !== rank) continue;
      for (let left = letters.length - 1; left >= 0; left--) {
        texts[at] = `${letters.slice(0, left).join("")}…`;
        if (widthOf(line()) <= most) return line();
      }
    }
  }
  return widthOf(line()) <= most ? line() : cut(line());
}
