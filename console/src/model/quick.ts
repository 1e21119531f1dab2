/** Conditions that are one press away: states, tags, the last day. The filter holds them; a chip shows and writes it. */

import { conditionsOf, tokensOf, withCondition } from "./query";

export interface Quick {
  field: "state" | "tags" | "age";
  /** As a query writes it. */
  value: string;
}

export const LAST_DAY: Quick = { field: "age", value: "1d" };

/** The states of a condition on them: `state = A`, `state in [A, B]`; null of any other condition. */
function statesIn(condition: string): string[] | null {
  const [field, operator, ...rest] = tokensOf(condition).map((token) => token.written);
  if (field?.toLowerCase() !== "state") return null;
  if (operator === "=" && rest.length === 1) return rest;
  const isList = operator?.toLowerCase() === "in" && rest[0] === "[" && rest.at(-1) === "]";
  return isList ? rest.slice(1, -1).filter((word) => word !== ",") : null;
}

/** The condition. */
export function written(quick: Quick): string {
  return `${quick.field} ${quick.field === "age" ? "<" : "="} ${quick.value}`;
}

function holds(condition: string, quick: Quick): boolean {
  if (quick.field === "state") return statesIn(condition)?.includes(quick.value) === true;
  return condition === written(quick);
}

export function hasQuick(text: string, quick: Quick): boolean {
  return conditionsOf(text).some((condition) => holds(condition, quick));
}

/** Whether chips say all of a condition, so that nothing else has to. */
export function isSaid(condition: string, chips: readonly Quick[]): boolean {
  const states = statesIn(condition);
  if (states) return states.every((value) => chips.some((chip) => chip.field === "state" && chip.value === value));
  return chips.some((chip) => holds(condition, chip));
}

/** The filter with a condition turned on or off. Of states any may hold, of all others each must. */
export function turned(text: string, quick: Quick): string {
  const conditions = conditionsOf(text);
  const at = conditions.findIndex((condition) =>
    quick.field === "state" ? statesIn(condition) !== null : holds(condition, quick),
  );
  if (at < 0) return withCondition(text, written(quick));
  const changed = quick.field === "state" ? stateCondition(conditions[at] as string, quick.value) : "";
  return conditions
    .map((condition, place) => (place === at ? changed : condition))
    .filter(Boolean)
    .join(" and ");
}

function stateCondition(before: string, value: string): string {
  const states = statesIn(before) ?? [];
  const next = states.includes(value) ? states.filter((state) => state !== value) : [...states, value];
  if (!next.length) return "";
  return next.length === 1 ? `state = ${next[0]}` : `state in [${next.join(", ")}]`;
}
