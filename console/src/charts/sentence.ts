/** A chart in a sentence, for who hears it. */

import { formatNumber } from "../model/format";
import { locale, t } from "../words";
import type { Curve } from "./curves";
import { axisName, cursorText } from "./plot";
import type { Range } from "./ranges";
import { lastText } from "./readings";
import type { ChartView } from "./view";

const EACH_UP_TO = 3;

/** What is shown, from where to where, and which last values are the lowest and the highest. */
export function sentence(curves: Curve[], name: string, view: ChartView, [from, to]: Range): string {
  const told = {
    name,
    n: curves.length,
    x: axisName(view.x),
    from: cursorText(view.x, from, locale()),
    to: cursorText(view.x, to, locale()),
  };
  const parts = [t(curves.length === 1 ? "chart.told.one" : "chart.told", told)];
  const finite = curves
    .filter((curve) => curve.last && Number.isFinite(curve.last.value))
    .sort((one, other) => (one.last?.value ?? 0) - (other.last?.value ?? 0));
  const [low, high] = [finite[0], finite[finite.length - 1]];
  if (curves.length <= EACH_UP_TO)
    parts.push(...curves.map((curve) => t("chart.told.last", { name: curve.label, value: lastText(curve.last) })));
  else if (low && high) {
    const values = { low: formatNumber(low.last?.value), lowest: low.label };
    parts.push(t("chart.told.range", { ...values, high: formatNumber(high.last?.value), highest: high.label }));
  }
  const nan = curves.reduce((sum, curve) => sum + curve.nan, 0);
  if (nan) parts.push(t("chart.told.nan", { n: nan }));
  return parts.join(" ");
}
