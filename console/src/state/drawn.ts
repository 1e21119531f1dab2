/** Which trials of a list have lines in the charts beside it: the colour of each, and whether it is hidden there. */

import { computed, signal } from "@preact/signals";

export interface DrawnLine {
  /** What the line is called: the trial, or the group that it is a part of. */
  name: string;
  colour: string;
  isHidden: boolean;
  /** Hide the line, or show it again. */
  toggle: () => void;
}

/** The lines by the ids of their trials; null where a list has no charts beside it. */
export const drawn = signal<ReadonlyMap<string, DrawnLine> | null>(null);
export const hasCharts = computed(() => drawn.value !== null);
