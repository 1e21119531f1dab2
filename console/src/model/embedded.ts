/**
 * Views that a report embeds: a block of code whose first word is `view`, which names what it shows.
 *
 * The rules are those of aimd_core/reports/embedded.py: tests/fixtures/markdown.json is for both.
 */

import { t } from "../words";
import type { Block } from "./markdown";

export const SHOWS = ["charts", "list", "best", "media"] as const;
export type Show = (typeof SHOWS)[number];
/** Of one report; each asks the server for trials. */
export const MAX_VIEWS = 50;
const MAX_ROWS = 100;
const MAX_CHARTS = 24;
const MAX_MEDIA = 6;
const TEXTS = ["query", "sort", "columns", "title", "x"] as const;

export interface EmbeddedView {
  /** The name of a saved view, or an address of the console from its `#` on; empty for neither. */
  target: string;
  title: string;
  query: string;
  sort: string;
  columns: string;
  charts: string[];
  /** The keys of pictures and other media to show. */
  media: string[];
  x: string;
  /** How much curves are smoothed, from 0 to less than 1. */
  smoothing: number;
  show: Show[];
  /** How many trials, 0 for as many as fit what is shown. */
  limit: number;
  /** Why it cannot be shown; empty if it can. */
  fault: string;
}

const NOTHING: EmbeddedView = {
  target: "",
  title: "",
  query: "",
  sort: "",
  columns: "",
  charts: [],
  media: [],
  x: "",
  smoothing: 0,
  show: [],
  limit: 0,
  fault: "",
};

export function isView(info: string): boolean {
  return info.trim().split(/\s+/, 1)[0] === "view";
}

/** The embedded views among blocks, in their order. */
export function viewsIn(blocks: Block[]): Block[] {
  return blocks.flatMap((block) => {
    if (block.kind === "quote") return viewsIn(block.blocks);
    if (block.kind === "list") return block.items.flatMap(viewsIn);
    return block.kind === "code" && isView(block.info) ? [block] : [];
  });
}

export function viewIn(info: string, text: string): EmbeddedView {
  const target = info.trim().slice("view".length).trim().replace(/^@/, "");
  let view: EmbeddedView = { ...NOTHING, target };
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim();
    view = name
      ? withField(view, name, line.slice(colon + 1).trim())
      : faulty(t("report.view.line", { line: line.trim() }));
    if (view.fault) return view;
  }
  return view;
}

function faulty(fault: string): EmbeddedView {
  return { ...NOTHING, fault };
}

function withField(view: EmbeddedView, name: string, value: string): EmbeddedView {
  if ((TEXTS as readonly string[]).includes(name)) return { ...view, [name]: value };
  if (name === "charts") return { ...view, charts: words(value).slice(0, MAX_CHARTS) };
  if (name === "media") return { ...view, media: words(value).slice(0, MAX_MEDIA) };
  if (name === "show") {
    const show = words(value) as Show[];
    return show.every((one) => SHOWS.includes(one))
      ? { ...view, show }
      : faulty(t("report.view.show", { names: SHOWS.join(", ") }));
  }
  if (name === "smoothing") {
    return /^(?:0|0?\.[0-9]{1,9})$/.test(value)
      ? { ...view, smoothing: Number(value) }
      : faulty(t("report.view.smoothing"));
  }
  if (name === "limit") {
    return /^[0-9]{1,9}$/.test(value) && Number(value)
      ? { ...view, limit: Math.min(Number(value), MAX_ROWS) }
      : faulty(t("report.view.limit"));
  }
  return faulty(
    t("report.view.field", { name, names: [...TEXTS, "smoothing", "charts", "media", "show", "limit"].join(", ") }),
  );
}

function words(value: string): string[] {
  return value
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}
