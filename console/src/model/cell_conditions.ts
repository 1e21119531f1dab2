/** The conditions that a cell of a list stands for: only this, not this, at least, at most. */

import { type Column, fieldOf, parameterOf } from "./columns";
import { durationOf, isNumber } from "./format";
import { quotedText } from "./query";

interface Row {
  name: string;
  state: string | null;
  reason: string | null;
  note: string;
  tags: string[];
  folder: { path: string };
  started: string | null;
  ended: string | null;
  last_write: string | null;
  parameters: Record<string, unknown>;
  metrics: Record<string, object>;
}

export interface CellCondition {
  kind: "only" | "not" | "least" | "most";
  condition: string;
}

/** A longer one makes a query that the server refuses. */
const MOST = 5_000;
const LANGUAGE_NUMBERS: Record<string, string> = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" };

export function cellConditions(trial: Row, column: Column, now: number): CellCondition[] {
  return conditions(trial, column, now).filter(({ condition }) => condition.length <= MOST);
}

/** Whether a cell has something that one can filter by. */
export function hasConditions(trial: Row, column: Column, now: number): boolean {
  return cellConditions(trial, column, now).length > 0;
}

function conditions(trial: Row, column: Column, now: number): CellCondition[] {
  const field = fieldOf(column);
  if (column.kind === "metric") {
    return numbered(field, (trial.metrics[column.name] as Record<string, unknown> | undefined)?.[column.aggregate]);
  }
  if (column.kind === "parameter") return valued(field, parameterOf(trial.parameters, column.name));
  switch (column.fact) {
    case "tags":
      return trial.tags.flatMap((tag) => valued(field, tag));
    case "started":
      return trial.started ? onDay(field, trial.started) : missing(field);
    case "duration": {
      const seconds = durationOf(trial, now);
      return seconds === null ? [] : bounds(field, `${Math.floor(seconds)}s`, `${Math.ceil(seconds)}s`);
    }
    case "owner":
      return [];
    case "folder":
      return valued(field, trial.folder.path);
    default:
      return valued(field, trial[column.fact] || null);
  }
}

function missing(field: string): CellCondition[] {
  return [
    { kind: "only", condition: `${field} is missing` },
    { kind: "not", condition: `${field} is not missing` },
  ];
}

function equal(field: string, value: string): CellCondition[] {
  return [
    { kind: "only", condition: `${field} = ${value}` },
    { kind: "not", condition: `not ${field} = ${value}` },
  ];
}

function bounds(field: string, least: string, most: string): CellCondition[] {
  return [
    { kind: "least", condition: `${field} >= ${least}` },
    { kind: "most", condition: `${field} <= ${most}` },
  ];
}

function numbered(field: string, value: unknown): CellCondition[] {
  if (value === undefined || value === null) return missing(field);
  if (isNumber(value)) return [...equal(field, String(value)), ...bounds(field, String(value), String(value))];
  return equal(field, LANGUAGE_NUMBERS[String(value)] ?? "nan");
}

function valued(field: string, value: unknown): CellCondition[] {
  if (value === undefined || value === null) return missing(field);
  if (isNumber(value)) return numbered(field, value);
  if (typeof value === "boolean") return equal(field, String(value));
  return typeof value === "string" ? equal(field, quotedText(value)) : [];
}

/** All of the day on which it was, where the reader is. */
function onDay(field: string, time: string): CellCondition[] {
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) return [];
  const [from, to] = [0, 1].map((later) =>
    new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + later).toISOString().slice(0, 19),
  );
  const inside = `(${field} >= ${from}Z and ${field} < ${to}Z)`;
  return [
    { kind: "only", condition: inside },
    { kind: "not", condition: `not ${inside}` },
  ];
}
