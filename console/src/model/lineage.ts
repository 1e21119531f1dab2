/** Where the nodes of a lineage stand in its picture, and what is next to a node. */

export interface GraphNode {
  kind: "trial" | "artifact";
  id: string;
  name: string;
  detail: string;
  folder: string;
}

/** A graph around `start`, the id of a node; edges lead from what was used to what was made. */
export interface Graph {
  start: string;
  nodes: GraphNode[];
  edges: { source: string; target: string }[];
}

export interface PlacedNode extends GraphNode {
  /** How many steps before (negative) or after what was asked for. */
  layer: number;
  /** From 0, within its layer. */
  row: number;
}

export interface PlacedLineage {
  nodes: PlacedNode[];
  edges: { source: PlacedNode; target: PlacedNode }[];
  firstLayer: number;
  layers: number;
  rows: number;
}

/** Put every node behind all that it was made from; within a layer, near those that it hangs together with. */
export function placeLineage(lineage: Graph): PlacedLineage {
  const layers = layersOf(lineage);
  const nodes = lineage.nodes
    .filter(({ id }) => layers.has(id))
    .map((node): PlacedNode => ({ ...node, layer: layers.get(node.id) ?? 0, row: 0 }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = lineage.edges.flatMap(({ source, target }) => {
    const [from, to] = [byId.get(source), byId.get(target)];
    return from && to ? [{ source: from, target: to }] : [];
  });
  const columns = new Map<number, PlacedNode[]>();
  for (const node of nodes) columns.set(node.layer, [...(columns.get(node.layer) ?? []), node]);
  const order = [...columns.keys()].sort((one, other) => Math.abs(one) - Math.abs(other));
  for (const layer of order) arrange(columns.get(layer) ?? [], edges, layer);
  const firstLayer = Math.min(0, ...columns.keys());
  return {
    nodes,
    edges,
    firstLayer,
    layers: columns.size ? Math.max(...columns.keys()) - firstLayer + 1 : 0,
    rows: Math.max(0, ...[...columns.values()].map((column) => column.length)),
  };
}

/** Order a layer by the mean row of the neighbours that lie nearer to the start. */
function arrange(column: PlacedNode[], edges: PlacedLineage["edges"], layer: number): void {
  const middle = new Map<PlacedNode, number>();
  for (const node of column) {
    const near = edges.flatMap(({ source, target }) => {
      const other = source === node ? target : target === node ? source : null;
      return other && Math.abs(other.layer) < Math.abs(layer) ? [other.row] : [];
    });
    middle.set(node, near.length ? near.reduce((sum, row) => sum + row, 0) / near.length : 0);
  }
  column.sort((one, other) => (middle.get(one) ?? 0) - (middle.get(other) ?? 0) || one.name.localeCompare(other.name));
  column.forEach((node, row) => {
    node.row = row;
  });
}

/** Steps from the start along the edges, and against them; a node on both sides counts as what it was made from. */
function layersOf({ start, edges }: Graph): Map<string, number> {
  const layers = new Map([[start, 0]]);
  for (const step of [-1, 1]) {
    let front = [start];
    for (let layer = step; front.length; layer += step) {
      const next = front.flatMap((id) =>
        edges.flatMap(({ source, target }) => {
          const other = step < 0 ? (target === id ? source : null) : source === id ? target : null;
          return other !== null && !layers.has(other) ? [other] : [];
        }),
      );
      for (const id of next) layers.set(id, layer);
      front = [...new Set(next)];
    }
  }
  return layers;
}

/** What a node was made from, and what was made from it, one step each way. */
export function neighbours(lineage: Graph, id: string): { before: GraphNode[]; after: GraphNode[] } {
  const byId = new Map(lineage.nodes.map((node) => [node.id, node]));
  const there = (ids: string[]) => ids.flatMap((other) => byId.get(other) ?? []);
  return {
    before: there(lineage.edges.filter(({ target }) => target === id).map(({ source }) => source)),
    after: there(lineage.edges.filter(({ source }) => source === id).map(({ target }) => target)),
  };
}

const MOST_LETTERS = 200;

/** A text with its middle left out, so that it is at most so wide; `widthOf` measures texts. */
export function fitted(text: string, most: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= most) return text;
  const letters = Array.from(text.slice(0, MOST_LETTERS));
  const tail = Array.from(text.slice(-MOST_LETTERS));
  let [low, high] = [0, letters.length];
  const cut = (count: number) => {
    const end = Math.min(Math.floor(count * 0.4), tail.length);
    return `${letters.slice(0, count - end).join("")}…${end ? tail.slice(-end).join("") : ""}`;
  };
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(cut(middle)) <= most) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
