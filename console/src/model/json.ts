/** JSON with whole numbers as they are written: JavaScript's own numbers are exact up to 2 to the power of 53 only. */

// Texts, which may have digits, and numbers; of those only whole ones of 16 digits and more can be inexact.
const TOKEN = /"(?:[^"\\]|\\[\s\S])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG = /^-?\d{16,}$/;
/** What no text of an answer begins with, since nobody knows it. */
const MARK = `${crypto.getRandomValues(new Uint32Array(4)).join("-")} `;

/** Read JSON; a whole number that no number holds exactly is a bigint, such as a seed of 64 bits. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKEN, (token) => (LONG.test(token) && !isExact(token) ? `"${MARK}${token}"` : token));
  if (marked.length === text.length) return JSON.parse(text);
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(MARK) && LONG.test(value.slice(MARK.length))
      ? BigInt(value.slice(MARK.length))
      : value,
  );
}

function isExact(token: string): boolean {
  return Number.isSafeInteger(Number(token));
}

// A text of JSON, to be copied or compared, has them as they are, too.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint): unknown {
    return "rawJSON" in JSON ? (JSON.rawJSON as (text: string) => unknown)(String(this)) : String(this);
  },
});
