/** Bytes of files, as far as somebody wants to look at them. */

import { ask } from "./client";

/** The first bytes at an address of ours, at most `most`; none of a file that has none. */
export async function readBytes(address: string, most: number, signal?: AbortSignal): Promise<Uint8Array> {
  if (most <= 0) return new Uint8Array();
  const answer = await ask(address, { headers: { Range: `bytes=0-${most - 1}` }, signal });
  return new Uint8Array(await answer.arrayBuffer()).subarray(0, most);
}
