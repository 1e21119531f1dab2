/**
 * How the charts of a page are arranged: which are pinned, in which order the sections come, which are folded, and which
 * are shown as one chart or as a heat map. The address says it; what it leaves open was remembered in this browser.
 */

import { joinNames, splitNames } from "../model/route";
import { type ChartSection, PINNED, SYSTEM } from "../model/sections";
import { route, setQuery } from "../state/route";
import { keep, kept } from "../state/settings";

export const LOOKS = ["charts", "overlay", "heat"] as const;
export type SectionLook = (typeof LOOKS)[number];

export interface Arrangement {
  pinned: string[];
  order: string[];
  /** Which sections were opened and closed by hand. */
  open: ReadonlyMap<string, boolean>;
  looks: ReadonlyMap<string, SectionLook>;
}

/** What one browser keeps: folds for all pages, pins and order for the pages of single trials, which have no views. */
export interface Memory {
  pinned: string[];
  order: string[];
  open: [string, boolean][];
}

/** More charts than this in a section are opened only on demand. */
const SMALL = 24;
const MOST_KEPT = 500;
const NAME = "sections";

export function readArrangement(query: URLSearchParams, memory: Memory, remembers: boolean): Arrangement {
  const [pin, sections] = [query.get("pin"), query.get("sections")];
  const chosen = (text: string | null, before: string[]) => (text === null && remembers ? before : splitNames(text));
  return {
    pinned: chosen(pin, memory.pinned),
    order: chosen(sections, memory.order),
    open: new Map([
      ...memory.open,
      ...splitNames(query.get("fold")).map((name): [string, boolean] => [name, false]),
      ...splitNames(query.get("unfold")).map((name): [string, boolean] => [name, true]),
    ]),
    looks: new Map([
      ...splitNames(query.get("overlay")).map((name): [string, SectionLook] => [name, "overlay"]),
      ...splitNames(query.get("heat")).map((name): [string, SectionLook] => [name, "heat"]),
    ]),
  };
}

/** Sections that are open when nobody chose: the small ones, or the first one where none is small. */
export function openByThemselves(sections: readonly ChartSection[]): Set<string> {
  const small = sections.filter(({ name, charts }) => name === PINNED || (charts.length <= SMALL && !isSystem(name)));
  return new Set((small.length ? small : sections.slice(0, 1)).map(({ name }) => name));
}

export function isSystem(section: string): boolean {
  return section.split(".")[0] === SYSTEM;
}

export function remembered(): Memory {
  try {
    const memory = JSON.parse(kept(NAME) ?? "{}") as Partial<Memory>;
    const list = <T>(value: T[] | undefined) => (Array.isArray(value) ? value : []);
    return { pinned: list(memory.pinned), order: list(memory.order), open: list(memory.open) };
  } catch {
    return { pinned: [], order: [], open: [] };
  }
}

function remember(changes: Partial<Memory>): void {
  const memory = { ...remembered(), ...changes };
  keep(NAME, JSON.stringify({ ...memory, open: memory.open.slice(-MOST_KEPT) }));
}

/** Open or close a section; the address says only what is not so by itself. */
export function setOpen(name: string, isOpen: boolean, byItself: boolean): void {
  const rest = remembered().open.filter(([other]) => other !== name);
  remember({ open: isOpen === byItself ? rest : [...rest, [name, isOpen]] });
  const others = (list: string) => splitNames(route.value.query.get(list)).filter((other) => other !== name);
  const mine = isOpen === byItself ? [] : [name];
  setQuery({
    fold: joinNames([...others("fold"), ...(isOpen ? [] : mine)]),
    unfold: joinNames([...others("unfold"), ...(isOpen ? mine : [])]),
  });
}

export function setLook(name: string, look: SectionLook): void {
  const others = (list: string) => splitNames(route.value.query.get(list)).filter((other) => other !== name);
  setQuery({
    overlay: joinNames([...others("overlay"), ...(look === "overlay" ? [name] : [])]),
    heat: joinNames([...others("heat"), ...(look === "heat" ? [name] : [])]),
  });
}

/** Pin the metrics of a chart behind those that are pinned, or unpin them. */
export function setPinned(metrics: readonly string[], isPinned: boolean, before: readonly string[]): void {
  const rest = before.filter((metric) => !metrics.includes(metric));
  const pinned = isPinned ? [...rest, ...metrics] : rest;
  remember({ pinned });
  setQuery({ pin: joinNames(pinned) });
}

/** Put pinned metrics in front of others or behind them. */
export function movePins(
  metrics: readonly string[],
  beside: readonly string[],
  isBehind: boolean,
  before: readonly string[],
): void {
  const rest = before.filter((metric) => !metrics.includes(metric));
  const places = rest.flatMap((metric, at) => (beside.includes(metric) ? [at] : []));
  const to = isBehind ? Math.max(...places) + 1 : Math.min(...places);
  const moving = before.filter((metric) => metrics.includes(metric));
  const pinned = [...rest.slice(0, to), ...moving, ...rest.slice(to)];
  remember({ pinned });
  setQuery({ pin: joinNames(pinned) });
}

/** Put the sections into an order; none: as they come. */
export function setOrder(order: string[]): void {
  remember({ order });
  setQuery({ sections: joinNames(order) });
}
