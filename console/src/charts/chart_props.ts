/** What a chart is given, and its parts. */

import type { Dragging } from "../parts/drag";
import type { Starts, Wish } from "./curves";
import type { Range } from "./ranges";
import type { ChartView } from "./view";

export interface ChartProps {
  name: string;
  wishes: Wish[];
  view: ChartView;
  starts: Starts;
  /** Grows when there may be new points. */
  version: number;
  size: "small" | "large" | "full";
  /** Whether another chart fills the screen. */
  covered: boolean;
  resize: (size: "small" | "large" | "full") => void;
  zoom: (chart: string, x: Range | null | undefined, y: Range | null | undefined) => void;
  /** The address that shows this chart alone. */
  link: () => string;
  /** Whether it has one size beside the full screen. */
  isFixed?: boolean;
  /** Whether it is among those that come first. */
  isPinned?: boolean;
  /** Pin or unpin it; without it that cannot be done. */
  pin?: () => void;
  /** Its place among others that it can be moved between. */
  place?: ChartPlace;
}

export interface ChartPlace {
  isFirst: boolean;
  isLast: boolean;
  step: (by: 1 | -1) => void;
  /** Put another one in front of it or behind it. */
  drop: (dragged: string, isBehind: boolean) => void;
}

export type Box<T> = { current: T | null };

export interface CardProps extends ChartProps {
  card: Box<HTMLElement>;
  visible: boolean;
  handle: Dragging["handle"];
}
