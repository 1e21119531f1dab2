/** Metrics of many trials, downsampled by the server, as binary columns. */

import { ask } from "./client";

export type Axis = "step" | "epoch" | "time";

export interface SeriesWish {
  trials: string[];
  metrics: string[] | null;
  x: Axis;
  points: number;
  from: number | null;
  to: number | null;
}

/**
 * One metric of one trial. When `exact`, every point is there and `hi` and `mean` are `lo`. NaN: no finite value. `finite`:
 * how many finite values each place stands for; null when that is one, or unknown, as from an older server.
 */
export interface Series {
  trial: string;
  metric: string;
  count: number;
  exact: boolean;
  nan: number;
  x: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
  mean: Float64Array;
  finite: Float64Array | null;
}

const COLUMNS = "application/vnd.aimd.columns";
const MAGIC = "AIMDCOL1";
const HEAD_BYTES = 16;

interface Place {
  offset: number;
  length: number;
}

interface Written {
  trial: string;
  metric: string;
  count: number;
  exact: boolean;
  nan: number;
  x: Place;
  lo: Place;
  hi?: Place;
  mean?: Place;
  finite?: Place;
}

/** Read the binary answer: a header that says where each column of float64 lies, and the columns. */
export function decodeColumns(body: ArrayBuffer): Series[] {
  const magic = new TextDecoder("ascii").decode(new Uint8Array(body, 0, Math.min(MAGIC.length, body.byteLength)));
  if (magic !== MAGIC) throw new Error("these are no columns");
  const length = new DataView(body).getUint32(MAGIC.length, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, HEAD_BYTES, length))) as {
    series: Written[];
  };
  const start = Math.ceil((HEAD_BYTES + length) / 8) * 8;
  const column = (place: Place) => new Float64Array(body, start + place.offset, place.length);
  return header.series.map((written) => {
    const lo = column(written.lo);
    const hi = written.hi ? column(written.hi) : lo;
    const mean = written.mean ? column(written.mean) : lo;
    return { ...written, x: column(written.x), lo, hi, mean, finite: written.finite ? column(written.finite) : null };
  });
}

export async function fetchSeries(wish: SeriesWish, signal?: AbortSignal): Promise<Series[]> {
  const answer = await ask("metrics", { method: "POST", json: wish, headers: { Accept: COLUMNS }, signal });
  return decodeColumns(await answer.arrayBuffer());
}
