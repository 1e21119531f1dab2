/** Colours of curves: first those of Okabe and Ito, told apart by everybody; dashes as a second sign for who wants them. */

const LIGHT = [
  ...["#0072b2", "#d55e00", "#009e73", "#b8568f", "#c98a00", "#3f9bd1", "#595959", "#8f8800"],
  ...["#7b3fb5", "#c2283d", "#2f7d32", "#00838f", "#a0522d", "#5c6bc0", "#ad1457", "#558b2f"],
  ...["#8d6e63", "#00695c", "#e0701a", "#4a2f8f"],
];
const DARK = [
  ...["#56b4e9", "#ff8a3d", "#2cc295", "#e39ac5", "#f0b53c", "#8fa8ff", "#c4c9d0", "#f0e442"],
  ...["#c39bf0", "#ff7b86", "#8fd694", "#4dd0e1", "#d9a27a", "#9fa8da", "#f48fb1", "#c5e17a"],
  ...["#c8b0a4", "#66cdb8", "#ffb074", "#b39ddb"],
];
const DASHES: number[][] = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
/** From low to high, each readable on its background; in order of lightness, so that also grey tells them apart. */
const RAMP_LIGHT = ["#3b0f70", "#5a2fa0", "#2f6db5", "#1b8f8a", "#5fa53a", "#c9a400"];
const RAMP_DARK = ["#7a5cff", "#5b8def", "#3fb8c9", "#5ed08f", "#b8de4f", "#fff07a"];

export interface Stroke {
  colour: string;
  dash: number[];
  /** Of a line that stands out by it, such as the baseline; others share one. */
  width?: number;
}

export const COLOURS = LIGHT.length;

export function strokeOf(index: number, dark: boolean, dashes = false): Stroke {
  const colours = dark ? DARK : LIGHT;
  const round = Math.floor(index / colours.length);
  return {
    colour: colours[index % colours.length] as string,
    dash: dashes ? (DASHES[(index + round) % DASHES.length] as number[]) : [],
  };
}

/** The colour of a share between 0 and 1. */
export function rampColour(share: number, dark: boolean): string {
  const stops = dark ? RAMP_DARK : RAMP_LIGHT;
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const mixed = [1, 3, 5].map((start) => {
    const [one, other] = [stops[low], stops[low + 1]].map((stop) =>
      Number.parseInt((stop as string).slice(start, start + 2), 16),
    ) as [number, number];
    return Math.round(one + (other - one) * (at - low))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

export const ABSENT = { light: "#a3a8b0", dark: "#5c6570" };
/** The line of the baseline. */
export const BASELINE = { light: "#6b7280", dark: "#aab2bd", width: 3 };

/** The colours of the page where a chart is. */
export function colours(box: HTMLElement): { ink: string; grid: string; back: string } {
  const style = getComputedStyle(box);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { ink: of("--soft"), grid: of("--grid"), back: of("--card") };
}
