/** Trials that are alike but for some parameters, such as the seed. */

import { flatten } from "./flat";

export interface Group {
  key: string;
  label: string;
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
  const groups = new Map<string, Group>();
  maps.forEach((map, member) => {
    const key = JSON.stringify(telling.map((name) => map.get(name) ?? null));
    const label = telling.map((name) => `${name}=${text(map.get(name))}`).join(", ");
    const group = groups.get(key) ?? { key, label, members: [] };
    group.members.push(member);
    groups.set(key, group);
  });
  return [...groups.values()];
}

function text(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
