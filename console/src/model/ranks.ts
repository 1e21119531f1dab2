/** Rank correlation: how well one column rises with another, whatever the shape. */

/** The rank of each value from 1; equal values share the mean of their ranks. */
export function ranksOf(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort(
    (one, other) => (values[one] as number) - (values[other] as number),
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let at = start; at < end; at++) ranks[order[at] as number] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

export interface Correlation {
  /** From -1 to 1; null where there are fewer than three pairs, or one of both is constant. */
  rho: number | null;
  /** How many trials have both. */
  n: number;
}

/** Spearman's rank correlation of two columns, of the places where both are finite. */
export function spearman(x: Float64Array, y: Float64Array): Correlation {
  const both = Uint32Array.from(x.keys()).filter((at) => Number.isFinite(x[at]) && Number.isFinite(y[at]));
  const n = both.length;
  if (n < 3) return { rho: null, n };
  const [one, other] = [x, y].map((column) => ranksOf(Float64Array.from(both, (at) => column[at] as number))) as [
    Float64Array,
    Float64Array,
  ];
  const mean = (n + 1) / 2;
  let [product, left, right] = [0, 0, 0];
  for (let at = 0; at < n; at++) {
    const [a, b] = [(one[at] as number) - mean, (other[at] as number) - mean];
    product += a * b;
    left += a * a;
    right += b * b;
  }
  return { rho: left > 0 && right > 0 ? product / Math.sqrt(left * right) : null, n };
}
