/** The part of a growing output that is here, as bytes: what comes behind it, what comes before, which line it begins with. */

export interface Part {
  /** Where it begins in the output, and where it ends, in bytes. */
  start: number;
  end: number;
  bytes: Uint8Array;
  /** The number of its first line, which may be cut: 1 for the first whole line that was here. */
  first: number;
}

const NEWLINE = 10;

export function partAt(start: number, bytes: Uint8Array): Part {
  return { start, end: start + bytes.length, bytes, first: start > 0 ? 0 : 1 };
}

/** Put new bytes behind those that are here; the oldest go when there are more than `most`. */
export function withLater(part: Part, start: number, bytes: Uint8Array, most: number): Part {
  if (part.end !== start) return part;
  const all = joined(part.bytes, bytes);
  const cut = Math.max(0, all.length - most);
  const first = part.first + newlinesIn(all.subarray(0, cut));
  return { start: part.start + cut, end: start + bytes.length, bytes: all.subarray(cut), first };
}

/** Put what comes right before in front of it. */
export function withEarlier(part: Part, bytes: Uint8Array): Part {
  const first = part.first - newlinesIn(bytes);
  return { ...part, start: part.start - bytes.length, bytes: joined(bytes, part.bytes), first };
}

/**
 * The whole lines of a part as text, and the number of the first: what is cut at its beginning is left out, and what is
 * cut at its end where more follows it.
 */
export function textIn({ start, bytes, first }: Part, isFollowed = false): { text: string; first: number } {
  const from = start > 0 ? bytes.indexOf(NEWLINE) + 1 : 0;
  const to = isFollowed ? bytes.lastIndexOf(NEWLINE) + 1 : bytes.length;
  const lines = bytes.subarray(from, to > from ? to : bytes.length); // of a line longer than that, what is here
  return { text: new TextDecoder().decode(lines), first: from > 0 ? first + 1 : first };
}

/** Whether a line that begins at a byte of the output is here, at least its beginning. */
export function holdsLineAt({ start, end }: Part, offset: number): boolean {
  return offset < end && (offset > start || offset === 0) && offset >= start;
}

/** The number of the line that begins at a byte; behind the end, of the last one. */
export function numberAt({ start, bytes, first }: Part, offset: number): number {
  const before = bytes.subarray(0, offset - start);
  const isBehind = before.length > 0 && before.length === bytes.length && before.at(-1) === NEWLINE;
  return first + newlinesIn(before) - (isBehind ? 1 : 0);
}

export function newlinesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
