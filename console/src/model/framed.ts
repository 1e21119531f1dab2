/**
 * What the console and its frames for figures and objects say to each other, and what of it is believed.
 *
 * A frame draws what somebody recorded, in an origin of its own. So what it says is text of unknown length and nothing
 * more: it is checked and cut here before anything is shown.
 */

import { type Language, t } from "../words";
import { formatBytes } from "./format";

/** Colours of the page, as CSS, and whether it is dark. */
export interface Look {
  dark: boolean;
  back: string;
  ink: string;
  line: string;
  accent: string;
  language: Language;
}

/** What the console says to a frame. */
export type Asked =
  | { what: "show"; id: number; type: string; label: string; look: Look; bytes: ArrayBuffer }
  | { what: "look"; look: Look };

/** Why nothing was drawn. */
export const REASONS = ["damaged", "large", "kind", "empty", "refers", "packed", "webgl", "silent"] as const;
export type Reason = (typeof REASONS)[number];

export interface Part {
  kind: string;
  name: string;
  count: number;
}

/** What there is to see, for people who do not see it. */
export interface Facts {
  title: string;
  /** The traces of a figure. */
  parts: Part[];
  /** How many parts there are, also beyond those that are named. */
  all: number;
  /** Points of a figure, or vertices of an object; and how many of them are drawn. */
  points: number;
  drawn: number;
  /** Of an object; null for a figure. */
  faces: number | null;
  /** Kinds of traces that are left out. */
  left: string[];
}

/** What a frame says to the console. */
export type Told =
  | { what: "ready" }
  | { what: "shown"; id: number; facts: Facts }
  | { what: "failed"; id: number; why: Reason; detail: string };

/** A larger one is not drawn. JSON of figures is never larger; a browser holds an object several times. */
export const MOST_BYTES = { figure: 16 << 20, object3d: 64 << 20 };
const MOST_PARTS = 12;
const MOST_CHARS = 80;

/** The page that draws a kind of media of a type, below the console; null if none does. */
export function frameOf(kind: string, type: string): "figure" | "object" | null {
  if (type.startsWith("application/vnd.plotly")) return "figure";
  return kind === "object3d" && /^model\/(gltf-binary|gltf\+json|obj|ply|stl)$/.test(type) ? "object" : null;
}

/** Read what a frame said; null for anything else. */
export function toldBy(data: unknown): Told | null {
  if (!isMap(data)) return null;
  const id = countOf(data.id);
  if (data.what === "ready") return { what: "ready" };
  if (data.what === "shown" && isMap(data.facts)) return { what: "shown", id, facts: factsIn(data.facts) };
  if (data.what !== "failed") return null;
  const why = REASONS.find((reason) => reason === data.why) ?? "damaged";
  return { what: "failed", id, why, detail: textOf(data.detail) };
}

function factsIn(map: Record<string, unknown>): Facts {
  const parts = Array.isArray(map.parts) ? map.parts.slice(0, MOST_PARTS).filter(isMap) : [];
  const left = Array.isArray(map.left) ? map.left.slice(0, MOST_PARTS) : [];
  return {
    title: textOf(map.title),
    parts: parts.map(({ kind, name, count }) => ({ kind: textOf(kind), name: textOf(name), count: countOf(count) })),
    all: countOf(map.all),
    points: countOf(map.points),
    drawn: countOf(map.drawn),
    faces: map.faces === null ? null : countOf(map.faces),
    left: left.map(textOf).filter(Boolean),
  };
}

function isMap(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function textOf(data: unknown): string {
  const text = typeof data === "string" ? data.slice(0, 4 * MOST_CHARS).replace(/<[^<>]*>|[\p{C}\s]+/gu, " ") : "";
  const letters = [...text.trim()];
  return letters.length > MOST_CHARS ? `${letters.slice(0, MOST_CHARS - 1).join("")}…` : letters.join("");
}

function countOf(data: unknown): number {
  return typeof data === "number" && data >= 0 && data <= Number.MAX_SAFE_INTEGER ? Math.floor(data) : 0;
}

/** Say what a drawing has, in one or two sentences. */
export function sayFacts(facts: Facts): string {
  const { title, parts, all, points, drawn, faces, left } = facts;
  const said: string[] = [];
  if (faces !== null) said.push(t("media.frame.object", { points: written(points), faces: written(faces) }));
  else {
    const named = parts.map(({ kind, name, count }) => `${name || kind} (${name ? `${kind}, ` : ""}${written(count)})`);
    if (all > parts.length) named.push("…");
    const word = all === 1 ? "media.frame.trace" : "media.frame.traces";
    said.push(t(word, { n: written(all), points: written(points), names: named.join(", ") }));
  }
  if (title) said.unshift(title);
  if (drawn < points) said.push(t("media.frame.thinned", { drawn: written(drawn), points: written(points) }));
  if (left.length) said.push(t("media.frame.left", { kinds: left.join(", ") }));
  return said.join(" · ");
}

/** Say why nothing is drawn, and what to do. */
export function sayReason(why: Reason, detail: string, size: number | undefined): string {
  const shown = detail || (size === undefined ? "" : formatBytes(size));
  return t(`media.frame.${why}`, { detail: shown });
}

function written(n: number): string {
  return n.toLocaleString("en-US");
}
