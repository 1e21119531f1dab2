/**
 * A table of trials of any length: only rows in sight are made.
 *
 * Rows have one height; those above and below are two empty rows as high as what they stand for.
 */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Of } from "../api/best";
import type { Trial } from "../api/types";
import { hasConditions } from "../model/cell_conditions";
import type { Column } from "../model/columns";
import { formatRoute } from "../model/route";
import { hasCharts } from "../state/drawn";
import { go } from "../state/route";
import { now } from "../state/settings";
import { t } from "../words";
import { isBaseline } from "./baseline";
import { Names } from "./basics";
import type { CellPlace } from "./cell_menu";
import { later } from "./later";
import { isTyping } from "./shortcuts";
import { Cell, LineMark, Lines } from "./trial_cells";
import { HeadCell, NarrowHead } from "./trial_heads";
import { bringIntoSight, TRIALS, useBest, usePointedRow } from "./trial_marks";
import { isNumeric, NARROW, useWidths } from "./trial_widths";

const CellMenu = later(() => import("./cell_menu").then((part) => part.CellMenu), true);

const ROW = 34;
/** The height of a trial in two lines. */
const TALL = 54;
const SPARE = 12;

interface TableProps {
  trials: Trial[];
  columns: Column[];
  total: number;
  /** Which trials it is a list of, and how many, as the server counts them. */
  listing: Of;
  count: string;
  sort: string;
  stale: boolean;
  selected: ReadonlySet<string>;
  select: (ids: ReadonlySet<string>) => void;
  selectAll: () => void;
  /** Trials with a metric that is not finite. */
  diverged: ReadonlySet<string>;
  onSort: (sort: string) => void;
  more: () => void;
  compare: () => void;
  /** Take a condition into the filter. */
  filter: (condition: string) => void;
  /** Make a trial the baseline, or clear it; absent for who may not. */
  turnBaseline: ((trial: Trial) => void) | undefined;
}

export function TrialTable(props: TableProps) {
  const { trials, columns, total, sort, selected, select, more } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800, width: 1200 });
  const [active, setActive] = useState<Active>(NOWHERE);
  const [menu, setMenu] = useState<CellPlace | null>(null);
  const isNarrow = view.width < NARROW;
  const height = isNarrow ? TALL : ROW;
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    const look = () => setView({ top: place.scrollTop, height: place.clientHeight, width: place.clientWidth });
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(place);
    place.addEventListener("scroll", look, { passive: true });
    return () => watcher.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / height) - SPARE);
  const last = Math.min(total, Math.ceil((view.top + view.height) / height) + SPARE);
  useEffect(() => {
    if (last + 50 > trials.length) more();
  }, [last, trials]); // also when the rows were loaded again, which gives up a page that was on its way
  useKeys(props, setActive, setMenu, box, height);
  const widths = useWidths(trials, columns, view.width, props.diverged.size > 0, hasCharts.value);
  const numeric = useMemo(() => columns.map((column) => isNumeric(column, trials)), [columns, trials.length > 0]);
  // A filter that may be refused is asked for once, by the list.
  const listing = props.stale ? null : props.listing;
  const best = useBest(trials, columns, trials.length >= total && !props.stale, listing, props.count);
  usePointedRow(box);
  const names = useMemo(() => trials.map(({ name }) => name), [trials]);
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
          numeric={numeric}
          diverged={props.diverged.has(trial.id)}
          best={best}
          sort={sort}
          active={at === active.row ? active.column : null}
          narrow={isNarrow}
          selected={selected}
          select={select}
          trials={trials}
        />
      ) : (
        <Blank key={`blank-${at}`} columns={isNarrow ? 1 : columns.length} />
      ),
    );
  }
  const all = trials.length > 0 && selected.size >= total && trials.every((trial) => selected.has(trial.id));
  const onContextMenu = (event: MouseEvent) => {
    const place = placeOf(event, trials, columns);
    if (!place) return; // a link has the browser's own menu
    event.preventDefault();
    setMenu(place);
  };
  return (
    <div
      class={`table-box${props.stale ? " stale" : ""}`}
      id={TRIALS}
      ref={box}
      role="region"
      aria-label={t("list.label")}
      tabIndex={-1}
    >
      <table
        class={`trials${isNarrow ? " narrow" : ""}${hasCharts.value ? " with-lines" : ""}`}
        aria-rowcount={total + 1}
        aria-label={t("list.label")}
      >
        <colgroup>
          <col class="pick-column" />
          {!isNarrow && columns.map((column, at) => <col key={column.id} width={widths[at]} />)}
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
                onChange={() => (all ? select(new Set()) : props.selectAll())}
              />
            </th>
            {isNarrow ? (
              <NarrowHead columns={columns} numeric={numeric} sort={sort} onSort={props.onSort} />
            ) : (
              columns.map((column, at) => (
                <HeadCell
                  key={column.id}
                  column={column}
                  isNumber={numeric[at] === true}
                  sort={sort}
                  onSort={props.onSort}
                />
              ))
            )}
            {!isNarrow && <th class="rest" aria-hidden="true" />}
          </tr>
        </thead>
        <tbody onContextMenu={onContextMenu}>
          {first > 0 && <Gap height={first * height} />}
          <Names names={names}>{rows}</Names>
          {last < total && <Gap height={(total - last) * height} />}
        </tbody>
      </table>
      {menu && (
        <CellMenu
          {...menu}
          filter={props.filter}
          turnBaseline={props.turnBaseline}
          close={() => {
            setMenu(null);
            box.current?.focus();
          }}
        />
      )}
    </div>
  );
}

/** The row and the column that the keys are at. */
interface Active {
  row: number;
  column: number;
}

const NOWHERE: Active = { row: -1, column: -1 };

function placeOf(event: MouseEvent, trials: Trial[], columns: Column[]): CellPlace | null {
  const target = event.target as HTMLElement;
  const cell = target.closest<HTMLElement>("td[data-column]");
  const trial = trials[Number(cell?.closest("tr")?.ariaRowIndex ?? 0) - 2];
  const column = columns[Number(cell?.dataset.column ?? -1)];
  if (!trial || !column || target.closest("a") || !hasConditions(trial, column, now.value)) return null;
  return { trial, column, x: event.clientX, y: event.clientY };
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

interface RowProps {
  trial: Trial;
  at: number;
  columns: Column[];
  numeric: boolean[];
  diverged: boolean;
  /** Of each column, the trials with the best value. */
  best: ReadonlySet<string>[];
  sort: string;
  /** The column that the keys are at, -1 for none; null in another row. */
  active: number | null;
  narrow: boolean;
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
  const { trial, columns, numeric, selected } = props;
  const chosen = selected.has(trial.id);
  return (
    <tr
      aria-rowindex={props.at + 2}
      data-trial={trial.id}
      class={`${isBaseline(trial) ? "baseline " : ""}${chosen ? "chosen" : ""}${props.active === null ? "" : " active"}`}
      aria-selected={chosen}
    >
      <td class="pick">
        <input
          type="checkbox"
          aria-label={t("list.select", { name: trial.name })}
          checked={chosen}
          onClick={(event) => props.select(picked(props, event.shiftKey))}
        />
        <LineMark trial={trial} />
      </td>
      {props.narrow ? (
        <td class="name">
          <Lines trial={trial} columns={columns} diverged={props.diverged} best={props.best} sort={props.sort} />
        </td>
      ) : (
        columns.map((column, at) => (
          <td
            key={column.id}
            data-column={at}
            class={`${column.kind}${column.id === "name" ? " name" : ""}${numeric[at] ? " number" : ""}${props.active === at ? " here" : ""}`}
          >
            <Cell
              trial={trial}
              column={column}
              diverged={props.diverged}
              best={props.best[at]?.has(trial.id) === true}
            />
          </td>
        ))
      )}
      {!props.narrow && <td class="rest" />}
    </tr>
  );
}

/**
 * j and k move, h and l go to a cell, f filters by it, x selects, X all from the last one, Enter opens, c compares, B makes
 * it the baseline; what is known now counts, however fast one types.
 */
function useKeys(
  props: TableProps,
  setActive: (active: Active) => void,
  setMenu: (place: CellPlace | null) => void,
  box: { current: HTMLElement | null },
  height: number,
): void {
  const latest = useRef({ ...props, height });
  latest.current = { ...props, height };
  useEffect(() => {
    let active = NOWHERE;
    const show = (row: number, column: number) => {
      const { trials, columns } = latest.current;
      const within = (at: number, size: number) => Math.max(0, Math.min(size - 1, at));
      active = { row: within(row, trials.length), column: column < 0 ? -1 : within(column, columns.length) };
      setActive(active);
      bringIntoSight(box.current, active.row, latest.current.height, ROW);
    };
    const openMenu = () => {
      const { trials, columns } = latest.current;
      const [trial, column] = [trials[active.row], columns[active.column]];
      const at = `tr[aria-rowindex="${active.row + 2}"] td[data-column="${active.column}"]`;
      const cell = box.current?.querySelector(at)?.getBoundingClientRect();
      if (trial && column && cell && hasConditions(trial, column, now.value))
        setMenu({ trial, column, x: cell.left, y: cell.bottom });
    };
    const listen = (event: KeyboardEvent) => {
      if (isTyping(event) && !(event.target as HTMLElement).closest("td.pick")) return;
      const { trials, selected, select, compare } = latest.current;
      const trial = trials[active.row];
      const target = event.target as HTMLElement;
      const isInTable = target === document.body || target.id === "main" || box.current?.contains(target);
      if (event.key === "j") show(active.row + 1, active.column);
      else if (event.key === "k") show(active.row - 1, active.column);
      else if (event.key === "l" && trial && isInTable) show(active.row, active.column + 1);
      else if (event.key === "h" && trial && isInTable) show(active.row, active.column - 1);
      else if (event.key === "f" && isInTable) openMenu();
      else if (event.key.toLowerCase() === "x" && trial)
        select(picked({ trial, at: active.row, selected, trials }, event.key === "X"));
      else if (event.key === "Enter" && trial && (target === document.body || target === box.current))
        go(formatRoute("trials", trial.id));
      else if (event.key === "c" && selected.size) compare();
      else if (event.key === "B" && trial) latest.current.turnBaseline?.(trial);
      if (event.key === "f" && isInTable) event.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
