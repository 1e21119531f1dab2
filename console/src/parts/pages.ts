/** A list that comes page by page: the first when it is shown, the next on request. */

import { useEffect, useState } from "preact/hooks";
import { type Loaded, useLoaded } from "./load";
import { notifyError } from "./toasts";

interface Pages<P, R> {
  /** The first page: what went wrong with it, and loading it again. */
  first: Loaded<P>;
  /** The rows of all pages that are here. */
  rows: R[];
  /** Loads the next page; null at the end of the list. */
  more: (() => void) | null;
}

/** @param key What the list is of; another key begins from its first page. */
export function usePages<P extends { next: string | null }, R>(
  key: string,
  load: (cursor: string | null, signal?: AbortSignal) => Promise<P>,
  rowsOf: (page: P) => R[],
): Pages<P, R> {
  const first = useLoaded(key, (signal) => load(null, signal));
  const [others, setOthers] = useState<P[]>([]);
  useEffect(() => setOthers([]), [first.data]);
  const pages = first.data ? [first.data, ...others] : [];
  const next = pages.at(-1)?.next ?? null;
  const more = () =>
    void load(next).then(
      (page) => setOthers((old) => (pages.length === old.length + 1 ? [...old, page] : old)),
      notifyError,
    );
  return { first, rows: pages.flatMap(rowsOf), more: next ? more : null };
}
