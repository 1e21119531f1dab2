/** Series of points: smoothing, finding a point, another x axis, and the mean of several with its spread. */

export interface Line {
  x: Float64Array;
  y: Float64Array;
}

const smoothed = new WeakMap<Float64Array, { weight: number; values: Float64Array }>();

/** Less than this beside 1 changes nothing. */
const NOTHING = 1e-18;

/** Exponential moving average with the early bias taken out; a gap stays a gap and does not spread. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  const kept = smoothed.get(values);
  if (kept?.weight === weight) return kept.values;
  const out = new Float64Array(values.length);
  let mean = 0;
  let rest = 1;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (!Number.isFinite(value)) {
      out[at] = Number.NaN;
      continue;
    }
    mean = weight * mean + (1 - weight) * value;
    rest = rest < NOTHING ? 0 : rest * weight; // numbers that are almost 0 are slow to count with
    out[at] = mean / (1 - rest);
  }
  smoothed.set(values, { weight, values: out });
  return out;
}

/** The place of the point nearest to `wanted`; -1 without points. x must not fall. */
export function nearest(x: Float64Array, wanted: number): number {
  let low = 0;
  let high = x.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) <= wanted) low = middle;
    else high = middle;
  }
  return Math.abs((x[low] as number) - wanted) <= Math.abs((x[high] as number) - wanted) ? low : high;
}

export interface Mean {
  x: Float64Array;
  mean: Float64Array;
  /** The mean less and plus one sample deviation; NaN where there is one value only, which has none. */
  lo: Float64Array;
  hi: Float64Array;
  /** How many lines have a value there. */
  n: Float64Array;
}

const MOST_PLACES = 4000;

/**
 * The mean of several lines at all places where one of them has a point, of those that are there: from the first point of
 * a line to its last, with what lies between two points on the line between them.
 */
export function meanOf(lines: Line[]): Mean {
  const x = placesOf(lines);
  const size = x.length;
  const [sum, squares, n] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  const rows = lines.map((line) => valuesAt(line, x));
  for (const row of rows) {
    for (let place = 0; place < size; place++) {
      const value = row[place] as number;
      if (!Number.isFinite(value)) continue;
      sum[place] = (sum[place] as number) + value;
      n[place] = (n[place] as number) + 1;
    }
  }
  const mean = sum.map((total, place) => (n[place] ? total / (n[place] as number) : Number.NaN));
  for (const row of rows) {
    for (let place = 0; place < size; place++) {
      const off = (row[place] as number) - (mean[place] as number);
      if (Number.isFinite(off)) squares[place] = (squares[place] as number) + off * off;
    }
  }
  const spread = squares.map((total, place) => {
    const count = n[place] as number;
    return count > 1 ? Math.sqrt(total / (count - 1)) : Number.NaN;
  });
  return {
    x,
    mean,
    lo: mean.map((value, place) => value - (spread[place] as number)),
    hi: mean.map((value, place) => value + (spread[place] as number)),
    n,
  };
}

/** All places of the lines in order, each once; of very many an even choice, with the ends of all lines. */
function placesOf(lines: Line[]): Float64Array {
  const [first, ...others] = lines;
  if (first && others.every((line) => isSame(line.x, first.x))) return first.x;
  const all = new Float64Array(lines.reduce((size, line) => size + line.x.length, 0));
  let end = 0;
  for (const line of lines) {
    all.set(line.x, end);
    end += line.x.length;
  }
  all.sort();
  const unique = all.filter((value, place) => place === 0 || value !== all[place - 1]);
  const stride = Math.ceil(unique.length / MOST_PLACES);
  if (stride <= 1) return unique;
  const ends = new Set(lines.flatMap((line) => [line.x[0], line.x[line.x.length - 1]]));
  return unique.filter((value, place) => place % stride === 0 || ends.has(value));
}

function isSame(one: Float64Array, other: Float64Array): boolean {
  return one === other || (one.length === other.length && one.every((value, place) => value === other[place]));
}

/** The values of a line at places in rising order; NaN before its first point, behind its last, and beside a gap. */
export function valuesAt({ x, y }: Line, places: Float64Array): Float64Array {
  if (isSame(x, places)) return y;
  const out = new Float64Array(places.length).fill(Number.NaN);
  const last = x.length - 1;
  let at = 0;
  for (let place = 0; place < places.length; place++) {
    const wanted = places[place] as number;
    while (at < last && (x[at + 1] as number) <= wanted) at++;
    const [x0, y0] = [x[at] as number, y[at] as number];
    if (x0 === wanted) out[place] = y0;
    else if (x0 < wanted && at < last) {
      const [x1, y1] = [x[at + 1] as number, y[at + 1] as number];
      out[place] = y0 + ((y1 - y0) * (wanted - x0)) / (x1 - x0);
    }
  }
  return out;
}

/** The order of the points by the values of another line at the same places, without those that it has none for. */
export function orderBy(x: Float64Array, axis: Line): { x: Float64Array; order: Uint32Array } {
  const values = valuesAt(axis, x);
  const order = Uint32Array.from(values.keys()).filter((place) => Number.isFinite(values[place]));
  order.sort((one, other) => (values[one] as number) - (values[other] as number) || one - other);
  return { x: Float64Array.from(order, (place) => values[place] as number), order };
}

export function inOrder(values: Float64Array, order: Uint32Array): Float64Array {
  return Float64Array.from(order, (place) => values[place] as number);
}

/** The least and greatest finite value within a range of x; with `above`, of those greater than it. */
export function extent(
  x: Float64Array,
  columns: Float64Array[],
  from: number,
  to: number,
  above = Number.NEGATIVE_INFINITY,
): [number, number] | null {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < x.length; place++) {
    if ((x[place] as number) < from || (x[place] as number) > to) continue;
    for (const column of columns) {
      const value = column[place] as number;
      if (!Number.isFinite(value) || value <= above) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  return least <= greatest ? [least, greatest] : null;
}

/** The range that leaves out a share of the values at both ends; null without values. */
export function middleOf(values: Float64Array, share: number): [number, number] | null {
  if (!values.length) return null;
  const sorted = values.slice().sort();
  const cut = Math.floor(sorted.length * share);
  return [sorted[cut] as number, sorted[sorted.length - 1 - cut] as number];
}
