/** The heads of a list of trials, which put it in order. */

import { type Column, fieldOf, nextSort } from "../model/columns";
import { t } from "../words";
import { BothEnds } from "./basics";
import { Icon } from "./icons";
import { later } from "./later";
import { Menu } from "./menu";
import { columnLabel } from "./trial_widths";

const Resizer = later(() => import("./resizer").then((part) => part.Resizer), true);

interface HeadProps {
  column: Column;
  isNumber: boolean;
  sort: string;
  onSort: (sort: string) => void;
}

export function HeadCell({ column, isNumber, sort, onSort }: HeadProps) {
  const field = fieldOf(column);
  const down = sort === `-${field}`;
  const up = sort === field;
  const label = columnLabel(column);
  const order = down ? "descending" : up ? "ascending" : "none";
  return (
    <th
      scope="col"
      class={`${column.kind}${column.id === "name" ? " name" : ""}${isNumber ? " number" : ""}`}
      aria-sort={order}
    >
      <button
        type="button"
        class="head-button"
        aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight"
        title={t("list.sort", { name: label })}
        onClick={() => onSort(nextSort(sort, field, isNumber))}
      >
        <span class="clip">
          <BothEnds text={label} />
        </span>
        {(down || up) && <Icon name={down ? "down" : "up"} size={12} />}
      </button>
      <Resizer id={column.id} label={label} />
    </th>
  );
}

/** On a phone one menu has the orders that the heads of the columns have elsewhere. */
export function NarrowHead({
  columns,
  numeric,
  sort,
  onSort,
}: Omit<HeadProps, "column" | "isNumber"> & NarrowHeadProps) {
  const items = columns.map((column, at) => {
    const field = fieldOf(column);
    return {
      label: columnLabel(column),
      checked: sort === field || sort === `-${field}`,
      action: () => onSort(nextSort(sort, field, numeric[at] === true)),
    };
  });
  const chosen = items.find(({ checked }) => checked)?.label;
  return (
    <th scope="col" class="name">
      <Menu
        label={t("list.order")}
        icon={sort.startsWith("-") ? "down" : "up"}
        text={chosen ?? t("list.order")}
        items={items}
      />
    </th>
  );
}

interface NarrowHeadProps {
  columns: Column[];
  numeric: boolean[];
}
