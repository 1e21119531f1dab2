/** Where the axes of parallel coordinates are, in pixels. */

import type { Scale } from "../model/scale";
import type { FieldData } from "../model/sweep";

export const AXIS = {
  /** Of the whole picture. */
  height: 312,
  /** From its top to the top of an axis: the names are between. */
  top: 58,
  bottom: 34,
  /** So far below an axis is the place of trials without a value. */
  nowhere: 18,
};

export interface AxisData {
  id: string;
  field: FieldData;
  scale: Scale;
  x: number;
  /** From its top to its bottom. */
  length: number;
}
