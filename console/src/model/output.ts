/** An output as lines: what failed, what only shows progress, what is searched for. */

import { type Piece, parseAnsi } from "./ansi";

export interface Line {
  /** As counted from the line that was there first; earlier ones that come later are 0, -1 and so on. */
  number: number;
  text: string;
  pieces: Piece[];
}

/** Lines that are shown one after the other, or a progress bar of which only the last state matters. */
export interface Block {
  lines: Line[];
  isProgress: boolean;
}

// What begins a report of a failure, in the words of Python, shells, CUDA, loggers and kernels.
const ERROR =
  /Traceback \(most recent call last\)|\b[A-Z]\w*(?:Error|Exception|Interrupt)\b(?=[:\s]|$)|\b(?:ERROR|FATAL|CRITICAL)\b|(?:^|\s)(?:fatal |internal )?error:|Segmentation fault|out of memory|core dumped/;
// One digit is enough: `\d+` would look at a long number once for each of its digits.
const PROGRESS = /\d%\s*[|▏▎▍▌▋▊▉█]|[━█▉▊▋▌▍▎▏╸╺─]{4,}|\[[=>#.\s-]{8,}\]|\d\/\d+ \[|(?:\d|\s)(?:it|s|B)\/(?:s|it)\b/;
/** As many alike lines make a bar; fewer may be two of their own. */
const LEAST_OF_A_BAR = 3;
const PER_BLOCK = 200;

export function outputLines(raw: string, first = 1): Line[] {
  const lines: Line[] = [{ number: first, text: "", pieces: [] }];
  for (const { text, style } of parseAnsi(raw)) {
    text.split("\n").forEach((part, at) => {
      if (at) lines.push({ number: first + lines.length, text: "", pieces: [] });
      const line = lines[lines.length - 1] as Line;
      line.text += part;
      if (part) line.pieces.push({ text: part, style });
    });
  }
  if (lines[lines.length - 1]?.text === "") lines.pop();
  return lines;
}

export function isError(line: Line): boolean {
  return ERROR.test(line.text);
}

const TRACEBACK = "Traceback (most recent call last)";

/** Lines that tell of an error, of a traceback the first: what it quotes and ends with is the same error. */
export function errorsIn(lines: Line[]): Line[] {
  let margin: number | null = null; // where the traceback begins that is being read
  return lines.filter((line) => {
    const at = line.text.indexOf(TRACEBACK);
    if (at >= 0) {
      margin = at;
      return true;
    }
    if (margin === null) return isError(line);
    // Loggers and launchers put the same before each line; what ends a traceback is not indented.
    if (line.text.length > margin && !/\s/.test(line.text[margin] as string)) margin = null;
    return false;
  });
}

/** The last traceback; without one, the last line that tells of an error. */
export function failureIn(lines: Line[]): Line | null {
  const last = (fits: (line: Line) => boolean) => lines.findLast(fits) ?? null;
  return last((line) => line.text.includes(TRACEBACK)) ?? last(isError);
}

/** Cut lines into blocks: runs of a progress bar each by itself, the others so many together that a page can skip them. */
export function blocksOf(lines: Line[]): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    let end = at;
    while (end < lines.length && PROGRESS.test((lines[end] as Line).text)) end++;
    if (end - at >= LEAST_OF_A_BAR) {
      blocks.push({ lines: lines.slice(at, end), isProgress: true });
      at = end;
    } else {
      const last = blocks[blocks.length - 1];
      const next = Math.max(end, at + 1);
      if (last && !last.isProgress && last.lines.length < PER_BLOCK) last.lines.push(...lines.slice(at, next));
      else blocks.push({ lines: lines.slice(at, next), isProgress: false });
      at = next;
    }
  }
  return blocks;
}

/** The lines that contain a text, letters' case aside. */
export function linesWith(lines: Line[], text: string): Line[] {
  const sought = text.toLowerCase();
  return sought ? lines.filter((line) => line.text.toLowerCase().includes(sought)) : [];
}

export interface Mark extends Piece {
  isHit: boolean;
}

/** Cut the pieces of a line where a text occurs in it. */
export function marksOf(line: Line, text: string): Mark[] {
  const hits = occurrences(line.text.toLowerCase(), text.toLowerCase());
  const marks: Mark[] = [];
  let start = 0;
  for (const piece of line.pieces) {
    const end = start + piece.text.length;
    let from = start;
    for (const [first, last] of hits) {
      if (last <= from || first >= end) continue;
      if (first > from) marks.push({ text: line.text.slice(from, first), style: piece.style, isHit: false });
      const stop = Math.min(last, end);
      marks.push({ text: line.text.slice(Math.max(first, from), stop), style: piece.style, isHit: true });
      from = stop;
    }
    if (from < end) marks.push({ text: line.text.slice(from, end), style: piece.style, isHit: false });
    start = end;
  }
  return marks;
}

function occurrences(text: string, sought: string): [number, number][] {
  const all: [number, number][] = [];
  if (!sought) return all;
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length))
    all.push([at, at + sought.length]);
  return all;
}

/** The first of some lines behind a line, or of all, round to the beginning; `back` goes the other way. */
export function nextLine(lines: Line[], after: number | null, back = false): Line | undefined {
  if (back) return lines.findLast((line) => after !== null && line.number < after) ?? lines[lines.length - 1];
  return lines.find((line) => after === null || line.number > after) ?? lines[0];
}
