/** Which number of a palette a trial gets. */

/** The colours that differ most come first. */
const FIRST = 8;

/** What is known stays; the others get the first colour of their id that fewest of them have. */
export function assigned(
  ids: readonly string[],
  before: ReadonlyMap<string, number>,
  colours: number,
): Map<string, number> {
  const numbers = new Map<string, number>();
  const used = new Array<number>(colours).fill(0);
  const take = (id: string, number: number) => {
    numbers.set(id, number);
    used[number] = (used[number] as number) + 1;
  };
  for (const id of ids) {
    const number = before.get(id);
    if (number !== undefined && number < colours) take(id, number);
  }
  for (const id of ids) {
    if (numbers.has(id)) continue;
    const least = Math.min(...used);
    const start = hash(id);
    const order = [
      ...Array.from({ length: FIRST }, (_, at) => (start + at) % FIRST),
      ...Array.from({ length: colours - FIRST }, (_, at) => FIRST + ((start + at) % (colours - FIRST))),
    ];
    take(id, order.find((number) => used[number] === least) ?? 0);
  }
  return numbers;
}

function hash(text: string): number {
  let sum = 2166136261;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 16777619) >>> 0;
  return sum;
}
