/** What a filter may have meant with a field that there is none of: fields of these trials that are like it. */

import { type Known, plainFields } from "./completion";
import { placeIn, type Token, tokensOf } from "./query";

export interface Meant {
  field: string;
  /** The filter with that field in the place of the wrong one. */
  query: string;
}

export interface Unknown {
  /** As it is written. */
  field: string;
  instead: Meant[];
}

const MOST = 4;
const FURTHEST = 2;
/** Fewer letters begin too many names. */
const BEGINNING = 3;

/** Return fields to write instead of the one at a position of a filter, the likeliest first; none if it is no field. */
export function meant(text: string, position: number, known: Known): Meant[] {
  const wrong = tokensOf(text).find(({ start }) => start === position);
  if (wrong?.kind !== "term" || wrong.quoted) return [];
  if (["value", "list", "is"].includes(placeIn(text, wrong.end).expected)) return [];
  return likest(wrong.text, known).map((field) => ({ field, query: withField(text, wrong, field) }));
}

const OPERATOR = /^(==?|!=|<=?|>=?|!?~|is|in|not)$/i;
/** What is recorded beside parameters and metrics is not among the fields that are known. */
const ELSEWHERE = /^(git|platform)\./i;

/** The parameters and metrics that a filter asks for and no trial has. One that the server refuses is not among them. */
export function unknownFields(text: string, known: Known): Unknown[] {
  const there = plainFields(known).map(bare);
  const tokens = tokensOf(text);
  return tokens.flatMap((token, at): Unknown[] => {
    const isCompared = OPERATOR.test(tokens[at + 1]?.written ?? "") && !ELSEWHERE.test(token.text);
    if (token.kind !== "term" || !isCompared || !token.text.includes(".")) return [];
    if (["value", "list", "is"].includes(placeIn(text, token.end).expected)) return [];
    const name = token.text.replace(/^metrics\./i, "");
    const cut = known.aggregates.find((aggregate) => name.endsWith(`.${aggregate}`));
    const plain = cut ? name.slice(0, -cut.length - 1) : name;
    if (there.some((field) => field === name || field === plain || field.startsWith(`${name}.`))) return [];
    const written = (field: string) => (cut ? `${field}.${cut}` : field);
    const instead = likest(plain, known).map((field) => ({
      field: written(field),
      query: withField(text, token, written(field)),
    }));
    return [{ field: token.written, instead }];
  });
}

function withField(text: string, { start, end }: Token, field: string): string {
  return text.slice(0, start) + field + text.slice(end);
}

function bare(field: string): string {
  return field.replace(/["\\]/g, "");
}

/** The fields that are most like a name; of two that are alike, the one of its own type. */
function likest(name: string, known: Known): string[] {
  const typed = lastPart(name.toLowerCase());
  const type = name.slice(0, name.lastIndexOf(".") + 1).toLowerCase();
  const ranked = plainFields(known)
    .map((field) => ({ field, plain: bare(field).toLowerCase() }))
    .map(({ field, plain }) => ({ field, far: farness(lastPart(plain), typed) + (plain.startsWith(type) ? 0 : 0.5) }))
    .filter(({ far }) => Number.isFinite(far));
  ranked.sort((one, other) => one.far - other.far);
  const least = ranked[0]?.far;
  return ranked
    .filter(({ far }) => far === least)
    .slice(0, MOST)
    .map(({ field }) => field);
}

/** How far a name is from what was typed: letters that differ, or one is short for the other. Infinite if they are unlike. */
function farness(name: string, typed: string): number {
  const letters = distance(name, typed);
  if (letters <= Math.min(FURTHEST, typed.length / 3)) return letters;
  const [short, long] = name.length < typed.length ? [name, typed] : [typed, name];
  const isShort =
    (short.length >= BEGINNING && long.startsWith(short)) || (short.length > 1 && initials(long) === short);
  return isShort ? FURTHEST : Number.POSITIVE_INFINITY;
}

/** `lr` of `learning_rate`. */
function initials(name: string): string {
  return name
    .split(/[_-]/)
    .map((part) => part.slice(0, 1))
    .join("");
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** How many letters must be added, left out or changed to make one text of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let line = 1; line <= one.length; line++) {
    const next = [line];
    for (let at = 1; at <= other.length; at++) {
      const changed = (row[at - 1] as number) + (one[line - 1] === other[at - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[at] as number) + 1, (next[at - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
