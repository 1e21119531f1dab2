/**
 * How long a regular expression may take on a name. An address may have one that somebody else has made, and a
 * browser cannot stop one that tries every way to repeat what repeats: `(a+)+$` on 40 letters is never done.
 *
 * It is an upper bound, so that what is taken is done in a moment; some that are refused would be, too.
 */

/** Letters of a name: of metrics the server takes no more. */
const LETTERS = 255;
/** Ways to match a name, beyond which a browser would stand still. */
const MOST_WAYS = 2e7;
const TOKEN = /\\(?:[1-9]|k<)|\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|\{\d+(?:,\d*)?\}|./gsu;

interface Group {
  choices: number;
  ways: number;
}

/** Whether a regular expression may take long on a name. */
export function maybeSlow(pattern: string): boolean {
  const open: Group[] = [];
  let group: Group = { choices: 1, ways: 1 };
  let last: Group | null = null;
  let wasRepeated = false;
  for (const [token] of pattern.matchAll(TOKEN)) {
    const isRepeating: boolean = !wasRepeated && /^(?:[*+?]|\{\d.*)$/s.test(token);
    if (/^\\(?:[1-9]|k<)$/.test(token)) return true;
    if (isRepeating) {
      if (last && last.ways > 1 && token !== "?") return true;
      group.ways *= token === "?" ? 2 : LETTERS;
    } else if (token.startsWith("(")) {
      open.push(group);
      group = { choices: 1, ways: 1 };
    } else if (token === "|") group.choices++;
    if (token === ")" && open.length) {
      last = { choices: 1, ways: group.ways * group.choices };
      group = open.pop() as Group;
      group.ways *= last.ways;
    } else last = null;
    if (group.ways * group.choices > MOST_WAYS) return true;
    wasRepeated = isRepeating;
  }
  return false;
}
