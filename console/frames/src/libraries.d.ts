/** The parts of plotly.js that are used; its packages come without types. */
interface Plotly {
  react(element: HTMLElement, data: unknown[], layout: object, config: object): Promise<unknown>;
  addFrames(element: HTMLElement, frames: unknown[]): Promise<unknown>;
  relayout(element: HTMLElement, changes: Record<string, unknown>): Promise<unknown>;
  purge(element: HTMLElement): void;
}
declare module "plotly.js-cartesian-dist-min" {
  const plotly: Plotly;
  export default plotly;
}
declare module "plotly.js-strict-dist-min" {
  const plotly: Plotly;
  export default plotly;
}
