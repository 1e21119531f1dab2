/** The menu of a cell: only trials like this one, none like it, those at least or at most as large; or as the baseline. */

import { useEffect, useRef } from "preact/hooks";
import type { Trial } from "../api/types";
import { cellConditions } from "../model/cell_conditions";
import type { Column } from "../model/columns";
import { bothEnds } from "../model/format";
import { now } from "../state/settings";
import { t } from "../words";
import { isBaseline } from "./baseline";
import { Entry, onMenuKey, useOutside } from "./menu";
import { columnLabel } from "./trial_widths";

export interface CellPlace {
  trial: Trial;
  column: Column;
  /** Where it opens, in pixels of the window. */
  x: number;
  y: number;
}

interface CellMenuProps extends CellPlace {
  filter: (condition: string) => void;
  turnBaseline: ((trial: Trial) => void) | undefined;
  close: () => void;
}

const ROOM = 24;
const SHOWN = 60;

function short(condition: string): string {
  const [beginning, ending] = bothEnds(condition);
  return condition.length > SHOWN ? `${beginning.slice(0, SHOWN - 12)}…${ending}` : condition;
}

export function CellMenu({ trial, column, x, y, filter, turnBaseline, close }: CellMenuProps) {
  const box = useRef<HTMLDivElement>(null);
  useOutside(box, true, close);
  useEffect(() => {
    const menu = box.current;
    if (!menu) return;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(0, Math.min(x, innerWidth - width - ROOM))}px`;
    menu.style.top = `${Math.max(0, Math.min(y, innerHeight - height - ROOM))}px`;
    menu.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [x, y, trial.id, column.id]);
  const conditions = cellConditions(trial, column, now.value);
  const name = columnLabel(column);
  return (
    <div
      ref={box}
      role="menu"
      tabIndex={-1}
      aria-label={t("filter.cell", { name })}
      class="menu-items cell-menu"
      onKeyDown={(event) => onMenuKey(event, close)}
    >
      {conditions.map(({ kind, condition }) => (
        <Entry
          key={`${kind} ${condition}`}
          item={{
            // What is left out is said without the `not` that leaves it out.
            label: t(`filter.${kind}`, {
              condition: short(kind === "not" ? condition.replace(/^not /, "") : condition),
            }),
            action: () => filter(condition),
          }}
          close={close}
        />
      ))}
      {turnBaseline && (
        <Entry
          item={{
            label: t(isBaseline(trial) ? "baseline.clear" : "baseline.choose"),
            action: () => turnBaseline(trial),
          }}
          close={close}
        />
      )}
    </div>
  );
}
