/**
 * What a file is shown as, by its name and its bytes.
 *
 * Promises: nothing of a file is ever markup or a script. A picture is one only if its first bytes say so, and SVG, HTML
 * and what else a browser would run are shown as text.
 */

import { parseCsv, separatorOf } from "./csv";
import { jsonOrText } from "./format";

export type Preview =
  | { kind: "image"; type: string }
  | { kind: "table"; rows: string[][]; isCut: boolean }
  | { kind: "text"; text: string; isCut: boolean }
  | { kind: "empty" }
  | { kind: "none" };

/** As much of a file is read to show its beginning. */
export const PREVIEW_BYTES = 1 << 20;
/** Pictures and notebooks, which are nothing in part, are read up to this size. */
const WHOLE_BYTES = 32 << 20;
export const ROWS = 500;
export const COLUMNS = 60;

const PICTURES: [type: string, beginning: RegExp][] = [
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[\s\S]{4}WEBP/],
  ["image/bmp", /^BM[\s\S]{12}/],
  ["image/avif", /^[\s\S]{4}ftypavi[fs]/],
];

/** The type of a picture that browsers draw, null for anything else. */
export function pictureType(bytes: Uint8Array): string | null {
  const beginning = String.fromCharCode(...bytes.subarray(0, 32));
  return PICTURES.find(([, pattern]) => pattern.test(beginning))?.[0] ?? null;
}

function endingOf(name: string): string {
  return /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

/**
 * Text of UTF-8, of UTF-16 with its mark, or of GB 18030, as spreadsheets in China write; null for bytes that are none.
 * A letter cut at the end is left out.
 */
export function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  const mark = MARKS.find(({ first }) => bytes[0] === first[0] && bytes[1] === first[1]);
  if (mark) return decoded(bytes, mark.encoding, isCut);
  if (bytes.subarray(0, 8192).includes(0)) return null;
  const text = decoded(bytes, "utf-8", isCut);
  if (text !== null) return text;
  const chinese = decoded(bytes, "gb18030", isCut);
  return chinese !== null && !NO_TEXT.test(chinese) ? chinese : null;
}

const MARKS = [
  { first: [0xff, 0xfe], encoding: "utf-16le" },
  { first: [0xfe, 0xff], encoding: "utf-16be" },
];
// Control characters, and letters that belong to nobody: other bytes that GB 18030 happens to have.
const NO_TEXT = /[\0-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f\ue000-\uf8ff]/;

function decoded(bytes: Uint8Array, encoding: string, isCut: boolean): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

/** How many bytes of a file are read to show it, when its first ones are here. */
export function bytesToShow(name: string, first: Uint8Array, size: number): number {
  const isWhole = pictureType(first) !== null || endingOf(name) === "ipynb";
  return isWhole && size <= WHOLE_BYTES ? size : Math.min(PREVIEW_BYTES, size);
}

/** Decide what the first bytes of a file, of `size` in all, are shown as. */
export function previewOf(name: string, bytes: Uint8Array, size: number): Preview {
  if (size === 0) return { kind: "empty" };
  const type = pictureType(bytes);
  if (type) return { kind: "image", type };
  const isCut = bytes.length < size;
  const text = textOf(bytes, isCut);
  if (text === null) return { kind: "none" };
  const ending = endingOf(name);
  if (ending === "csv" || ending === "tsv") {
    const rows = parseCsv(text, separatorOf(text), ROWS + 1);
    const isMore = rows.length > ROWS || rows.some((row) => row.length > COLUMNS);
    return { kind: "table", rows: rows.slice(0, ROWS).map((row) => row.slice(0, COLUMNS)), isCut: isCut || isMore };
  }
  if (!isCut && ending === "ipynb") return { kind: "text", text: notebookText(text), isCut };
  if (!isCut && ending === "json") return { kind: "text", text: indented(text), isCut };
  return { kind: "text", text, isCut };
}

// Strings, brackets and commas; numbers and words, also NaN as Python writes it, stay as they are.
const JSON_TOKEN = /"(?:[^"\\]|\\[\s\S])*"|[{}[\],:]|[^\s{}[\],:"]+|"/g;

const DEEPEST = 100;

/** JSON with a line for each member, its numbers as they are written; what does not close what it opens stays as it is. */
function indented(text: string): string {
  const lines: string[] = [""];
  const open: string[] = [];
  let before = "";
  const newLine = () => lines.push("  ".repeat(open.length));
  const put = (piece: string) => {
    lines[lines.length - 1] += piece;
  };
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    if (token === "}" || token === "]") {
      const opened = open.pop();
      if (opened !== (token === "}" ? "{" : "[")) return text;
      if (before !== opened) newLine();
      put(token);
    } else {
      if (token !== "," && token !== ":" && !["", "{", "[", ",", ":"].includes(before)) return text; // two values without a comma
      if (["{", "[", ","].includes(before)) newLine();
      if (token === "{" || token === "[") open.push(token);
      if (open.length > DEEPEST) return text; // its lines would grow with the square of the depth
      put(token === ":" ? ": " : token);
    }
    if (token === '"') return text;
    before = token;
  }
  return open.length ? text : lines.join("\n");
}

interface Cell {
  cell_type?: unknown;
  source?: unknown;
  outputs?: { text?: unknown; data?: Record<string, unknown>; ename?: unknown; evalue?: unknown }[];
}

/** A notebook as text: each cell under a line that says what it is, its textual outputs behind it. */
export function notebookText(text: string): string {
  let cells: unknown;
  try {
    cells = JSON.parse(text)?.cells;
  } catch {
    return text;
  }
  if (!Array.isArray(cells)) return text;
  return cells
    .map((cell: Cell, at) => {
      const outputs = (Array.isArray(cell?.outputs) ? cell.outputs : []).map(outputText).filter(Boolean);
      return [`── ${at + 1} ${word(cell?.cell_type)} ──`, joined(cell?.source), ...outputs].join("\n");
    })
    .join("\n\n");
}

function outputText(output: NonNullable<Cell["outputs"]>[number]): string {
  const plain = output?.text ?? output?.data?.["text/plain"];
  if (plain !== undefined) return `→ ${joined(plain)}`;
  if (output?.ename) return `✗ ${word(output.ename)}: ${word(output.evalue)}`;
  return output?.data ? `→ [${Object.keys(output.data).join(", ")}]` : "";
}

function joined(source: unknown): string {
  return Array.isArray(source) ? source.map(word).join("") : word(source);
}

/** Whatever stands where a text belongs: an object may be nothing that can be made a text. */
function word(value: unknown): string {
  return value === undefined || value === null ? "" : jsonOrText(value);
}
