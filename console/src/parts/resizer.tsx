/** The edge of a column's head: dragged, or moved by keys of the head, it makes the column wider or narrower. */

import { useEffect, useRef } from "preact/hooks";
import { formatWidths, parseWidths } from "../model/widths";
import { route, setQuery } from "../state/route";
import { t } from "../words";

/** Pixels. */
const LEAST = 40;
const MOST = 1200;
const STEP = 10;

interface ResizerProps {
  /** The column, as an address has it, and what its head says. */
  id: string;
  label: string;
}

export function Resizer({ id, label }: ResizerProps) {
  const edge = useRef<HTMLButtonElement>(null);
  const from = useRef<{ x: number; width: number } | null>(null);
  const widthNow = () => Math.round(edge.current?.closest("th")?.getBoundingClientRect().width ?? LEAST);
  const within = (width: number) => Math.round(Math.min(MOST, Math.max(LEAST, width)));
  /** Show a width while it is dragged; the address follows at the end. */
  const preview = (width: number) => {
    const head = edge.current?.closest("th");
    const column = head?.closest("table")?.querySelectorAll("col")[head.cellIndex];
    if (column) column.width = String(within(width));
  };
  const choose = (width: number | null) => {
    const widths = parseWidths(route.value.query.get("widths"));
    if (width === null) widths.delete(id);
    else widths.set(id, within(width));
    setQuery({ widths: formatWidths(widths) });
  };
  const draggedTo = (event: PointerEvent) => (from.current ? from.current.width + event.clientX - from.current.x : 0);
  const latest = useRef(choose);
  latest.current = choose;
  useEffect(() => {
    const head = edge.current?.closest("th");
    const listen = (event: KeyboardEvent) => {
      if (!event.altKey) return;
      if (event.key === "ArrowLeft") latest.current(widthNow() - STEP);
      else if (event.key === "ArrowRight") latest.current(widthNow() + STEP);
      else if (event.key === "Enter") latest.current(null);
      else return;
      event.preventDefault();
    };
    head?.addEventListener("keydown", listen);
    return () => head?.removeEventListener("keydown", listen);
  }, []);
  return (
    <button
      type="button"
      ref={edge}
      class="resizer"
      tabIndex={-1}
      aria-hidden="true" // the keys are those of the head
      title={t("list.width", { name: label })}
      onDblClick={() => choose(null)}
      onPointerDown={(event) => {
        from.current = { x: event.clientX, width: widthNow() };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => from.current && preview(draggedTo(event))}
      onPointerUp={(event) => {
        if (from.current && event.clientX !== from.current.x) choose(draggedTo(event));
        from.current = null;
      }}
    />
  );
}
