/** A frame that draws figures of plotly. The library with all that there is is loaded only for figures that need it. */

import "./frame.css";
import type { Look } from "../../src/model/framed";
import { serve } from "./channel";
import { type Figure, layoutOf, planOf, readFigure } from "./figure_data";

const element = document.getElementById("drawing") as HTMLDivElement & { _fullLayout?: Record<string, Axis> };
const ZOOM = 0.8;
const PAN = 0.1;
const WORDS = {
  Zoom: "缩放",
  Pan: "平移",
  "Zoom in": "放大",
  "Zoom out": "缩小",
  Autoscale: "自动范围",
  "Reset axes": "重置坐标轴",
  "Orbital rotation": "环绕旋转",
  "Turntable rotation": "转台旋转",
  "Reset camera to default": "重置视角",
  "Reset camera to last save": "恢复上次视角",
};

interface Axis {
  range?: [number | string, number | string];
  r2l?: (value: number | string) => number;
  l2r?: (value: number) => number | string;
  fixedrange?: boolean;
}

let plotly: Plotly | null = null;
let figure: Figure | null = null;

serve(element, {
  async show(bytes, _, look) {
    const plan = planOf(readFigure(bytes));
    const library = plan.isLarge
      ? (await import("plotly.js-strict-dist-min")).default
      : (await import("plotly.js-cartesian-dist-min")).default;
    if (plotly && plotly !== library) plotly.purge(element);
    plotly = library;
    figure = plan.figure;
    await draw(look);
    return plan.facts;
  },
  look: draw,
});

async function draw(look: Look): Promise<void> {
  if (!plotly || !figure) return;
  const layout = { ...layoutOf(figure, look), uirevision: "same" };
  await plotly.react(element, figure.data, layout, configOf(look));
  if (figure.frames.length) await plotly.addFrames(element, figure.frames);
}

/** No logo, nothing that leaves the frame, and no zooming by the wheel, with which a page is scrolled. */
function configOf({ language }: Look): object {
  return {
    responsive: true,
    displaylogo: false,
    scrollZoom: false,
    showTips: false,
    modeBarButtonsToRemove: ["toImage", "sendDataToCloud", "lasso2d", "select2d"],
    locale: language === "zh" ? "zh-CN" : "en",
    locales: { "zh-CN": { dictionary: WORDS, format: {} } },
  };
}

/** Arrows move the axes, + and - zoom, 0 shows everything. */
element.addEventListener("keydown", (event) => {
  const full = element._fullLayout;
  if (!plotly || !full || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves: Record<string, [x: number, y: number, zoom: number]> = {
    ArrowLeft: [-PAN, 0, 1],
    ArrowRight: [PAN, 0, 1],
    ArrowUp: [0, PAN, 1],
    ArrowDown: [0, -PAN, 1],
    "+": [0, 0, ZOOM],
    "=": [0, 0, ZOOM],
    "-": [0, 0, 1 / ZOOM],
  };
  const move = moves[event.key];
  if (!move && event.key !== "0") return;
  event.preventDefault();
  const changes: Record<string, unknown> = {};
  for (const [name, axis] of Object.entries(full)) {
    if (!/^[xy]axis\d*$/.test(name) || axis.fixedrange) continue;
    if (move) changes[`${name}.range`] = moved(axis, name.startsWith("x") ? move[0] : move[1], move[2]);
    else changes[`${name}.autorange`] = true;
  }
  plotly.relayout(element, changes);
});

function moved({ range, r2l, l2r }: Axis, by: number, zoom: number): unknown {
  if (!range || !r2l || !l2r) return range;
  const [low, high] = range.map(r2l) as [number, number];
  const [centre, half] = [(low + high) / 2 + by * (high - low), ((high - low) / 2) * zoom];
  return [l2r(centre - half), l2r(centre + half)];
}
