/** Which columns a folder's list shows: those of the address, or those that tell its trials apart and put them in order. */

import { useMemo, useRef } from "preact/hooks";
import { automaticColumns, type Column, parseColumn, valuesIn, withSorted } from "../model/columns";
import { joinNames, splitNames } from "../model/route";
import { sortColumns } from "../model/views";
import { route } from "../state/route";
import type { ListState } from "./listing";

export function useColumns(id: string, below: boolean, rows: ListState | null): { columns: Column[]; chosen: boolean } {
  const { query } = route.value;
  const text = query.get("columns");
  const automatic = useRef<{ key: string; ids: string[] }>({ key: "", ids: [] });
  const key = `${id} ${below}`;
  if (automatic.current.key !== key) automatic.current = { key, ids: [] };
  if (!automatic.current.ids.length && rows?.trials.length && !rows.loading)
    automatic.current.ids = automaticColumns(rows.trials.slice(0, 100), below, valuesIn(innerWidth));
  const ids = text
    ? splitNames(text)
    : automatic.current.ids.length
      ? withSorted(automatic.current.ids, sortColumns(query.get("sort") ?? ""), rows?.trials ?? [])
      : ["name", "state", "started", "duration"];
  const joined = joinNames(ids);
  const columns = useMemo(() => ids.map(parseColumn).filter((column): column is Column => column !== null), [joined]);
  return { columns, chosen: text !== null };
}
