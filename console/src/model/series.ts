/** Series of points: smoothing, finding a point, and the mean of several with its spread. */

export interface Line {
  x: Float64Array;
  y: Float64Array;
}

/** Exponential moving average with the early bias taken out; a gap stays a gap and does not spread. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
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
    rest *= weight;
    out[at] = mean / (1 - rest);
  }
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

function at(line: Line, wanted: number): number {
  const { x, y } = line;
  if (x.length === 0 || wanted < (x[0] as number) || wanted > (x[x.length - 1] as number)) return Number.NaN;
  const near = nearest(x, wanted);
  const other = (x[near] as number) <= wanted ? Math.min(near + 1, x.length - 1) : near - 1;
  const [x0, x1, y0, y1] = [x[near], x[other], y[near], y[other]] as [number, number, number, number];
  return x0 === x1 || x0 === wanted ? y0 : y0 + ((y1 - y0) * (wanted - x0)) / (x1 - x0);
}

export interface Mean {
  x: Float64Array;
  mean: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
}

/** The mean of several lines at the places of the one with most points, and the mean less and plus one deviation. */
export function meanOf(lines: Line[]): Mean {
  const x = lines.reduce<Float64Array>(
    (best, line) => (line.x.length > best.length ? line.x : best),
    new Float64Array(),
  );
  const [mean, lo, hi] = [new Float64Array(x.length), new Float64Array(x.length), new Float64Array(x.length)];
  for (let place = 0; place < x.length; place++) {
    const values = lines.map((line) => at(line, x[place] as number)).filter(Number.isFinite);
    const middle = values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : Number.NaN;
    const spread = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    const deviation = values.length > 1 ? Math.sqrt(spread / (values.length - 1)) : 0;
    mean[place] = middle;
    lo[place] = middle - deviation;
    hi[place] = middle + deviation;
  }
  return { x, mean, lo, hi };
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
