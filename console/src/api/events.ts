/**
 * What changes on the server, as it happens.
 *
 * Promises: `onTrial` and `onFolder` are called soon after a trial or a listing changed, by server-sent events where they
 * come through; where they do not, `poll` is called every few seconds. A page that nobody sees holds no connection: a
 * browser has few for one host, and many tabs would take them all. Only what `isHiddenToo` goes on, in one tab of all.
 */

import { addressOf } from "./client";

export interface TrialEvent {
  id: string;
  state: string | null;
  updated: string | null;
  records: number | null;
}

export interface Watching {
  folderId?: string;
  /** With all that lies in folders below that one. */
  below?: boolean;
  trials?: string[];
  onTrial?: (event: TrialEvent) => void;
  onFolder?: (id: string) => void;
  /** Whether it goes on while nobody sees the page. */
  isHiddenToo?: boolean;
  /** Called every `POLL_MS` while no events come through, and when they come again. */
  poll?: () => void;
}

const POLL_MS = 4000;
const RETRY_MS = 30_000;
/** More than this many in one address is more than proxies take; the page then asks by time. */
const MAX_NAMED = 100;

/** Watch until the returned function is called. */
export function watch(watching: Watching): () => void {
  let source: EventSource | null = null;
  let polling: ReturnType<typeof setInterval> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let wasAway = false;

  const startPolling = () => {
    polling ??= setInterval(() => watching.poll?.(), POLL_MS);
  };
  const stopPolling = () => {
    clearInterval(polling);
    polling = undefined;
  };
  const open = () => {
    const query = {
      folder_id: watching.folderId,
      below: watching.below ? 1 : undefined,
      trials: watching.trials?.join(","),
    };
    source = new EventSource(addressOf("events", query));
    source.onopen = () => {
      stopPolling();
      if (wasAway) watching.poll?.(); // what changed meanwhile was told to nobody
      wasAway = false;
    };
    source.onerror = () => {
      wasAway = true;
      startPolling();
      if (source?.readyState === EventSource.CLOSED) retrying = setTimeout(open, RETRY_MS);
    };
    source.addEventListener("trial", (event) => watching.onTrial?.(JSON.parse(event.data)));
    source.addEventListener("folder", (event) => watching.onFolder?.(JSON.parse(event.data).id));
  };
  const start = () => {
    if ((watching.trials?.length ?? 0) > MAX_NAMED) startPolling();
    else open();
  };
  const stop = () => {
    source?.close();
    source = null;
    stopPolling();
    clearTimeout(retrying);
  };
  const seen = () => {
    stop();
    if (document.hidden) return;
    start();
    watching.poll?.();
  };
  if (watching.isHiddenToo) {
    start();
    return stop;
  }
  if (!document.hidden) start();
  document.addEventListener("visibilitychange", seen);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    stop();
  };
}
