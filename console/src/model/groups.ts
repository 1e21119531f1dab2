/** Trials that are alike but for some parameters, such as the seed. */

import { flatten } from "./flat";
import { formatNumber, isNumber, jsonOrText } from "./format";

export interface Group {
  key: string;
  /** Parameters with their values. */
  label: string;
  /** The parameters alone, and their values alone, for where the names are said once. */
  names: string;
  values: string;
  members: number[];
}

export const SEEDS = /(^|[._-])(random_?)?seed$/i;

/**
 * Group trials over seeds, or by the parameters named.
 *
 * @param by Names of parameters; null for all in which the trials differ, but for seeds.
 */
export function groupTrials(parameters: Record<string, unknown>[], by: string[] | null): Group[] {
  const maps = parameters.map((one) => new Map(flatten(one)));
  const all = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  const names = by ?? all.filter((name) => !SEEDS.test(name));
  const telling = names.filter((name) => new Set(maps.map((map) => JSON.stringify(map.get(name)))).size > 1);
  const write = new Map(telling.map((name) => [name, writerOf(maps.map((map) => map.get(name)))]));
  const text = (map: Map<string, unknown>, name: string) => write.get(name)?.(map.get(name)) ?? "";
  const groups = new Map<string, Group>();
  maps.forEach((map, member) => {
    const key = JSON.stringify(telling.map((name) => map.get(name) ?? null));
    const label = telling.map((name) => `${name}=${text(map, name)}`).join(", ");
    const values = telling.map((name) => text(map, name)).join(", ");
    const group = groups.get(key) ?? { key, label, names: telling.join(", "), values, members: [] };
    group.members.push(member);
    groups.set(key, group);
  });
  return [...groups.values()];
}

/**
 * Which trials to show first, in the order of their groups: whole groups, because a mean over a part would be another.
 *
 * @param most How many groups, and how many trials; only a first group that is larger is cut.
 * @returns Their places, and how many trials the groups shown have.
 */
export function firstGroups(
  parameters: Record<string, unknown>[],
  by: string[] | null,
  most: { groups: number; trials: number },
): { shown: number[]; all: number } {
  const shown: number[] = [];
  let all = 0;
  for (const { members } of groupTrials(parameters, by).slice(0, most.groups)) {
    if (shown.length && shown.length + members.length > most.trials) break;
    shown.push(...members.slice(0, most.trials));
    all += members.length;
  }
  return { shown, all };
}

/** How the values of a parameter are written: numbers as short as in a list, unless two would then read the same. */
function writerOf(values: unknown[]): (value: unknown) => string {
  const short = (value: unknown) => (isNumber(value) ? formatNumber(Number(value)) : exact(value));
  const [all, shown] = [exact, short].map((write) => new Set(values.map(write)).size);
  return all === shown ? short : exact;
}

function exact(value: unknown): string {
  if (value === undefined) return "–";
  return jsonOrText(value);
}
