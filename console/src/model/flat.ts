/** Nested parameters as names with dots, and in which of them trials differ. */

export type Flat = [name: string, value: unknown][];

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

/** Deeper nesting is one value: a file may nest so deep that names with dots would take all memory. */
const DEEPEST = 100;

export function flatten(value: Record<string, unknown> | null | undefined, prefix = "", depth = 0): Flat {
  return Object.entries(value ?? {}).flatMap(
    ([name, item]): Flat =>
      depth < DEEPEST && isGroup(item) ? flatten(item, `${prefix}${name}.`, depth + 1) : [[`${prefix}${name}`, item]],
  );
}

export interface Difference {
  name: string;
  values: unknown[];
  differs: boolean;
}

/** One row a name, with the value of each trial (undefined where it has none). */
export function differences(parameters: Record<string, unknown>[]): Difference[] {
  const maps = parameters.map((one) => new Map(flatten(one)));
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return names.map((name) => {
    const values = maps.map((map) => map.get(name));
    const first = JSON.stringify(values[0]);
    return { name, values, differs: values.some((value) => JSON.stringify(value) !== first) };
  });
}
