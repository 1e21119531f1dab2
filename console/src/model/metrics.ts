/** Names of metrics, as `type.name`, and in which order types share a chart. */

const ORDER = ["train", "training", "val", "valid", "validation", "test", "testing"];

export function splitMetric(metric: string): { type: string; name: string } {
  const dot = metric.indexOf(".");
  return dot < 0 ? { type: "", name: metric } : { type: metric.slice(0, dot), name: metric.slice(dot + 1) };
}

/** The order of metrics, or of their types, in one chart: what trains comes before what validates. */
export function byUse(one: string, other: string): number {
  return rank(one) - rank(other) || one.localeCompare(other);
}

function rank(metric: string): number {
  const at = ORDER.indexOf(metric.split(".")[0] as string);
  return at < 0 ? ORDER.length : at;
}

/** A name as the query language writes it: odd characters go in quotes. */
export function quotedField(prefix: string, name: string, isQuoted = false): string {
  const plain = /^(?![+-])[^\s\p{Cc}"'=<>~!()[\],&|.:]+(\.[^\s\p{Cc}"'=<>~!()[\],&|.:]+)*$/u.test(name);
  return `${prefix}${plain && !isQuoted ? name : `"${name.replace(/[\\"]/g, "\\$&")}"`}`;
}

export function metricField(metric: string): string {
  const { type, name } = splitMetric(metric);
  if (!type) return quotedField("", name);
  const space = SPACES.includes(type.toLowerCase()) ? "metrics." : "";
  // In quotes, the end of a name is not taken for an aggregate.
  return quotedField(`${quotedField(space, type)}.`, name, AGGREGATE.test(name));
}

const SPACES = ["params", "platform", "git", "metrics"];
const AGGREGATE = /(^|\.)(last|min|max|mean|count|min_step|max_step|last_step|nan_since)$/;
