/** A section as one chart: all its metrics of one trial, as curves in one ramp of colours or as a heat map. */

import { useMemo } from "preact/hooks";
import { shortNames } from "../model/names";
import { natural } from "../model/sections";
import { route, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { t } from "../words";
import type { SectionLook } from "./arrangement";
import { Chart } from "./chart";
import { linkTo, overlayName, resize, setZoom } from "./chart_address";
import type { TrialLine } from "./colouring";
import type { Starts, Wish } from "./curves";
import { HeatMap } from "./heat_map";
import { LEGEND_UP_TO, Swatch } from "./legend";
import { rampColour, type Stroke, strokeOf } from "./palette";
import type { ChartView } from "./view";
import { wishesOf } from "./wishes";

interface OverlayProps {
  section: string;
  metrics: string[];
  look: SectionLook;
  lines: TrialLine[];
  view: ChartView;
  starts: Starts;
  version: number;
  /** The chart in full screen. */
  full: string | null;
}

export function Overlay(props: OverlayProps) {
  const { section, look, lines, view, starts, version, full } = props;
  const chosen = route.value.query.get("of");
  const line = lines.find(({ key }) => key === chosen) ?? lines[0];
  const isDark = dark.value;
  const key = props.metrics.join("\n");
  // The metrics by their text.
  const metrics = useMemo(() => [...props.metrics].sort(natural), [key]);
  const wishes = useMemo(() => (line ? overlayWishes(line, metrics, isDark) : []), [line, metrics, isDark]);
  const name = overlayName(section);
  const common = { name, wishes, view, starts, version };
  return (
    <>
      {lines.length > 1 && (
        <label class="field overlay-of">
          <span>{t("section.of")}</span>
          <select value={line?.key} onChange={(event) => setQuery({ of: event.currentTarget.value })}>
            {lines.map((one) => (
              <option key={one.key} value={one.key}>
                {one.label}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="charts">
        {look === "heat" ? (
          <HeatMap {...common} isFull={full === name} resize={(size) => resize(name, size)} link={() => linkTo(name)} />
        ) : (
          <Chart
            {...common}
            size={full === name ? "full" : "large"}
            covered={full !== null && full !== name}
            resize={(size) => resize(name, size)}
            zoom={setZoom}
            link={() => linkTo(name)}
            isFixed
          />
        )}
      </div>
      {look === "overlay" && wishes.length > LEGEND_UP_TO && <Ramp wishes={wishes} />}
    </>
  );
}

/** The curves of several metrics of one line, each a line of its own. */
export function overlayWishes(line: TrialLine, metrics: string[], isDark: boolean): Wish[] {
  const { short } = shortNames(metrics);
  const strokes = rampStrokes(metrics, isDark);
  return metrics.flatMap((metric, at) =>
    wishesOf([line], new Map([[line.key, strokes[at] as Stroke]]), metric).map((wish) => ({
      ...wish,
      line: metric,
      label: metric,
      short: short[at] as string,
    })),
  );
}

/** One ramp for many metrics and for those that differ in a number; colours that differ most for a few others. */
function rampStrokes(metrics: string[], isDark: boolean): Stroke[] {
  const isFamily = new Set(metrics.map((metric) => metric.replace(/[0-9]+/g, "#"))).size === 1;
  const isRamp = isFamily || metrics.length > LEGEND_UP_TO;
  return metrics.map((_, at) =>
    isRamp ? { colour: rampColour(at / Math.max(1, metrics.length - 1), isDark), dash: [] } : strokeOf(at, isDark),
  );
}

/** What the ramp goes from and to. */
function Ramp({ wishes }: { wishes: Wish[] }) {
  const shown = [wishes[0], wishes[Math.floor((wishes.length - 1) / 2)], wishes[wishes.length - 1]] as Wish[];
  return (
    <div class="colour-scale">
      {shown.map((wish) => (
        <span key={wish.key} class="clip" title={wish.label}>
          <Swatch curve={wish} />
          {wish.short}
        </span>
      ))}
    </div>
  );
}
