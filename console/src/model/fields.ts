/** Fields of the query language that are no column of a list, for the tables of reports. */

import { flatten } from "./flat";
import { DASH, formatAgo, formatValue, shortId } from "./format";

const PLAIN = ["age", "ended", "id", "alternative_name", "parent", "nan_since"] as const;
export type PlainField = (typeof PLAIN)[number];

/** A trial of the server's answers, as far as these fields need it; `metadata` only if its documents were asked for. */
interface Row {
  id: string;
  alternative_name: string | null;
  started: string | null;
  ended: string | null;
  segments: { kind: string; parent?: string; parent_name?: string }[];
  nan_since: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}

/** Whether a list leaves out what a field needs. */
export function needsMetadata(field: string): boolean {
  return /^(git|platform)\../.test(field);
}

/** Whether a field has a name of its own, rather than one that was recorded. */
export function isPlainField(field: string): field is PlainField {
  return (PLAIN as readonly string[]).includes(field);
}

export function isOtherField(field: string): boolean {
  return isPlainField(field) || needsMetadata(field);
}

/** What a trial has in such a field, as text. */
export function otherValue(trial: Row, field: string, now: number, language: string): string {
  if (needsMetadata(field)) return formatValue(documented(trial.metadata ?? {}, field));
  switch (field) {
    case "age":
      return formatAgo(trial.started, now, language);
    case "ended":
      return formatAgo(trial.ended, now, language);
    case "id":
      return shortId(trial.id);
    case "parent": {
      const fork = trial.segments.find(({ kind }) => kind === "fork");
      return fork?.parent_name || fork?.parent || DASH;
    }
    case "nan_since":
      return Object.keys(trial.nan_since).join(", ") || DASH;
    default:
      return trial.alternative_name ?? DASH;
  }
}

function documented(metadata: Record<string, unknown>, field: string): unknown {
  const [space, name] = [field.slice(0, field.indexOf(".")), field.slice(field.indexOf(".") + 1)];
  const part = metadata[space === "git" ? "_git" : space];
  if (typeof part !== "object" || part === null || Array.isArray(part)) return undefined;
  return new Map(flatten(part as Record<string, unknown>)).get(space === "git" && name === "dirty" ? "is_dirty" : name);
}
