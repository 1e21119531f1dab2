/**
 * What changes on the server, as it happens.
 *
 * Promises: `onChange` is called soon after a trial or a listing changed, by server-sent events where they come
 * through, and at least every few seconds by asking where they do not (`poll`).
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
  trials?: string[];
  onTrial?: (event: TrialEvent) => void;
  onFolder?: (id: string) => void;
  /** Called every `POLL_MS` while no events come through. */
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

  const startPolling = () => {
    polling ??= setInterval(() => {
      if (!document.hidden) watching.poll?.();
    }, POLL_MS);
  };
  const stopPolling = () => {
    clearInterval(polling);
    polling = undefined;
  };
  const open = () => {
    const query = { folder_id: watching.folderId, trials: watching.trials?.join(",") };
    source = new EventSource(addressOf("events", query));
    source.onopen = stopPolling;
    source.onerror = () => {
      startPolling();
      if (source?.readyState === EventSource.CLOSED) retrying = setTimeout(open, RETRY_MS);
    };
    source.addEventListener("trial", (event) => watching.onTrial?.(JSON.parse(event.data)));
    source.addEventListener("folder", (event) => watching.onFolder?.(JSON.parse(event.data).id));
  };
  if ((watching.trials?.length ?? 0) > MAX_NAMED) startPolling();
  else open();
  return () => {
    source?.close();
    stopPolling();
    clearTimeout(retrying);
  };
}
