/**
 * A forest of regression trees, to tell how much each column matters: by how much the error on trials that a tree has not
 * seen grows when the column's values are mixed up.
 *
 * Promises: the same columns give the same numbers, and there are many places to pause.
 */

export interface ForestColumn {
  /** The bin of each trial: numbers in rising order, or one bin a choice. */
  bins: Uint8Array;
  count: number;
  /** Whether the order of the bins means something. */
  isOrdered: boolean;
}

export interface Importance {
  /** How much of the target's variance is lost without each column; 0 or more. */
  shares: number[];
  /** How much of the variance the forest explains of trials that it has not seen: at most 1. */
  explained: number;
}

export const MOST_BINS = 64;
const MOST_DEPTH = 20;
const SPLIT_FROM = 5;
const LEAF_FROM = 2;
const SEED = 20261126;
/** So many trials a tree is grown of, and judged by: more cost time, and tell hardly more. */
const MOST_SAMPLED = 1000;
const MOST_JUDGED = 400;

/** Numbers as at most 64 bins of about as many each; what is not finite is a bin of its own, before the others. */
export function binsOf(values: Float64Array): ForestColumn {
  const unique = [...new Set(values.filter(Number.isFinite))].sort((one, other) => one - other);
  const hasMissing = values.some((value) => !Number.isFinite(value));
  const room = MOST_BINS - Number(hasMissing);
  const sorted = values.filter(Number.isFinite).sort();
  const edges =
    unique.length <= room
      ? unique
      : [
          ...new Set(
            Array.from({ length: room }, (_, at) => sorted[Math.floor((at * sorted.length) / room)] as number),
          ),
        ];
  const first = Number(hasMissing);
  const bins = Uint8Array.from(values, (value) => (Number.isFinite(value) ? first + lastBelow(edges, value) : 0));
  return { bins, count: edges.length + first, isOrdered: true };
}

function lastBelow(edges: number[], value: number): number {
  let [low, high] = [0, edges.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Numbers from 0 to below 1, the same each time (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Split {
  column: number;
  /** Whether a bin goes left. */
  left: Uint8Array;
  gain: number;
}

interface Node {
  split: Split | null;
  value: number;
  left: number;
  right: number;
}

class Tree {
  readonly nodes: Node[] = [];
  readonly used = new Set<number>();

  constructor(
    private readonly columns: ForestColumn[],
    private readonly y: Float64Array,
    sample: Uint32Array,
    private readonly random: () => number,
  ) {
    this.grow(sample, 0);
  }

  private grow(rows: Uint32Array, depth: number): number {
    const place = this.nodes.length;
    let sum = 0;
    for (const row of rows) sum += this.y[row] as number;
    const node: Node = { split: null, value: sum / rows.length, left: -1, right: -1 };
    this.nodes.push(node);
    if (rows.length < SPLIT_FROM || depth >= MOST_DEPTH) return place;
    const split = this.bestSplit(rows, sum);
    if (!split) return place;
    const { bins } = this.columns[split.column] as ForestColumn;
    this.used.add(split.column);
    node.split = split;
    node.left = this.grow(
      rows.filter((row) => split.left[bins[row] as number]),
      depth + 1,
    );
    node.right = this.grow(
      rows.filter((row) => !split.left[bins[row] as number]),
      depth + 1,
    );
    return place;
  }

  /** The best split by a third of the columns; by the others only if those have none. */
  private bestSplit(rows: Uint32Array, sum: number): Split | null {
    const order = shuffled(this.columns.length, this.random);
    const few = Math.ceil(order.length / 3);
    let best: Split | null = null;
    for (let at = 0; at < order.length && (at < few || !best); at++) {
      const split = this.splitBy(order[at] as number, rows, sum);
      if (split && (!best || split.gain > best.gain)) best = split;
    }
    return best;
  }

  private splitBy(column: number, rows: Uint32Array, sum: number): Split | null {
    const { bins, count, isOrdered } = this.columns[column] as ForestColumn;
    const [sums, sizes] = [new Float64Array(count), new Uint32Array(count)];
    for (const row of rows) {
      const bin = bins[row] as number;
      sums[bin] = (sums[bin] as number) + (this.y[row] as number);
      sizes[bin] = (sizes[bin] as number) + 1;
    }
    const there = [...sizes.keys()].filter((bin) => sizes[bin]);
    // Choices in the order of their means: one of those cuts is the best of all divisions.
    if (!isOrdered) there.sort((one, other) => meanIn(one) - meanIn(other));
    function meanIn(bin: number): number {
      return (sums[bin] as number) / (sizes[bin] as number);
    }
    let [gain, cut, left, size] = [1e-12, -1, 0, 0];
    for (let at = 0; at < there.length - 1; at++) {
      left += sums[there[at] as number] as number;
      size += sizes[there[at] as number] as number;
      const rest = rows.length - size;
      if (size < LEAF_FROM || rest < LEAF_FROM) continue;
      const here = (left * left) / size + (sum - left) ** 2 / rest - (sum * sum) / rows.length;
      if (here > gain) [gain, cut] = [here, at];
    }
    if (cut < 0) return null;
    const goesLeft = new Uint8Array(count);
    // A bin that no trial here has: on the side where its number would be.
    if (isOrdered) goesLeft.fill(1, 0, (there[cut] as number) + 1);
    else for (const bin of there.slice(0, cut + 1)) goesLeft[bin] = 1;
    return { column, left: goesLeft, gain };
  }

  /** The tree's guess for a trial, with the bin of one column taken from another trial. */
  guess(row: number, mixed = -1, from = row): number {
    let node = this.nodes[0] as Node;
    while (node.split) {
      const { column, left } = node.split;
      const { bins } = this.columns[column] as ForestColumn;
      node = this.nodes[left[bins[column === mixed ? from : row] as number] ? node.left : node.right] as Node;
    }
    return node.value;
  }
}

function shuffled(size: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, at) => at);
  for (let at = size - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}

export function treesFor(trials: number): number {
  return trials <= 1000 ? 200 : 100;
}

/** Grow a forest tree by tree; it yields after each step of a few milliseconds. */
export function* importanceOf(
  columns: ForestColumn[],
  y: Float64Array,
  trees = treesFor(y.length),
): Generator<void, Importance> {
  const n = y.length;
  const random = randomOf(SEED);
  const lost = new Float64Array(columns.length);
  const [guesses, votes] = [new Float64Array(n), new Uint32Array(n)];
  for (let tree = 0; tree < trees; tree++) {
    const sample = Uint32Array.from({ length: Math.min(n, MOST_SAMPLED) }, () => Math.floor(random() * n));
    const grown = new Tree(columns, y, sample, random);
    yield;
    const unseen = unseenOf(sample, n, random);
    const guessed = Float64Array.from(unseen, (row) => grown.guess(row));
    unseen.forEach((row, at) => {
      guesses[row] = (guesses[row] as number) + (guessed[at] as number);
      votes[row] = (votes[row] as number) + 1;
    });
    for (const column of grown.used) {
      lost[column] = (lost[column] as number) + lossWithout(grown, column, { unseen, guessed, y }, random);
      yield;
    }
  }
  const variance = varianceOf(y);
  let [error, told] = [0, 0];
  for (let row = 0; row < n; row++) {
    if (!votes[row]) continue;
    error += ((y[row] as number) - (guesses[row] as number) / (votes[row] as number)) ** 2;
    told++;
  }
  const share = (value: number) => (variance > 0 ? Math.max(0, value / trees / variance) : 0);
  return { shares: Array.from(lost, share), explained: variance > 0 && told ? 1 - error / told / variance : 0 };
}

/** Trials that are not in a sample: all, or of many a choice by chance. */
function unseenOf(sample: Uint32Array, n: number, random: () => number): Uint32Array {
  const seen = new Set(sample);
  const unseen = Uint32Array.from({ length: n }, (_, row) => row).filter((row) => !seen.has(row));
  if (unseen.length <= MOST_JUDGED) return unseen;
  return shuffled(unseen.length, random)
    .slice(0, MOST_JUDGED)
    .map((at) => unseen[at] as number);
}

interface Judged {
  unseen: Uint32Array;
  guessed: Float64Array;
  y: Float64Array;
}

function lossWithout(tree: Tree, column: number, { unseen, guessed, y }: Judged, random: () => number): number {
  const order = shuffled(unseen.length, random);
  let lost = 0;
  unseen.forEach((row, at) => {
    const truth = y[row] as number;
    const other = unseen[order[at] as number] as number;
    lost += (truth - tree.guess(row, column, other)) ** 2 - (truth - (guessed[at] as number)) ** 2;
  });
  return unseen.length ? lost / unseen.length : 0;
}

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
