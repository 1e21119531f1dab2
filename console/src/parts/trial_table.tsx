/**
 * A table of trials of any length: only rows in sight are made.
 *
 * Rows have one height; those above and below are two empty rows as high as what they stand for.
 */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Summary, Trial } from "../api/types";
import { type Column, fieldOf, nextSort, parameterOf } from "../model/columns";
import { DASH, durationOf, formatAgo, formatDuration, formatNumber, formatTime, formatValue } from "../model/format";
import { go } from "../state/route";
import { now } from "../state/settings";
import { locale, t } from "../words";
import { BothEnds, Pills, StateMark } from "./basics";
import { Icon } from "./icons";
import { isTyping } from "./shortcuts";

const ROW = 34;
const SPARE = 12;

interface TableProps {
  trials: Trial[];
  columns: Column[];
  total: number;
  sort: string;
  stale: boolean;
  selected: ReadonlySet<string>;
  select: (ids: ReadonlySet<string>) => void;
  onSort: (sort: string) => void;
  more: () => void;
  compare: () => void;
}

export function TrialTable(props: TableProps) {
  const { trials, columns, total, sort, selected, select, more } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const [active, setActive] = useState(-1);
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    const look = () => setView({ top: place.scrollTop, height: place.clientHeight });
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(place);
    place.addEventListener("scroll", look, { passive: true });
    return () => watcher.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const last = Math.min(total, Math.ceil((view.top + view.height) / ROW) + SPARE);
  useEffect(() => {
    if (last + 50 > trials.length) more();
  }, [last, trials.length]);
  useKeys(props, setActive, box);
  const widths = useWidths(trials, columns);
  const rows = [];
  for (let at = first; at < last; at++) {
    const trial = trials[at];
    rows.push(
      trial ? (
        <Row
          key={trial.id}
          trial={trial}
          at={at}
          columns={columns}
          active={at === active}
          selected={selected}
          select={select}
          trials={trials}
        />
      ) : (
        <Blank key={`blank-${at}`} columns={columns.length} />
      ),
    );
  }
  const all = trials.length > 0 && selected.size >= trials.length;
  return (
    <div class={`table-box${props.stale ? " stale" : ""}`} ref={box}>
      <table class="trials" aria-rowcount={total + 1} aria-label={t("list.label")}>
        <colgroup>
          <col class="pick-column" />
          {columns.map((column, at) => (
            <col key={column.id} width={widths[at]} />
          ))}
          <col />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" class="pick">
              <input
                type="checkbox"
                aria-label={t("list.select.all")}
                checked={all}
                indeterminate={!all && selected.size > 0}
                onChange={() => select(selected.size ? new Set() : new Set(trials.map((trial) => trial.id)))}
              />
            </th>
            {columns.map((column) => (
              <HeadCell key={column.id} column={column} sort={sort} onSort={props.onSort} />
            ))}
            <th class="rest" aria-hidden="true" />
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Gap height={first * ROW} />}
          {rows}
          {last < total && <Gap height={(total - last) * ROW} />}
        </tbody>
      </table>
    </div>
  );
}

function Gap({ height }: { height: number }) {
  return <tr aria-hidden="true" class="gap" style={{ height: `${height}px` }} />;
}

function Blank({ columns }: { columns: number }) {
  return (
    <tr aria-hidden="true" class="blank">
      <td colSpan={columns + 2}>
        <span class="skeleton-line" />
      </td>
    </tr>
  );
}

export function columnLabel(column: Column): string {
  if (column.kind === "fact") return t(`column.${column.fact}`);
  if (column.kind === "parameter") return column.name;
  return column.aggregate === "last" ? column.name : `${column.name} ${t(`metric.${column.aggregate}`).toLowerCase()}`;
}

function isNumeric(column: Column): boolean {
  return (
    column.kind === "metric" || (column.kind === "fact" && (column.fact === "started" || column.fact === "duration"))
  );
}

function HeadCell({ column, sort, onSort }: { column: Column; sort: string; onSort: (sort: string) => void }) {
  const field = fieldOf(column);
  const down = sort === `-${field}`;
  const up = sort === field;
  const label = columnLabel(column);
  const order = down ? "descending" : up ? "ascending" : "none";
  return (
    <th
      scope="col"
      class={`${column.kind}${column.id === "name" ? " name" : ""}${isNumeric(column) ? " number" : ""}`}
      aria-sort={order}
    >
      <button
        type="button"
        class="head-button"
        title={t("list.sort", { name: label })}
        onClick={() => onSort(nextSort(sort, field, isNumeric(column)))}
      >
        <span class="clip">
          <BothEnds text={label} />
        </span>
        {(down || up) && <Icon name={down ? "down" : "up"} size={12} />}
      </button>
    </th>
  );
}

interface RowProps {
  trial: Trial;
  at: number;
  columns: Column[];
  active: boolean;
  selected: ReadonlySet<string>;
  select: (ids: ReadonlySet<string>) => void;
  trials: Trial[];
}

let anchor = -1;

/** Add or take away a trial; with `through`, all from the one pressed before up to it. */
function picked(props: Pick<RowProps, "trial" | "at" | "selected" | "trials">, through: boolean): ReadonlySet<string> {
  const next = new Set(props.selected);
  const add = !next.has(props.trial.id);
  const from = through && anchor >= 0 ? Math.min(anchor, props.at) : props.at;
  const to = through && anchor >= 0 ? Math.max(anchor, props.at) : props.at;
  anchor = props.at;
  for (const trial of props.trials.slice(from, to + 1)) {
    if (add) next.add(trial.id);
    else next.delete(trial.id);
  }
  return next;
}

function Row(props: RowProps) {
  const { trial, columns, selected } = props;
  const chosen = selected.has(trial.id);
  return (
    <tr
      aria-rowindex={props.at + 2}
      class={`${chosen ? "chosen" : ""}${props.active ? " active" : ""}`}
      aria-selected={chosen}
    >
      <td class="pick">
        <input
          type="checkbox"
          aria-label={t("list.select", { name: trial.name })}
          checked={chosen}
          onClick={(event) => props.select(picked(props, event.shiftKey))}
        />
      </td>
      {columns.map((column) => (
        <td
          key={column.id}
          class={`${column.kind}${column.id === "name" ? " name" : ""}${isNumeric(column) || isNumber(trial, column) ? " number" : ""}`}
        >
          <Cell trial={trial} column={column} />
        </td>
      ))}
      <td class="rest" />
    </tr>
  );
}

function isNumber(trial: Trial, column: Column): boolean {
  return column.kind === "parameter" && typeof parameterOf(trial.parameters, column.name) === "number";
}

function Cell({ trial, column }: { trial: Trial; column: Column }) {
  if (column.kind === "metric") {
    const value = trial.metrics[column.name]?.[column.aggregate as keyof Summary];
    return (
      <span class={value === undefined || value === null ? "soft" : value === "NaN" ? "nan" : ""}>
        {formatNumber(value)}
      </span>
    );
  }
  if (column.kind === "parameter") {
    const shown = formatValue(parameterOf(trial.parameters, column.name));
    return (
      <span class={shown === DASH ? "soft clip" : "clip"} title={shown.length > 16 ? shown : undefined}>
        <BothEnds text={shown} />
      </span>
    );
  }
  switch (column.fact) {
    case "name":
      return (
        <a class="clip" href={`#/trials/${encodeURIComponent(trial.id)}/`} title={trial.name}>
          <BothEnds text={trial.name} />
        </a>
      );
    case "state":
      return <StateMark state={trial.state} reason={trial.reason} />;
    case "folder":
      return (
        <a class="clip soft" href={`#/folders/${encodeURIComponent(trial.folder.id)}/`} title={trial.folder.path}>
          <BothEnds text={trial.folder.path} />
        </a>
      );
    case "started":
      return <span title={formatTime(trial.started, locale())}>{formatAgo(trial.started, now.value, locale())}</span>;
    case "duration":
      return <>{formatDuration(durationOf(trial, now.value))}</>;
    case "tags":
      return (
        <span class="clip">
          <Pills tags={trial.tags} />
        </span>
      );
    case "reason":
      return (
        <span class="clip soft" title={trial.reason ?? ""}>
          {trial.reason || DASH}
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

const FACT_WIDTHS: Record<string, number> = {
  state: 116,
  started: 104,
  duration: 104,
  owner: 100,
  tags: 150,
  note: 200,
  reason: 200,
  folder: 170,
};

/** Widths by what the first rows hold, so that columns do not jump while one scrolls. */
function useWidths(trials: Trial[], columns: Column[]): number[] {
  const sample = trials.length > 0;
  const key = columns.map((column) => column.id).join();
  return useMemo(() => {
    const rows = trials.slice(0, 60);
    return columns.map((column) => {
      if (column.kind === "fact" && column.fact !== "name") return FACT_WIDTHS[column.fact] ?? 120;
      const texts = rows.map((trial) =>
        column.kind === "fact"
          ? trial.name
          : column.kind === "metric"
            ? formatNumber(trial.metrics[column.name]?.[column.aggregate])
            : formatValue(parameterOf(trial.parameters, column.name)),
      );
      const longest = Math.max(columnLabel(column).length + 4, ...texts.map((text) => wide(text)));
      return Math.min(
        column.kind === "fact" ? 340 : 190,
        Math.max(column.kind === "fact" ? 180 : 72, longest * 7.3 + 24),
      );
    });
  }, [key, sample]);
}

function wide(text: string): number {
  let width = 0;
  for (const letter of text) width += letter.charCodeAt(0) > 0x2e80 ? 1.9 : 1;
  return width;
}

/** Scroll so that a row is in sight, below the sticky head. */
function bringIntoSight(place: HTMLElement | null, row: number): void {
  if (!place) return;
  const top = row * ROW;
  const end = top + 2 * ROW + 6;
  if (top < place.scrollTop) place.scrollTop = top;
  if (end > place.scrollTop + place.clientHeight) place.scrollTop = end - place.clientHeight;
}

/** j and k move, x selects, Enter opens, c compares; what is known now counts, however fast one types. */
function useKeys(props: TableProps, setActive: (row: number) => void, box: { current: HTMLElement | null }): void {
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    let active = -1;
    const show = (row: number) => {
      active = Math.max(0, Math.min(latest.current.trials.length - 1, row));
      setActive(active);
      bringIntoSight(box.current, active);
    };
    const listen = (event: KeyboardEvent) => {
      if (isTyping(event) && !(event.target as HTMLElement).closest("td.pick")) return;
      const { trials, selected, select, compare } = latest.current;
      const trial = trials[active];
      if (event.key === "j") show(active + 1);
      else if (event.key === "k") show(active - 1);
      else if (event.key === "x" && trial) select(picked({ trial, at: active, selected, trials }, false));
      else if (event.key === "Enter" && trial && event.target === document.body)
        go(`#/trials/${encodeURIComponent(trial.id)}/`);
      else if (event.key === "c" && selected.size) compare();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
