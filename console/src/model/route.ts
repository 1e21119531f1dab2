/** Addresses of the console: the whole view lies behind the `#`, so that a copied address shows the same. */

export interface Route {
  page: string;
  id: string;
  query: URLSearchParams;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, "");
  const cut = text.indexOf("?");
  const [, page = "", id = ""] = (cut < 0 ? text : text.slice(0, cut)).split("/").map(decoded);
  return { page, id, query: new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1)) };
}

export type Changes = Record<string, string | null>;

/** The address of a page. Commas and the like stay readable. */
export function formatRoute(page: string, id: string, query: URLSearchParams | Changes = {}): string {
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const text = pairs
    .filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== "")
    .map(
      ([name, value]) =>
        `${encodeURIComponent(name)}=${encodeURIComponent(value).replace(/%(2C|2F|3A|40)/g, decodeURIComponent)}`,
    )
    .join("&");
  const path = page ? (id ? `#/${page}/${encodeURIComponent(id)}/` : `#/${page}`) : "#/";
  return text ? `${path}?${text}` : path;
}

export function changed(route: Route, changes: Changes): string {
  const query = new URLSearchParams(route.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  return formatRoute(route.page, route.id, query);
}

/** Names in one parameter of an address: commas between them, a backslash before a comma that belongs to a name. */
export function joinNames(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",");
}

export function splitNames(text: string | null): string[] {
  if (!text) return [];
  return (text.match(/(?:\\.|[^\\,])+/g) ?? []).map((name) => name.replace(/\\(.)/g, "$1"));
}

/** A range as `from,to`; null for what is none. */
export function parseRange(text: string | null): [number, number] | null {
  const [from, to, more] = (text ?? "").split(",").map(Number);
  if (from === undefined || to === undefined || more !== undefined) return null;
  return text && Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
}
