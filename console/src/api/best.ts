/** The best value of a metric among all trials of a list, however many: the server sorts, one answers. */

import { type Column, fieldOf, wantedFields } from "../model/columns";
import type { Direction } from "../model/direction";
import { numberOf } from "../model/format";
import { withCondition } from "../model/query";
import { type Listing, listTrials } from "./trials";

export type MetricColumn = Extract<Column, { kind: "metric" }>;
export type Of = Pick<Listing, "folderId" | "below" | "where">;

/** The finite value that comes first in an order; null without any. */
async function firstIn(of: Of, column: MetricColumn, way: Direction, signal: AbortSignal): Promise<number | null> {
  const field = fieldOf(column);
  const columns = wantedFields([column]);
  const ask = async (where: string) => {
    const sort = way === "max" ? `-${field}` : field;
    const { trials } = await listTrials({ ...of, where, sort, columns, limit: 1 }, signal);
    return numberOf(trials[0]?.metrics[column.name]?.[column.aggregate]);
  };
  const first = await ask(of.where);
  if (first === null || Number.isFinite(first)) return first;
  const finite = await ask(withCondition(of.where, `${field} > -inf and ${field} < inf`));
  return finite !== null && Number.isFinite(finite) ? finite : null;
}

/** The best value; null where there is none, or where all have the same. */
export async function bestValue(
  of: Of,
  column: MetricColumn,
  way: Direction,
  signal: AbortSignal,
): Promise<number | null> {
  const [best, worst] = await Promise.all([
    firstIn(of, column, way, signal),
    firstIn(of, column, way === "max" ? "min" : "max", signal),
  ]);
  return best === worst ? null : best;
}
