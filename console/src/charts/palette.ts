/** Colours after Okabe and Ito, told apart by everybody, and dashes as the second sign. */

const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b8568f", "#e69f00", "#3f9bd1", "#595959", "#a39a00"];
const DARK = ["#56b4e9", "#ff8a3d", "#2cc295", "#e39ac5", "#f0b53c", "#8fa8ff", "#c4c9d0", "#f0e442"];
const DASHES: number[][] = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export interface Stroke {
  colour: string;
  dash: number[];
}

export function strokeOf(index: number, dark: boolean): Stroke {
  const colours = dark ? DARK : LIGHT;
  const round = Math.floor(index / colours.length);
  return {
    colour: colours[index % colours.length] as string,
    dash: DASHES[(index + round) % DASHES.length] as number[],
  };
}
