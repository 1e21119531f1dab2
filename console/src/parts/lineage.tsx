/** What was made from what: a picture whose nodes are links, and the same as words for whoever does not see it. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Lineage, LineageNode } from "../api/types";
import { shortId } from "../model/format";
import { fitted, neighbours, type PlacedNode, placeLineage } from "../model/lineage";
import { nameFamily, partsIn, shownName } from "../model/name_parts";
import { formatRoute } from "../model/route";
import { t } from "../words";
import { BothEnds, Names } from "./basics";
import { Icon } from "./icons";

const WIDTH = 190;
const HEIGHT = 46;
const GAP_X = 64;
const GAP_Y = 16;
const MARGIN = 6;
const INDENT = 14;
const NAME_SIZE = 13;
const DETAIL_SIZE = 11.5;
/** The room of a text in a box. */
const MOST = WIDTH - 2 * INDENT;

export function nodeAddress(node: Pick<LineageNode, "kind" | "id">): string {
  return formatRoute(node.kind === "trial" ? "trials" : "artifacts", node.id);
}

/** Measures texts as the picture has them, which is in the font of the page. */
function measuring(size: number): (text: string) => number {
  const context = document.createElement("canvas").getContext("2d");
  if (context) context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return (text) => context?.measureText(text).width ?? text.length * size;
}

export function LineagePicture({ lineage }: { lineage: Lineage }) {
  const placed = useMemo(() => placeLineage(lineage), [lineage]);
  const family = useMemo(() => nameFamily(placed.nodes.map(nameOf)), [placed]);
  const [widthOfName, widthOfDetail] = useMemo(() => [measuring(NAME_SIZE), measuring(DETAIL_SIZE)] as const, []);
  const x = (node: PlacedNode) => MARGIN + (node.layer - placed.firstLayer) * (WIDTH + GAP_X);
  const y = (node: PlacedNode) => MARGIN + node.row * (HEIGHT + GAP_Y);
  const width = placed.layers * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN;
  const height = placed.rows * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
  return (
    <div class="scroll lineage" tabIndex={0} role="region" aria-label={t("lineage.title")}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={t("lineage.title")}
      >
        {placed.edges.map(({ source, target }) => (
          <path
            key={`${source.id} ${target.id}`}
            class="lineage-edge"
            d={edgePath(x(source) + WIDTH, y(source) + HEIGHT / 2, x(target), y(target) + HEIGHT / 2)}
          />
        ))}
        {placed.nodes.map((node) => (
          <Node key={node.id} node={node} x={x(node)} y={y(node)} isStart={node.id === lineage.start}>
            <text x={INDENT} y={20} font-size={NAME_SIZE}>
              {shownName(partsIn(family, nameOf(node)), MOST, widthOfName, (text) => fitted(text, MOST, widthOfName))}
            </text>
            <text x={INDENT} y={36} font-size={DETAIL_SIZE} class="lineage-detail">
              {fitted(node.detail, MOST, widthOfDetail)}
            </text>
          </Node>
        ))}
      </svg>
    </div>
  );
}

function edgePath(fromX: number, fromY: number, toX: number, toY: number): string {
  const bend = Math.max(30, Math.abs(toX - fromX) / 2);
  return `M${fromX} ${fromY}C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
}

function nameOf(node: LineageNode): string {
  return node.name || shortId(node.id);
}

interface NodeProps {
  node: PlacedNode;
  x: number;
  y: number;
  isStart: boolean;
  children: ComponentChildren;
}

/** A box with texts, which is a link. */
function Node({ node, x, y, isStart, children }: NodeProps) {
  const name = nameOf(node);
  return (
    <a
      href={nodeAddress(node)}
      class={`lineage-node ${node.kind}${isStart ? " start" : ""}`}
      aria-current={isStart || undefined}
    >
      <title>{[`${t(`lineage.${node.kind}`)} ${name}`, node.detail, node.folder].filter(Boolean).join("\n")}</title>
      <rect x={x} y={y} width={WIDTH} height={HEIGHT} rx={node.kind === "trial" ? 6 : 18} />
      <g transform={`translate(${x} ${y})`}>{children}</g>
    </a>
  );
}

/** What a trial used and produced, or an artifact was made by and used for: one step each way, as lists. */
export function Neighbours({ lineage, kind }: { lineage: Lineage; kind: "trial" | "artifact" }) {
  const { before, after } = neighbours(lineage, lineage.start);
  return (
    <div class="cards">
      <NodeList title={t(kind === "trial" ? "lineage.inputs" : "lineage.made")} nodes={before} />
      <NodeList title={t(kind === "trial" ? "lineage.outputs" : "lineage.used")} nodes={after} />
    </div>
  );
}

function NodeList({ title, nodes }: { title: string; nodes: LineageNode[] }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {nodes.length === 0 && <p class="soft">{t("common.none")}</p>}
      <ul class="node-list">
        <Names names={nodes.map(nameOf)}>
          {nodes.map((node) => (
            <li key={node.id}>
              <a class="row" href={nodeAddress(node)}>
                <Icon name={node.kind === "trial" ? "compare" : "artifact"} />
                <BothEnds text={nameOf(node)} />
              </a>
              <span class="soft">{node.detail}</span>
            </li>
          ))}
        </Names>
      </ul>
    </section>
  );
}
