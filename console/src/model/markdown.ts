/**
 * A safe subset of Markdown: headings, lists, quotes, code, tables, emphasis, and links.
 *
 * Promises: what is not of the subset is text, HTML too. A link leads to a page of this console, or to http and https,
 * and nowhere else; there are no pictures from elsewhere. Reports that are exported are read by the same rules
 * (aimd_core/reports/markdown.py): tests/fixtures/markdown.json is for both.
 */

export type Inline =
  | { kind: "text" | "code"; text: string }
  | { kind: "strong" | "emphasis" | "struck"; children: Inline[] }
  | { kind: "link"; address: string; children: Inline[] };

/** Where the cells of a column stand, as the colons under its head say; empty if they say nothing. */
export type Side = "" | "left" | "center" | "right";

export type Block =
  | { kind: "heading"; level: number; children: Inline[] }
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "code"; info: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; isOrdered: boolean; items: Block[][] }
  | { kind: "table"; heads: Inline[][]; sides: Side[]; rows: Inline[][][] }
  | { kind: "rule" };

const DEEPEST = 6;
const ITEM = /^(\s{0,3})(?:([-*+])|(\d{1,9})[.)])\s+([^\n]*)$/;
// What follows in these lines is trimmed by code: as a pattern it is slow, and `.` would stop at other ends of lines.
const FENCE = /^\s{0,3}(```+|~~~+)([^\n]*)$/;
const HEADING = /^\s{0,3}(#{1,6})\s+([^\n]*)$/;

export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] as string;
    const [block, end] = line.trim() === "" ? [null, at + 1] : blockAt(lines, at, depth);
    if (block) blocks.push(block);
    at = end;
  }
  return blocks;
}

function blockAt(lines: string[], at: number, depth: number): [Block, number] {
  const line = lines[at] as string;
  const [, fence, info = ""] = FENCE.exec(line) ?? [];
  if (fence) return fenced(lines, at, fence, info.trim());
  const heading = HEADING.exec(line);
  if (heading)
    return [
      { kind: "heading", level: heading[1]?.length ?? 1, children: parseInline(titleOf(heading[2] ?? "")) },
      at + 1,
    ];
  if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth < DEEPEST && /^\s{0,3}>/.test(line)) return quoted(lines, at, depth);
  if (depth < DEEPEST && ITEM.test(line)) return listed(lines, at, depth);
  if (isTableHead(line, lines[at + 1])) return tabled(lines, at);
  return paragraph(lines, at, depth);
}

/** The text of a heading without the signs that may close it. */
function titleOf(text: string): string {
  let end = text.trimEnd().length;
  while (text[end - 1] === "#") end--;
  return text.slice(0, end).trimEnd();
}

function fenced(lines: string[], at: number, fence: string, info: string): [Block, number] {
  let end = at + 1;
  while (end < lines.length && !(lines[end] as string).trim().startsWith(fence)) end++;
  return [{ kind: "code", info, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function quoted(lines: string[], at: number, depth: number): [Block, number] {
  let end = at;
  while (end < lines.length && /^\s{0,3}>/.test(lines[end] as string)) end++;
  const inner = lines.slice(at, end).map((line) => line.replace(/^\s{0,3}> ?/, ""));
  return [{ kind: "quote", blocks: parseMarkdown(inner.join("\n"), depth + 1) }, end];
}

function listed(lines: string[], at: number, depth: number): [Block, number] {
  const isOrdered = ITEM.exec(lines[at] as string)?.[3] !== undefined;
  const items: string[][] = [];
  let end = at;
  for (; end < lines.length; end++) {
    const line = lines[end] as string;
    const item = ITEM.exec(line);
    if (item && (item[3] !== undefined) === isOrdered) items.push([item[4] ?? ""]);
    else if (/^\s{2,}\S/.test(line)) items.at(-1)?.push(line.replace(/^\s{2,4}/, ""));
    else break;
  }
  return [{ kind: "list", isOrdered, items: items.map((item) => parseMarkdown(item.join("\n"), depth + 1)) }, end];
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());
}

function isTableHead(line: string, next: string | undefined): boolean {
  return (
    line.includes("|") && next !== undefined && /^[\s|:-]+$/.test(next) && next.includes("-") && next.includes("|")
  );
}

function tabled(lines: string[], at: number): [Block, number] {
  const heads = cellsOf(lines[at] as string).map(parseInline);
  let end = at + 2;
  while (end < lines.length && (lines[end] as string).includes("|")) end++;
  const rows = lines.slice(at + 2, end).map((line) => cellsOf(line).map(parseInline));
  const rules = cellsOf(lines[at + 1] as string);
  const sides = heads.map((_, number) => sideOf(rules[number] ?? ""));
  return [{ kind: "table", heads, sides, rows }, end];
}

function sideOf(rule: string): Side {
  if (rule.length > 1 && rule.endsWith(":")) return rule.startsWith(":") ? "center" : "right";
  return rule.startsWith(":") ? "left" : "";
}

function paragraph(lines: string[], at: number, depth: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && (lines[end] as string).trim() !== "") {
    const line = lines[end] as string;
    if (/^\s{0,3}(```|~~~|#{1,6}\s|>)/.test(line) || (depth < DEEPEST && ITEM.test(line))) break;
    end++;
  }
  return [{ kind: "paragraph", children: parseInline(lines.slice(at, end).join("\n").trim()) }, end];
}

// Code, a link, an address by itself, strong, emphasis, struck out, an escaped letter; each without nesting of its kind.
const INLINE =
  /(?<tick>`{1,8})(?<code>[^`]{1,2000})\k<tick>|\[(?<label>[^\]\n]{1,1000})\]\((?<target>[^()\s]{1,2000})\)|(?<bare>https?:\/\/[^\s<>()[\]"'`]{1,2000})|\*\*(?<strong>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*\*|(?<![\w*])[*](?<star>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*(?!\w)|(?<![\w_])_(?<under>[^\s_](?:[^_\n]{0,2000}[^\s_])?)_(?!\w)|~~(?<struck>[^~\n]{1,2000})~~|\\(?<escaped>[\\`*_~[\]()#+\-.!|>])/;

export function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  while (rest) {
    const match = INLINE.exec(rest);
    if (!match?.groups) break;
    if (match.index) parts.push({ kind: "text", text: rest.slice(0, match.index) });
    parts.push(inlineOf(match.groups, match[0]));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) parts.push({ kind: "text", text: rest });
  return parts;
}

function inlineOf(groups: Record<string, string | undefined>, whole: string): Inline {
  const { code, label, target, bare, strong, struck, escaped } = groups;
  if (code !== undefined) return { kind: "code", text: code.trim() || code };
  if (bare !== undefined) return { kind: "link", address: bare, children: [{ kind: "text", text: bare }] };
  if (label !== undefined) {
    const address = safeAddress(target ?? "");
    return address ? { kind: "link", address, children: parseInline(label) } : { kind: "text", text: whole };
  }
  if (strong !== undefined) return { kind: "strong", children: parseInline(strong) };
  if (struck !== undefined) return { kind: "struck", children: parseInline(struck) };
  if (escaped !== undefined) return { kind: "text", text: escaped };
  return { kind: "emphasis", children: parseInline(groups.star ?? groups.under ?? "") };
}

/** An address that a note may lead to: a page of this console (`#/...`), or of the web. */
export function safeAddress(target: string): string | null {
  return /^#\/[^\s]*$/.test(target) || /^https?:\/\/[^\s]+$/i.test(target) ? target : null;
}
