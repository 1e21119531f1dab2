/** Dragging things onto each other to order them: before or behind the middle of what they are dropped on. */

import { useState } from "preact/hooks";

interface Wanted {
  /** What kind of thing it is: others are not taken. */
  kind: string;
  name: string;
  /** The direction in which they follow each other. */
  along: "x" | "y";
  drop: (dragged: string, isBehind: boolean) => void;
}

export interface Dragging {
  side: "" | "before" | "behind";
  /** Of the part that one takes hold of. */
  handle: { draggable?: boolean; onDragStart?: (event: DragEvent) => void };
  /** Of what others are dropped on. */
  target: Partial<Record<"onDragOver" | "onDragLeave" | "onDrop", (event: DragEvent) => void>>;
}

/** @param wanted Nothing for what stays where it is. */
export function useDrag(wanted: Wanted | null): Dragging {
  const [side, setSide] = useState<Dragging["side"]>("");
  if (!wanted) return { side: "", handle: {}, target: {} };
  const { name, along, drop } = wanted;
  const kind = `application/x-aimd-${wanted.kind}`;
  const sideAt = (event: DragEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const isBehind =
      along === "y" ? event.clientY > box.top + box.height / 2 : event.clientX > box.left + box.width / 2;
    return isBehind ? "behind" : "before";
  };
  return {
    side,
    handle: { draggable: true, onDragStart: (event) => event.dataTransfer?.setData(kind, name) },
    target: {
      onDragOver: (event) => {
        if (!event.dataTransfer?.types.includes(kind)) return;
        event.preventDefault();
        setSide(sideAt(event));
      },
      onDragLeave: () => setSide(""),
      onDrop: (event) => {
        const dragged = event.dataTransfer?.getData(kind);
        setSide("");
        if (!dragged || dragged === name) return;
        event.preventDefault();
        drop(dragged, sideAt(event) === "behind");
      },
    },
  };
}
