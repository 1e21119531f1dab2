/** Names of metrics, as `type.name`: which belong into one chart, and in which order. */

export interface ChartGroup {
  name: string;
  metrics: string[];
  system: boolean;
}

const ORDER = ["train", "training", "val", "valid", "validation", "test", "testing"];

export function splitMetric(metric: string): { type: string; name: string } {
  const dot = metric.indexOf(".");
  return dot < 0 ? { type: "", name: metric } : { type: metric.slice(0, dot), name: metric.slice(dot + 1) };
}

function rank(metric: string): number {
  const at = ORDER.indexOf(splitMetric(metric).type);
  return at < 0 ? ORDER.length : at;
}

/** One chart a name: train.loss and val.loss lie in one; each system metric has its own, behind the others. */
export function chartGroups(metrics: Iterable<string>): ChartGroup[] {
  const groups = new Map<string, ChartGroup>();
  for (const metric of metrics) {
    const { type, name } = splitMetric(metric);
    const system = type === "system";
    const key = system ? metric : name;
    const group = groups.get(key) ?? { name: key, metrics: [], system };
    group.metrics.push(metric);
    groups.set(key, group);
  }
  const sorted = [...groups.values()].sort(
    (one, other) => Number(one.system) - Number(other.system) || one.name.localeCompare(other.name),
  );
  for (const group of sorted) group.metrics.sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
  return sorted;
}

/** A name as the query language writes it: odd characters go in quotes. */
export function quotedField(prefix: string, name: string): string {
  const plain = /^[^\s"'=<>~!()[\],&|.]+(\.[^\s"'=<>~!()[\],&|.]+)*$/.test(name);
  return `${prefix}${plain ? name : `"${name.replace(/[\\"]/g, "\\$&")}"`}`;
}

export function metricField(metric: string): string {
  const { type, name } = splitMetric(metric);
  return type ? quotedField(`${quotedField("", type)}.`, name) : quotedField("", name);
}

/** One chart a metric; system metrics behind the others. */
export function singleCharts(metrics: Iterable<string>): ChartGroup[] {
  const groups = [...metrics].map((metric) => ({
    name: metric,
    metrics: [metric],
    system: splitMetric(metric).type === "system",
  }));
  return groups.sort((one, other) => Number(one.system) - Number(other.system) || one.name.localeCompare(other.name));
}
