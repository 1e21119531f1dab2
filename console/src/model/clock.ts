/**
 * The time as the server has it: how long a trial has run is told from a time of the server's, and the clock of the
 * browser's machine may be wrong.
 */

const TOLERATED_S = 5; // the server tells whole seconds, and an answer takes its time

let offsetS = 0;

/** Take the time from the `Date` of an answer that comes from no cache. */
export function learnTime(headers: Headers, readS = Date.now() / 1000): void {
  if (!headers.get("Cache-Control")?.includes("no-store")) return;
  const differenceS = Date.parse(headers.get("Date") ?? "") / 1000 - readS;
  if (Number.isFinite(differenceS)) offsetS = Math.abs(differenceS) > TOLERATED_S ? differenceS : 0;
}

/** Return the time of the server, in seconds since 1970. */
export function timeS(): number {
  return Date.now() / 1000 + offsetS;
}
