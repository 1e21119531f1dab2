/**
 * A filter while it is typed: its tokens, what may come at a place in it, and its conditions.
 *
 * The server's parser decides what a filter means (docs/reference/query.md); this only helps with writing one, and takes
 * any text.
 */

export interface Token {
  kind: "term" | "sign";
  /** As written, with quotes. */
  written: string;
  /** Without quotes; a word of the language is a plain term in lower case. */
  text: string;
  start: number;
  end: number;
  quoted: boolean;
}

const SIGN = /==|!=|<=|>=|!~|[=<>~!()[\],&|]/y;
const BARE = /[^\s"'=<>~!()[\],&|]+/y;
const OPERATORS = new Set(["=", "==", "!=", "<", "<=", ">", ">=", "~", "!~"]);

function quotedEnd(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}

function at(pattern: RegExp, text: string, place: number): string {
  pattern.lastIndex = place;
  return pattern.exec(text)?.[0] ?? "";
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let place = 0;
  while (place < text.length) {
    const start = place;
    if (/\s/.test(text[place] as string)) {
      place++;
      continue;
    }
    const sign = at(SIGN, text, place);
    if (sign) {
      place += sign.length;
      tokens.push({ kind: "sign", written: sign, text: sign, start, end: place, quoted: false });
      continue;
    }
    let quoted = false;
    let plain = "";
    while (place < text.length) {
      const isQuote = text[place] === '"' || text[place] === "'";
      const end = isQuote ? quotedEnd(text, place) : place + at(BARE, text, place).length;
      if (end === place) break;
      plain += isQuote ? unquoted(text.slice(place, end)) : text.slice(place, end);
      quoted ||= isQuote;
      place = end;
    }
    if (place === start) place++;
    tokens.push({ kind: "term", written: text.slice(start, place), text: plain, start, end: place, quoted });
  }
  return tokens;
}

function unquoted(written: string): string {
  const quote = written[0] as string;
  const inner = written.length > 1 && written.endsWith(quote) ? written.slice(1, -1) : written.slice(1);
  return inner.replace(/\\(["'\\])/g, "$1");
}

/** What may come next: a condition, the operator after a field, a value, one after `is`, a list after `in`. */
type Expected = "condition" | "operator" | "value" | "is" | "list" | "joint";

interface Walk {
  expected: Expected;
  /** The field that an operator or a value is for, as written. */
  field: string;
  operator: string;
  depth: number;
  /** Where each condition begins that is not in parentheses. */
  begins: number[];
  /** Whether `or` joins some of those. */
  hasOr: boolean;
}

/** Follow tokens as the parser does, without refusing any. */
function walk(tokens: readonly Token[]): Walk {
  const state: Walk = { expected: "condition", field: "", operator: "", depth: 0, begins: [], hasOr: false };
  let isNegated = false;
  for (const [index, token] of tokens.entries()) {
    const word = token.quoted ? "" : token.text.toLowerCase();
    if (state.expected === "operator" && word === "not" && tokens[index + 1]?.written.toLowerCase() === "in") continue;
    if (state.expected === "is") {
      if (word !== "not") state.expected = "joint";
    } else if (state.expected === "list") {
      if (token.text === "]" || token.text === ")") state.expected = "joint";
    } else if (state.expected === "value") {
      state.expected = "joint";
    } else if (state.expected === "operator" && OPERATORS.has(token.kind === "sign" ? token.text : "")) {
      state.expected = "value";
      state.operator = token.text;
    } else if (state.expected === "operator" && (word === "is" || word === "in")) {
      state.expected = word === "is" ? "is" : "list";
      state.operator = word;
    } else if (word === "and" || word === "or") {
      if (word === "or" && state.depth === 0) state.hasOr = true;
      state.expected = "condition";
    } else if (token.text === ")" && !token.quoted) {
      state.depth = Math.max(0, state.depth - 1);
      state.expected = "joint";
    } else {
      begin(state, token, isNegated);
    }
    isNegated = word === "not" && (state.expected === "condition" || state.expected === "operator");
  }
  return state;
}

function begin(state: Walk, token: Token, isNegated: boolean): void {
  const word = token.quoted ? "" : token.text.toLowerCase();
  if (state.depth === 0 && !isNegated) state.begins.push(token.start);
  if (token.text === "(" && !token.quoted) state.depth++;
  state.expected = word === "not" || token.kind === "sign" ? "condition" : "operator";
  state.field = token.written;
}

export interface Place {
  expected: Expected;
  field: string;
  operator: string;
  /** What is typed of it, without quotes. */
  typed: string;
  /** What a completion replaces. */
  from: number;
  to: number;
}

/** Say what may come where the cursor is. */
export function placeIn(text: string, cursor: number): Place {
  const before = tokensOf(text.slice(0, cursor));
  const last = before.at(-1);
  const isWithin = last?.kind === "term" && last.end === cursor;
  const { expected, field, operator } = walk(isWithin ? before.slice(0, -1) : before);
  const end = isWithin ? (tokensOf(text).find((token) => token.start === last.start)?.end ?? cursor) : cursor;
  return {
    expected,
    field,
    operator,
    typed: isWithin ? last.text : "",
    from: isWithin ? last.start : cursor,
    to: isWithin ? Math.max(end, cursor) : cursor,
  };
}

/** The conditions that must all hold, as written; one, where `or` joins them. */
export function conditionsOf(text: string): string[] {
  const tokens = tokensOf(text);
  const { begins, hasOr } = walk(tokens);
  if (!text.trim()) return [];
  if (hasOr || begins.length < 2) return [text.trim()];
  return begins.map((start, index) => {
    const end = begins[index + 1] ?? text.length;
    const inside = tokens.filter((token) => token.start >= start && token.start < end);
    const isJoined = inside.at(-1)?.written.toLowerCase() === "and" && index + 1 < begins.length;
    return text.slice(start, (isJoined ? inside.at(-2) : inside.at(-1))?.end).trim();
  });
}

function joined(conditions: readonly string[]): string {
  return conditions.filter(Boolean).join(" and ");
}

/** A filter without one of its conditions. */
export function withoutCondition(text: string, index: number): string {
  return joined(conditionsOf(text).filter((_, at) => at !== index));
}

/** A filter and a condition besides, once. */
export function withCondition(text: string, condition: string): string {
  const before = conditionsOf(text);
  if (before.includes(condition)) return text.trim();
  const needsBrackets = before.length === 1 && walk(tokensOf(text)).hasOr;
  return joined([...(needsBrackets ? [`(${text.trim()})`] : before), condition]);
}

const PLAIN_VALUE = /^[A-Za-z][\w-]*$/;
const WORDS = /^(and|or|not|in|is|missing|null|true|false|nan|inf|infinity)$/i;

/** Text as a value of the language, in quotes where it needs them. */
export function quotedText(text: string): string {
  return PLAIN_VALUE.test(text) && !WORDS.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
