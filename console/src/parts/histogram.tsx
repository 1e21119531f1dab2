/** A histogram as bars, and histograms over steps as a heat map. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { formatNumber } from "../model/format";
import { type Histogram as Bars, heatMapOf } from "../model/media";
import { dark } from "../state/settings";
import { t } from "../words";

const WIDTH = 300;
const HEIGHT = 120;
const BINS = 64;

export function Histogram({ histogram, label }: { histogram: Bars; label: string }) {
  const { edges, counts } = histogram;
  const [low = 0, high = 1] = [edges[0], edges.at(-1)];
  const most = Math.max(...counts, 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const x = (value: number) => ((value - low) / (high - low || 1)) * WIDTH;
  const sentence = t("media.histogram", { n: total, low: formatNumber(low), high: formatNumber(high) });
  return (
    <div class="histogram">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${sentence}`}
      >
        {counts.map((count, at) => {
          const [from, to] = [x(edges[at] ?? low), x(edges[at + 1] ?? high)];
          const height = (count / most) * HEIGHT;
          return (
            <rect key={at} x={from} y={HEIGHT - height} width={Math.max(1, to - from - 0.5)} height={height}>
              <title>{`${formatNumber(edges[at])} … ${formatNumber(edges[at + 1])}: ${count.toLocaleString("en-US")}`}</title>
            </rect>
          );
        })}
      </svg>
      <div class="histogram-axis">
        <span>{formatNumber(low)}</span>
        <span class="soft">{t("media.values", { n: total.toLocaleString("en-US") })}</span>
        <span>{formatNumber(high)}</span>
      </div>
    </div>
  );
}

interface HeatMapProps {
  histograms: { step: number; histogram: Bars }[];
  current: number;
  label: string;
  choose: (step: number) => void;
}

/** One column a histogram, as wide as each other; the one that is shown below has a frame. */
export function HistogramHeatMap({ histograms, current, label, choose }: HeatMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useMemo(
    () =>
      heatMapOf(
        histograms.map((one) => one.histogram),
        BINS,
      ),
    [histograms],
  );
  const isDark = dark.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const ink = isDark ? [126, 162, 255] : [47, 91, 208];
    const image = context.createImageData(histograms.length, BINS);
    map.columns.forEach((column, x) => {
      column.forEach((share, bin) => {
        image.data.set([...ink, Math.round(255 * Math.sqrt(share))], 4 * ((BINS - 1 - bin) * histograms.length + x));
      });
    });
    context.putImageData(image, 0, 0);
  }, [map, isDark, histograms.length]);
  const at = histograms.findIndex(({ step }) => step === current);
  const pick = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const chosen = histograms[Math.floor(((event.clientX - box.left) / box.width) * histograms.length)];
    if (chosen) choose(chosen.step);
  };
  return (
    <div class="heat-map">
      <div class="heat-map-values">
        <span>{formatNumber(map.high)}</span>
        <span>{formatNumber(map.low)}</span>
      </div>
      {/* By keys, the slider below chooses the step. */}
      <button
        type="button"
        class="heat-map-area"
        tabIndex={-1}
        aria-label={t("media.heat", { name: label, n: histograms.length })}
        onClick={pick}
      >
        <canvas ref={canvas} width={Math.max(1, histograms.length)} height={BINS} />
        {at >= 0 && (
          <span
            class="heat-map-mark"
            ref={(mark) => {
              mark?.style.setProperty("left", `${(100 * at) / histograms.length}%`);
              mark?.style.setProperty("width", `${100 / histograms.length}%`);
            }}
          />
        )}
      </button>
    </div>
  );
}
