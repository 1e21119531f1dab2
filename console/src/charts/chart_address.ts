/** What the address says of a single chart: its ranges, its size, and how one comes back to it. */

import { changed, parseRoute } from "../model/route";
import { copyText, linkOf } from "../parts/links";
import { route, setQuery } from "../state/route";
import type { ChartProps } from "./chart_props";
import type { Range } from "./ranges";
import { yName } from "./view";

function rangeText(range: Range | null | undefined): string | null {
  return range ? range.map((value) => String(Number(value.toPrecision(9)))).join(",") : null;
}

/** Put ranges into the address: x for all charts, y for one of them. What is undefined stays. */
export function setZoom(chart: string, x: Range | null | undefined, y: Range | null | undefined): void {
  setQuery({
    ...(x === undefined ? {} : { zoom: rangeText(x) }),
    ...(y === undefined ? {} : { [yName(chart)]: rangeText(y) }),
  });
}

export function resize(name: string, size: ChartProps["size"]): void {
  setQuery({ large: size === "large" ? name : null, full: size === "full" ? name : null });
}

/** The address of this page with one chart in full screen. */
export function linkTo(name: string): string {
  return new URL(changed(route.value, { full: name, large: null }), location.href).href;
}

/** The name of the chart that a whole section is in. */
export function overlayName(section: string): string {
  return `${section}/`;
}

export function copyLink(address: string): void {
  void copyText(linkOf(parseRoute(address.slice(address.indexOf("#")))));
}
