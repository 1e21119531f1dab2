/** A saved view as the address of a folder's page, and the reverse; the fields are those of the terminal. */

import { fieldOf, metricColumn, parseColumn } from "./columns";
import { isOtherField } from "./fields";
import { joinNames, splitNames } from "./route";
import { formatWidths, isWidth, parseWidths } from "./widths";

type Fields = Record<string, unknown>;

/** What an address says beside the fields that a view has by name. */
const SWEEP = ["target", "better", "axes", "across", "up", "tint", "shade", "bars", "brush"];
const SECTIONS = ["metrics", "fold", "unfold", "overlay", "heat"];
const OWN = [...SWEEP, ...SECTIONS, "show", "group", "colour", "order", "below", "logx", "logy", "outliers", "dashes"];
/** What an address says of charts, whichever trials they are of. */
const CHARTS = ["x", "smooth", "zoom", "logx", "logy", "outliers", "dashes", "large", "pin", "sections", ...SECTIONS];
const OF_LINES = ["group", "hidden", "colour", "order", "tab"];
const PLAIN_X = ["step", "epoch", "time", "relative"];

/** Return what a view holds of an address. Fields of `before` that this console does not know stay. */
export function viewOf(query: URLSearchParams, before: Fields = {}): Fields {
  const rest = Object.fromEntries(Object.entries(before).filter(([name]) => !KNOWN.includes(name)));
  const columns = splitNames(query.get("columns"))
    .map(parseColumn)
    .flatMap((column) => (column ? [fieldOf(column)] : []));
  const widths = [...parseWidths(query.get("widths"))].flatMap(([id, width]): [string, number][] => {
    const column = parseColumn(id);
    return column ? [[fieldOf(column), width]] : [];
  });
  const x = query.get("x");
  const smooth = Number(query.get("smooth"));
  const charts = splitNames(query.get("pin"));
  const sections = sectionsOf(query, before.sections);
  const own = Object.fromEntries(OWN.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));
  return {
    ...rest,
    ...(query.get("where") ? { query: query.get("where") } : {}),
    ...(query.get("sort") ? { sort: query.get("sort") } : {}),
    ...(columns.length ? { columns: columns.join(",") } : {}),
    ...(widths.length ? { widths: Object.fromEntries(widths) } : {}),
    ...(x ? { x: x.replace(/^metric:/, "") } : {}),
    ...(smooth > 0 && smooth < 1 ? { smoothing: smooth } : {}),
    ...(charts.length ? { charts } : {}),
    ...(sections.length ? { sections } : {}),
    ...(Object.keys(own).length ? { console: own } : {}),
  };
}

const KNOWN = ["query", "sort", "columns", "widths", "x", "smoothing", "charts", "sections", "console"];

/** Sections in their order; what another program has put under a heading of the same title stays. */
function sectionsOf(query: URLSearchParams, before: unknown): Fields[] {
  const kept = new Map(sectionList(before).map((section) => [section.title, section]));
  const folded = splitNames(query.get("fold"));
  return splitNames(query.get("sections")).map((title) => {
    const { folded: _, ...rest } = kept.get(title) ?? {};
    return { ...rest, title, ...(folded.includes(title) ? { folded: true } : {}) };
  });
}

function sectionList(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((one) => typeof one?.title === "string" && one.title) : [];
}

/** Return an address's changes that show a view: what it does not say is as if nobody had chosen. */
export function changesOf(view: Fields): Record<string, string | null> {
  const own = typeof view.console === "object" && view.console ? (view.console as Fields) : {};
  const x = text(view.x);
  const columns = text(view.columns)
    ?.replace(/^\+/, "")
    .split(",")
    .flatMap((field) => columnOf(field.trim()) ?? []);
  const sections = sectionList(view.sections);
  const folded = sections.filter((section) => section.folded === true).map(({ title }) => title as string);
  const fold = [...new Set([...splitNames(text(own.fold)), ...folded])];
  const smoothing = typeof view.smoothing === "number" ? view.smoothing : 0;
  return {
    where: text(view.query),
    sort: text(view.sort),
    columns: columns?.length ? joinNames(columns) : null,
    widths: widthsOf(view.widths),
    x: x && !PLAIN_X.includes(x) ? `metric:${x}` : x,
    smooth: smoothing > 0 && smoothing < 1 ? String(smoothing) : null,
    pin: Array.isArray(view.charts) ? joinNames(view.charts.map(String)) || null : null,
    sections: joinNames(sections.map(({ title }) => title as string)) || null,
    ...Object.fromEntries(OWN.map((name) => [name, text(own[name])])),
    fold: joinNames(fold) || null,
    view: null,
  };
}

/** What of an address another page with charts of the same trials shows too: how they are looked at, not which. */
export function chartsOf(query: URLSearchParams): Record<string, string> {
  const names = [...CHARTS, ...OF_LINES];
  return Object.fromEntries([...query].filter(([name]) => names.includes(name) || name.startsWith("y:")));
}

/** Whether an address shows something else than a view. Folding is looking: it is saved, but it changes nothing. */
export function isChanged(query: URLSearchParams, view: Fields): boolean {
  const changes = Object.entries(changesOf(view)).filter((pair): pair is [string, string] => pair[1] !== null);
  return inOrder(viewOf(unfolded(query))) !== inOrder(viewOf(unfolded(new URLSearchParams(changes))));
}

function unfolded(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => name !== "fold" && name !== "unfold"));
}

/** A text that is the same for the same fields, in whichever order they were written. */
function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOrder).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${inOrder(member)}`).join()}}`;
}

/** The widths that a view says, as an address has them. */
function widthsOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const widths = Object.entries(value).flatMap(([field, width]): [string, number][] => {
    const id = columnOf(field);
    return id && isWidth(width) ? [[id, width]] : [];
  });
  return formatWidths(new Map(widths));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}

const AGGREGATE = /\.(max|min|mean|last)$/;

/** A column as an address holds it, of a field as the terminal writes it. */
function columnOf(field: string): string | null {
  if (!field) return null;
  const plain = field.replace(/"((?:\\.|[^"\\])*)"/g, (_, inner: string) => inner.replace(/\\(.)/g, "$1"));
  if (parseColumn(plain)) return plain;
  const aggregate = AGGREGATE.exec(plain)?.[1] as "max" | "min" | "mean" | "last" | undefined;
  return plain.includes(".") ? metricColumn(aggregate ? plain.replace(AGGREGATE, "") : plain, aggregate) : null;
}

const SORT_KEY = /(?:"(?:\\.|[^"\\])*"|[^",])+/g;
/** What a list has of a metric beside the values that a column shows. */
const NO_COLUMN = /\.(count|last_step|min_step|max_step|nan_since)$/;

/** The columns that show what a list is sorted by, as an address holds them; what has no column is left out. */
export function sortColumns(sort: string): string[] {
  const fields = (sort.match(SORT_KEY) ?? []).map((key) => key.trim().replace(/^[-+]/, ""));
  return fields.flatMap((field) => (isOtherField(field) || NO_COLUMN.test(field) ? [] : (columnOf(field) ?? [])));
}
