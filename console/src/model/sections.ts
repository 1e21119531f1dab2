/**
 * The metrics of trials in sections, the telling ones first: the rule of the terminal's `top`, in
 * `aimd_cli/views/metric_sections.py`. Both are tested with `tests/fixtures/sections.json`.
 */

import { directionOf } from "./direction";
import { byUse, splitMetric } from "./metrics";

export const PINNED = "pinned";
export const SYSTEM = "system";
/** Types of metrics, the most important first. */
export const TYPES = ["val", "valid", "validation", "eval", "test", "testing", "train", "training"];
/** So many metrics whose names differ only in numbers are the details of something, such as classes or layers. */
const FAMILY = 4;

/** What is in one chart. */
export interface ChartGroup {
  name: string;
  metrics: string[];
}

export interface ChartSection {
  name: string;
  charts: ChartGroup[];
  /** The types of metrics beside that of the section, where a chart has several. */
  also: string[];
}

export interface Wanted {
  /** One chart a metric, rather than train, val and test of one name in one. */
  apart?: boolean | undefined;
  /** Metrics whose charts come first, in this order. */
  pinned?: readonly string[] | undefined;
  /** Sections that come first, in this order, behind the pinned ones. */
  order?: readonly string[];
}

/** Charts in sections: pinned ones, then those with the most important metrics. */
export function chartSections(metrics: Iterable<string>, { apart, pinned = [], order = [] }: Wanted): ChartSection[] {
  const groups = new Map<string, ChartGroup>();
  for (const metric of rankedNames(metrics)) {
    const name = apart ? metric : chartOf(metric);
    const group = groups.get(name);
    if (group) group.metrics.push(metric);
    else groups.set(name, { name, metrics: [metric] });
  }
  for (const group of groups.values()) group.metrics.sort(byUse);
  const sections = new Map<string, ChartGroup[]>();
  const put = (section: string, group: ChartGroup) => {
    const charts = sections.get(section);
    if (charts) charts.push(group);
    else sections.set(section, [group]);
  };
  const first = new Set(pinned.flatMap((metric) => chartWith(groups, metric, apart) ?? []));
  for (const group of first) put(PINNED, group);
  for (const group of groups.values()) if (!first.has(group)) put(sectionOf(group.metrics[0] as string), group);
  const place = (name: string) => (name === PINNED ? -1 : order.includes(name) ? order.indexOf(name) : order.length);
  return [...sections.keys()]
    .sort((one, other) => place(one) - place(other))
    .map((name) => ({ name, charts: sections.get(name) as ChartGroup[], also: alsoIn(name, sections) }));
}

/** The chart that train.loss and val.loss share is `loss`; each system metric has its own. */
function chartOf(metric: string): string {
  const { type, name } = splitMetric(metric);
  return type === SYSTEM ? metric : name;
}

function chartWith(groups: Map<string, ChartGroup>, metric: string, apart = false): ChartGroup | null {
  const group = groups.get(apart ? metric : chartOf(metric));
  return group?.metrics.includes(metric) ? group : null;
}

function alsoIn(name: string, sections: Map<string, ChartGroup[]>): string[] {
  if (name === PINNED) return [];
  const types = (sections.get(name) ?? []).flatMap((chart) => chart.metrics.map((metric) => splitMetric(metric).type));
  return [...new Set(types)].filter((type) => type !== splitMetric(name).type && type !== name).sort(byUse);
}

/** Where a section goes: the order of all names after one was moved to the place of another. */
export function movedSection(names: readonly string[], name: string, to: number): string[] {
  const rest = names.filter((other) => other !== name);
  return [...rest.slice(0, to), name, ...rest.slice(to)];
}

/** The section of a metric: `train` of `train.loss`, `train.layer*` of `train.layer12/norm`. */
export function sectionOf(metric: string): string {
  const [type, rest] = halves(metric, ".");
  const [folder, name] = halves(rest ?? "", "/");
  return name !== null && folder ? `${type}.${folder.replace(/[0-9]+/g, "*")}` : type;
}

function halves(text: string, at: string): [string, string | null] {
  const cut = text.indexOf(at);
  return cut < 0 ? [text, null] : [text.slice(0, cut), text.slice(cut + 1)];
}

/**
 * Metrics, each once, the most important first: those whose names say what is better, then others, then families of
 * like-named ones, then those of the system; among equals validation, test, training, others, each in natural order.
 */
export function rankedNames(names: Iterable<string>): string[] {
  const all = [...new Set(names)].sort(natural);
  const sizes = new Map<string, number>();
  const families = new Map(all.map((name) => [name, familiesOf(name)]));
  for (const family of [...families.values()].flat()) sizes.set(family, (sizes.get(family) ?? 0) + 1);
  const rank = (name: string): number => {
    const [type] = halves(name, ".");
    const order = TYPES.includes(type) ? TYPES.indexOf(type) : TYPES.length;
    const isLarge = families.get(name)?.some((family) => (sizes.get(family) ?? 0) >= FAMILY);
    const kind = type === SYSTEM ? 3 : isLarge ? 2 : directionOf(name) === null ? 1 : 0;
    return kind * (TYPES.length + 1) + order;
  };
  const ranks = new Map(all.map((name) => [name, rank(name)]));
  return all.sort((one, other) => (ranks.get(one) as number) - (ranks.get(other) as number));
}

/** What a metric may have in common with like-named ones: its name without numbers, the folder it is in. */
function familiesOf(name: string): string[] {
  const numberless = name.replace(/[0-9]+/g, "#");
  const end = name.lastIndexOf("/");
  return [...(numberless === name ? [] : [numberless]), ...(end > 0 ? [`${name.slice(0, end)}/`] : [])];
}

/** The order in which `layer2` comes before `layer10`. */
export function natural(one: string, other: string): number {
  const [left, right] = [pieces(one), pieces(other)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = comparePieces(left[at] as string, right[at] as string);
    if (order) return order;
  }
  return left.length - right.length;
}

function pieces(name: string): string[] {
  return name.match(/[0-9]+|[^0-9]+/g) ?? [];
}

function comparePieces(one: string, other: string): number {
  const areNumbers = [one, other].map((piece) => /^[0-9]/.test(piece));
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1;
  if (!areNumbers[0]) return one < other ? -1 : Number(one > other);
  const [left, right] = [one, other].map((digits) => digits.replace(/^0+(?=.)/, "")) as [string, string];
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}
