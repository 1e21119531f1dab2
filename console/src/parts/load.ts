/** Loading in components: what is here, what went wrong, and again. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, isGone } from "../api/client";
import { oneAtATime } from "../model/turns";
import { language } from "../words";

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
  set: (data: T) => void;
}

/**
 * Load when `key` changes, and when the page speaks another language, as the server then does; data of the same `key`
 * stays while it is loaded again, and when that fails, unless the server says that it is gone or no longer for us. What
 * is asked for again while it loads is loaded once more after that.
 */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data: T | undefined; error: unknown }>({
    key,
    data: undefined,
    error: null,
  });
  const loader = useRef(load);
  loader.current = load;
  const again = useRef(() => {});
  useEffect(() => {
    const stop = new AbortController();
    again.current = oneAtATime(stop.signal, () =>
      loader.current(stop.signal).then(
        (data) => {
          if (!stop.signal.aborted) setState({ key, data, error: null });
        },
        (error) => {
          if (!stop.signal.aborted && !isAbort(error))
            setState((old) => ({ key, data: old.key === key && !isGone(error) ? old.data : undefined, error }));
        },
      ),
    );
    again.current();
    return () => stop.abort();
  }, [key, language.value]);
  const reload = useCallback(() => again.current(), []);
  const set = useCallback((data: T) => setState({ key, data, error: null }), [key]);
  const here = state.key === key;
  return {
    data: here ? state.data : undefined,
    error: here ? state.error : null,
    loading: !here || (!state.data && !state.error),
    reload,
    set,
  };
}

/** Call at most once in `waitMs`, the last call not lost. */
export function throttle(action: () => void, waitMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  return () => {
    if (timer !== undefined) return;
    const wait = Math.max(0, last + waitMs - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      action();
    }, wait);
  };
}

/** Give a field the focus when it appears; the attribute does so only once in the life of a page. */
export function focusNow(element: HTMLElement | null): void {
  element?.focus();
}
