/** What the cells of a list of trials hold; on a phone, the two lines of a trial. */

import type { Summary, Trial } from "../api/types";
import { type Column, parameterOf } from "../model/columns";
import { divergedSince, reasonOf } from "../model/endings";
import {
  DASH,
  durationOf,
  formatAgo,
  formatDuration,
  formatNumber,
  formatTime,
  formatValue,
  isNumber,
} from "../model/format";
import { formatRoute } from "../model/route";
import { sortColumns } from "../model/views";
import { drawn } from "../state/drawn";
import { now, second } from "../state/settings";
import { locale, t } from "../words";
import { BaselineMark, DifferenceNote, Star } from "./baseline";
import { BothEnds, Pills, StateMark } from "./basics";
import { Icon } from "./icons";
import { columnLabel } from "./trial_widths";

interface CellProps {
  trial: Trial;
  column: Column;
  diverged: boolean;
  /** Whether it is the best of its column. */
  best?: boolean;
}

export function Cell({ trial, column, diverged, best }: CellProps) {
  if (column.kind === "metric") {
    const value = trial.metrics[column.name]?.[column.aggregate as keyof Summary];
    return (
      <span class={value === undefined || value === null ? "soft" : value === "NaN" ? "nan" : ""}>
        {best && <Star />}
        {formatNumber(value)}
        <DifferenceNote trial={trial} metric={column.name} aggregate={column.aggregate} />
      </span>
    );
  }
  if (column.kind === "parameter") {
    const value = parameterOf(trial.parameters, column.name);
    const shown = formatValue(value);
    if (isNumber(value)) return <span title={shown}>{formatNumber(Number(value))}</span>;
    return (
      <span class={shown === DASH ? "soft clip" : "clip"} title={shown.length > 16 ? shown : undefined}>
        <BothEnds text={shown} />
      </span>
    );
  }
  switch (column.fact) {
    case "name":
      return (
        <span class="row">
          <a class="clip" href={formatRoute("trials", trial.id)} title={trial.name}>
            <BothEnds text={trial.name} />
          </a>
          <BaselineMark trial={trial} />
        </span>
      );
    case "state":
      return (
        <span class="row">
          <StateMark trial={trial} />
          {diverged && <NanMark since={divergedSince(trial.nan_since)} />}
        </span>
      );
    case "folder":
      return (
        <a class="clip soft" href={formatRoute("folders", trial.folder.id)} title={trial.folder.path}>
          <BothEnds text={trial.folder.path} />
        </a>
      );
    case "started":
      return <span title={formatTime(trial.started, locale())}>{formatAgo(trial.started, now.value, locale())}</span>;
    case "duration":
      return <>{formatDuration(durationOf(trial, trial.state === "Running" ? second.value : now.value))}</>;
    case "tags":
      return (
        <span class="clip">
          <Pills tags={trial.tags} />
        </span>
      );
    case "reason":
      return (
        <span class="clip soft" title={reasonOf(trial) ?? ""}>
          {reasonOf(trial) || DASH}
        </span>
      );
    case "note":
      return (
        <span class="clip soft" title={trial.note ?? ""}>
          {trial.note || DASH}
        </span>
      );
    default:
      return <span class="clip">{trial.owner}</span>;
  }
}

/** The line of a trial in the charts beside the list: its colour, and whether it is shown there. */
export function LineMark({ trial }: { trial: Trial }) {
  const line = drawn.value?.get(trial.id);
  if (!line) return null;
  const label = t(line.isHidden ? "compare.show" : "compare.hide", { name: line.name });
  return (
    <button
      type="button"
      class="line-mark"
      aria-pressed={!line.isHidden}
      aria-label={label}
      title={label}
      onClick={line.toggle}
    >
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        <circle cx="5" cy="5" r="4" stroke={line.colour} fill={line.isHidden ? "none" : line.colour} />
      </svg>
      <Icon name="eye" size={13} />
    </button>
  );
}

function NanMark({ since }: { since: number | null }) {
  const text = since === null ? undefined : t("list.nan", { n: String(since) });
  return (
    <span class="nan small" title={text}>
      NaN
    </span>
  );
}

/** What one looks for comes before when it was, and before all what the rows are sorted by. */
const RANKS = { metric: 0, parameter: 1, fact: 2 };

/** Facts that the first line of a trial has already. */
const IN_FIRST_LINE = ["name", "state"];

/** Whether a cell would only say that there is nothing. */
function isEmpty(trial: Trial, column: Column): boolean {
  if (column.kind === "metric") return (trial.metrics[column.name]?.[column.aggregate] ?? null) === null;
  if (column.kind === "parameter") return formatValue(parameterOf(trial.parameters, column.name)) === DASH;
  if (column.fact === "tags") return !trial.tags.length;
  if (column.fact === "duration") return durationOf(trial, now.value) === null;
  return column.fact !== "folder" && !trial[column.fact];
}

interface LinesProps {
  trial: Trial;
  columns: Column[];
  diverged: boolean;
  /** Of each column, the trials with the best value. */
  best: ReadonlySet<string>[];
  /** What the rows are sorted by, as a query writes it. */
  sort: string;
}

/** A trial in two lines: state and name, then as many of the values that it has as there is room for, each whole. */
export function Lines({ trial, columns, diverged, best, sort }: LinesProps) {
  const [first] = sortColumns(sort);
  const rankOf = ({ id, kind }: Column) => (id === first ? -1 : RANKS[kind]);
  const rest = columns
    .map((column, at) => ({ column, isBest: best[at]?.has(trial.id) === true }))
    .filter(({ column }) => !(column.kind === "fact" && IN_FIRST_LINE.includes(column.fact)) && !isEmpty(trial, column))
    .sort((left, right) => rankOf(left.column) - rankOf(right.column));
  return (
    <div class="lines">
      <span class="row">
        <StateMark trial={trial} />
        <a class="clip" href={formatRoute("trials", trial.id)} title={trial.name}>
          <BothEnds text={trial.name} />
        </a>
        <BaselineMark trial={trial} />
        {diverged && <NanMark since={divergedSince(trial.nan_since)} />}
      </span>
      <span class="line-values">
        {rest.map(({ column, isBest }) => (
          <span key={column.id} class={column.kind}>
            {column.kind !== "fact" && <span class="soft">{columnLabel(column)} </span>}
            <Cell trial={trial} column={column} diverged={false} best={isBest} />
          </span>
        ))}
      </span>
    </div>
  );
}
