/** A git diff, line by line, with what each line is. */

export type LineKind = "file" | "hunk" | "added" | "removed" | "meta" | "same";

export interface DiffLine {
  kind: LineKind;
  text: string;
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
