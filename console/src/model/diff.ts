/** A git diff, line by line and file by file. */

export type LineKind = "file" | "hunk" | "added" | "removed" | "meta" | "same";

export interface DiffLine {
  kind: LineKind;
  text: string;
}

/** What changed in one file; `name` is empty for lines before the first. */
export interface DiffFile {
  name: string;
  lines: DiffLine[];
  added: number;
  removed: number;
}

export function parseDiff(text: string, limit = 20_000): DiffLine[] {
  const lines: DiffLine[] = [];
  let inHunk = false;
  for (const line of text.split("\n")) {
    if (lines.length >= limit) break;
    if (line.startsWith("diff ")) inHunk = false;
    if (line.startsWith("@@")) inHunk = true;
    lines.push({ kind: kindOf(line, inHunk), text: line });
  }
  if (lines.at(-1)?.text === "") lines.pop();
  return lines;
}

function kindOf(line: string, inHunk: boolean): LineKind {
  if (line.startsWith("diff ")) return "file";
  if (line.startsWith("@@")) return "hunk";
  if (!inHunk) return "meta";
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return line.startsWith("\\") ? "meta" : "same";
}

/** Cut a diff into its files. */
export function diffFiles(lines: DiffLine[]): DiffFile[] {
  const files: DiffFile[] = [];
  for (const line of lines) {
    if (line.kind === "file" || !files.length) files.push({ name: nameIn(line), lines: [], added: 0, removed: 0 });
    const file = files[files.length - 1] as DiffFile;
    file.lines.push(line);
    if (line.kind === "added") file.added++;
    if (line.kind === "removed") file.removed++;
  }
  return files;
}

/** `diff --git a/x b/x` names the file twice, with quotes where it has odd letters. */
function nameIn({ kind, text }: DiffLine): string {
  if (kind !== "file") return "";
  const rest = text.replace(/^diff --git /, "");
  if (rest.startsWith('"')) return plainName(rest.slice(3).split('" ')[0] ?? rest);
  const half = (rest.length - 1) / 2;
  const isTwice = rest.slice(2, half) === rest.slice(half + 3);
  return isTwice ? rest.slice(2, half) : rest.replace(/^.* b\//, "");
}

const LETTERS: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** A name that Git quoted: bytes that are not ASCII are in octal, signs behind a backslash. */
function plainName(quoted: string): string {
  const bytes: number[] = [];
  for (const [piece, octal, sign] of quoted.matchAll(/\\([0-7]{3})|\\([\s\S])|[^\\]+|\\/g)) {
    if (octal) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (sign && sign in LETTERS) bytes.push(LETTERS[sign] as number);
    else bytes.push(...new TextEncoder().encode(sign ?? piece));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
